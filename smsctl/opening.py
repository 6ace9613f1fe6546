"""Files that were named to us, opened for reading: what is wrong with one is told, also halfway through.

Where root has stepped aside for a ledger's owner, a file that root named is read by the handle kept of it.
"""

import io
import os
import stat
from pathlib import Path
from typing import Any, BinaryIO

from smsctl.errors import InputError, say
from smsctl.host import disk, named_files

_PIECE_BYTES = 1 << 20


def open_file(path: Path) -> BinaryIO:
    """Open a file for reading; InputError says why it cannot be, also where a read of it fails later."""
    try:
        if path.is_dir():
            raise InputError(say("{path} is a folder, not a file.", path=path))
        file = io.BufferedReader(_NamedFile(path), _PIECE_BYTES)
    except FileNotFoundError:
        raise InputError(say("{path} does not exist.", path=path)) from None
    except PermissionError:
        handle = named_files.kept(path)
        if handle is not None:
            return io.BufferedReader(_NamedFile(path, handle), _PIECE_BYTES)
        raise InputError(say("{path} cannot be read: this user may not open it.", path=path)) from None
    except OSError as error:
        raise _unreadable(path, error) from None
    except ValueError:  # a NUL in the path
        raise InputError(say("{path} is not a path.", path=repr(str(path)))) from None
    if _is_endless(file):
        file.close()
        raise InputError(say("{path} is not an ordinary file.", path=path))
    return file


def _is_endless(file: BinaryIO) -> bool:
    """Say whether this is a device that gives bytes for ever, or a whole disk; a terminal has an end."""
    status = os.fstat(file.fileno())
    if stat.S_ISCHR(status.st_mode):
        return not os.isatty(file.fileno()) and not os.path.samestat(status, Path(os.devnull).stat())
    return stat.S_ISBLK(status.st_mode)


def read_whole(path: Path, most_mb: int) -> bytes:
    """Return what a file holds; InputError as `open_file`, and where it is larger than that."""
    with open_file(path) as file:
        data = file.read((most_mb << 20) + 1)
    if len(data) > most_mb << 20:
        raise _too_large(path, most_mb)
    return data


def refuse_larger(path: Path, most_mb: int) -> None:
    """Raise InputError as `read_whole`, for a file that is then read in pieces."""
    with open_file(path) as file:
        if os.fstat(file.fileno()).st_size > most_mb << 20:
            raise _too_large(path, most_mb)


def _too_large(path: Path, most_mb: int) -> InputError:
    return InputError(
        say("{path} is larger than {n} MB, the most that is read at a time.", path=path, n=most_mb),
        hint=say("Split it into several files."),
    )


class _NamedFile(io.RawIOBase):
    """A file that was named to us; a handle that was kept from earlier has a position of its own here."""

    def __init__(self, path: Path, kept: int | None = None) -> None:
        self._path = path
        self._file = io.FileIO(path if kept is None else kept, "rb")
        self._at = 0 if kept is not None and self._file.seekable() else None

    def readinto(self, buffer: Any) -> int | None:  # noqa: ANN401 - as the interpreter declares it
        try:
            if self._at is None:
                return self._file.readinto(buffer)
            count = disk.read_at(self._file.fileno(), buffer, self._at)
        except OSError as error:
            raise _unreadable(self._path, error) from None
        self._at += count
        return count

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        if self._at is None:
            return self._file.seek(offset, whence)
        from_where = (0, self._at, os.fstat(self._file.fileno()).st_size)[whence]
        self._at = from_where + offset
        return self._at

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return self._file.seekable()

    def fileno(self) -> int:
        return self._file.fileno()

    def close(self) -> None:
        self._file.close()
        super().close()


def _unreadable(path: Path, error: OSError) -> InputError:
    return InputError(say("{path} cannot be read: {reason}.", path=path, reason=error.strerror or str(error)))
