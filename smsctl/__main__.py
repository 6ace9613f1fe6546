"""`python -m smsctl`, and the console script: the version is answered before anything is loaded."""

import gc
import sys
from contextlib import suppress


def main() -> int:
    """Run smsctl with the process's own arguments and return its exit code."""
    if sys.argv[1:] == ["--version"] and sys.stdout:
        from smsctl import __version__

        with suppress(OSError):  # what cannot be written is told below
            print(f"smsctl {__version__}", flush=True)
            return 0
    import signal

    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        # Until a command is there to be asked, Ctrl-C ends the process as SIGTERM does: without a traceback.
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    # A fifth of a short command's time would go to garbage collection, in vain: nearly all that is made while
    # it starts lives until the end. So collect seldom, and leave out the collection at exit (gc.freeze).
    gc.set_threshold(100_000)
    from smsctl.cli.app import main as run
    from smsctl.host import process

    code = run(sys.argv[1:])
    process.end_undisturbed()
    gc.freeze()
    return code


if __name__ == "__main__":
    sys.exit(main())
