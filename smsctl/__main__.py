"""`python -m smsctl`, and the console script: the version is answered before anything is loaded."""

import gc
import sys


def main() -> int:
    """Run smsctl with the process's own arguments and return its exit code."""
    if sys.argv[1:] == ["--version"]:
        from smsctl import __version__

        print(f"smsctl {__version__}")
        return 0
    # A start makes much and throws nothing away: to look for rubbish all the same, as Python does while it
    # loads and once more at the end, is a fifth of the time of a short command.
    gc.set_threshold(100_000)
    from smsctl.cli.app import main as run

    code = run(sys.argv[1:])
    gc.freeze()
    return code


if __name__ == "__main__":
    sys.exit(main())
