"""The process: its standard streams and what is typed there, its folder, and what asks it to end."""

import os
import select
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import FileIO
from typing import Final, TextIO

_A_MOMENT_S = 0.1


def more_is_typed() -> bool:
    """Say whether a line waits to be read; nobody types one in so short a time, but pasting does.

    Windows cannot tell of a console: there nothing waits.
    """
    try:
        return bool(select.select([sys.stdin], [], [], _A_MOMENT_S)[0])
    except (OSError, ValueError):
        return False


def read_standard_input(most: int) -> bytes:
    """Return what stands on standard input until its end, so many bytes at most; OSError: it cannot be read.

    Whoever started the process may have set it so that a read ends with what is there just now: that would
    be the first half of what is still being written.
    """
    with _waited_for(sys.stdin):
        return sys.stdin.buffer.read(most)


@contextmanager
def _waited_for(stream: TextIO) -> Iterator[None]:
    number = stream.fileno() if isinstance(getattr(stream.buffer, "raw", None), FileIO) else None
    if sys.platform == "win32" or number is None or os.get_blocking(number):
        yield
        return
    os.set_blocking(number, True)
    try:
        yield
    finally:
        os.set_blocking(number, False)  # others may share it


IS_WINDOWS: Final = sys.platform == "win32"

_SIGNALS = ("SIGINT", "SIGTERM", "SIGHUP")  # Windows knows no SIGHUP
_ASK_TO_END = [signal.Signals[name] for name in _SIGNALS if hasattr(signal, name)]


def open_closed_streams() -> None:
    """Give the process the standard streams that it was started without.

    Else the next file that it opens, the ledger perhaps, would have the number of one of them, and get what
    is meant for a screen. Reading finds nothing; writing fails, as it does where a stream is closed.
    """
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            number = os.open(os.devnull, os.O_RDONLY)  # the lowest that is free: the stream's own
            setattr(sys, name, os.fdopen(number, mode, encoding="utf-8", closefd=False))


def has_a_folder() -> bool:
    """Say whether the folder that the process stands in is still there."""
    try:
        return bool(os.getcwd())  # noqa: PTH109 - no path is made of it
    except FileNotFoundError:
        return False


def end_undisturbed() -> None:
    """Let nothing that asks the process to end change its exit code: it has one, and is about to leave."""
    for number in _ASK_TO_END:
        signal.signal(number, signal.SIG_IGN)


@contextmanager
def stopped_by_signals(stop: Callable[[str], object]) -> Iterator[None]:
    """Let what asks a process to end (Ctrl-C, SIGTERM, a terminal that hangs up) call `stop` with its name.

    What was ignored at the start stays ignored: nohup and `&` mean it. Whoever has hung up hangs up once: the
    shell, the session and the kernel may all say so, until the process ends.
    """
    heard: set[int] = set()

    def hear(number: int, _frame: object) -> None:
        heard.add(number)
        stop(signal.Signals(number).name)

    can_hear = threading.current_thread() is threading.main_thread()
    heeded = [one for one in _ASK_TO_END if can_hear and signal.getsignal(one) is not signal.SIG_IGN]
    earlier = {number: signal.signal(number, hear) for number in heeded}
    try:
        yield
    finally:
        for number, handler in earlier.items():
            has_hung_up = number in heard and number.name == "SIGHUP"
            signal.signal(number, signal.SIG_IGN if has_hung_up else handler)


@contextmanager
def told_where_lost(lost: Callable[[], object]) -> Iterator[None]:
    """Call `lost` where Python cannot raise a KeyboardInterrupt, as while it tidies up; it would print it."""
    earlier = sys.unraisablehook

    def hook(unraised: "sys.UnraisableHookArgs") -> None:
        if issubclass(unraised.exc_type, KeyboardInterrupt):
            lost()
        else:
            earlier(unraised)

    sys.unraisablehook = hook
    try:
        yield
    finally:
        sys.unraisablehook = earlier
