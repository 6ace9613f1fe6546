"""A standard stream that may fail: its reader goes away, its disk is full, nobody ever opened it.

What cannot be written stops nothing: a run that has sent must still tell the ledger, the site and its caller.
"""

import codecs
import errno
import io
import os
from collections.abc import Callable
from contextlib import suppress
from typing import TextIO


class Stream:
    """A standard stream that is left alone for good once it cannot be written; `lost` tells why."""

    def __init__(self, stream: TextIO) -> None:
        """Nothing has failed yet."""
        self._stream = _buffered(stream)
        self.encoding = stream.encoding or "utf-8"
        self.lost: OSError | None = None

    def isatty(self) -> bool:
        """Say whether a terminal is written to."""
        return not self._stream.closed and self._stream.isatty()

    def fileno(self) -> int:
        """Return the number that the operating system knows it by."""
        return self._stream.fileno()

    def write(self, text: str) -> int:
        """Write; a stream that is not UTF-8 gets what stands for it of what it cannot hold."""
        self._attempt(lambda: self._stream.write(text.encode(self.encoding, _NAME).decode(self.encoding)))
        return len(text)

    def flush(self) -> None:
        """Hand over what was written; that nobody takes it is noticed here."""
        self._attempt(self._stream.flush)

    def _attempt(self, act: Callable[[], object]) -> None:
        if self.lost:
            return
        try:
            if self._stream.closed:
                raise OSError(errno.EBADF, os.strerror(errno.EBADF))  # noqa: TRY301 - as the system says it
            act()
        except OSError as error:
            self.lost = error
            # Or the interpreter fails with what is left, when it flushes at its end.
            with suppress(OSError, ValueError), open(os.devnull, "wb") as nowhere:  # noqa: PTH123 - no file
                os.dup2(nowhere.fileno(), self._stream.fileno())


def _buffered(stream: TextIO) -> TextIO:
    """Return a stream that writes all of what it is given, or fails.

    With PYTHONUNBUFFERED Python's own forgets, without a word, what the system did not take at once: the rest
    of a list, where the disk is full or its reader goes away halfway.
    """
    if stream.closed or not isinstance(getattr(stream, "buffer", None), io.RawIOBase):
        return stream
    number, encoding, errors = stream.fileno(), stream.encoding, stream.errors
    return open(number, "w", buffering=1, encoding=encoding, errors=errors, closefd=False)


def _stand_in(error: UnicodeError) -> tuple[str, int]:
    """Return a sign for each that the encoding lacks: what looks like a drawn one, else a question mark."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    lacking = error.object[error.start : error.end]
    return "".join(_LIKE.get(sign, "?") for sign in lacking), error.end


_NAME = "smsctl.stand_in"
_LIKE = {
    "│": "|",
    "█": "#",
    "░": ".",
    "─": "-",
    "━": "=",
    "╸": "=",
    "╺": "-",
    "…": "~",
    "\u2013": "-",
    "\u2019": "'",
    "”": '"',
}
codecs.register_error(_NAME, _stand_in)
