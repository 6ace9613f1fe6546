"""`python -m smsctl`, and the console script: the version is answered before anything is loaded."""

import sys


def main() -> int:
    """Run smsctl with the process's own arguments and return its exit code."""
    if sys.argv[1:] == ["--version"]:
        from smsctl import __version__

        print(f"smsctl {__version__}")
        return 0
    from smsctl.cli.app import main as run

    return run(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
