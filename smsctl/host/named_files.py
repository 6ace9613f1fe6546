"""Files that root named before becoming a ledger's owner, who may not be able to open them.

So they are opened first, and kept here, since a process has one user.
"""

import os
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from smsctl.host import disk

_kept: dict[str, int] = {}
_made: dict[str, int | OSError] = {}
_replaced: set[str] = set()


def keep(path: Path) -> None:
    """Open a file that was named, as the user who named it; on Windows nobody becomes another user."""
    if sys.platform == "win32":
        return
    with suppress(OSError, ValueError):  # whoever opens it later says so
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY)
        os.set_blocking(handle, True)
        _kept.update(dict.fromkeys(_names(path), handle))


def kept(path: Path) -> int | None:
    """Return another handle of a file that was kept; its position is shared with every other one."""
    with suppress(OSError, ValueError):  # a folder that is gone; a NUL
        for name in _names(path):
            if name in _kept:
                return os.dup(_kept[name])
    return None


def _names(path: Path) -> Iterator[str]:
    """Yield the names that a file may be asked for by: one that root typed may be relative, or a link."""
    yield str(path)
    yield str(path.absolute())
    yield os.path.realpath(path)


def make_ahead(path: Path, *, replace: bool = False) -> None:
    """Make a file that is to be written, as the user who named it; what is wrong is said by `create`.

    With `replace` an earlier one is opened in its place.
    """
    try:
        if replace and path.is_file() and not path.is_symlink():
            handle = os.open(path, os.O_WRONLY | disk.CAREFULLY)
            if sys.platform != "win32":
                os.fchmod(handle, 0o600)
            _made[str(path)] = handle
            _replaced.add(str(path))
        else:
            _made[str(path)] = _create(path)
    except OSError as error:
        _made[str(path)] = error


def is_made_ahead(path: Path) -> bool:
    """Say whether a file was made, or tried to be made, before this process became another user."""
    return str(path) in _made


def create(path: Path) -> int:
    """Return the handle of a new file, mode 0600. Raises OSError, also where there is one already."""
    made = _made.pop(str(path), None)
    if isinstance(made, OSError):
        raise made
    return _create(path) if made is None else made


def write(path: Path, data: bytes, *, replace: bool = False) -> None:
    """Write a new file, mode 0600, or with `replace` in place of an earlier one. Raises OSError.

    All at once, as `disk.write_whole`; but through its handle where the file was made ahead, since this
    process may not write in its folder any more. The room is had before anything is overwritten there.
    """
    if not is_made_ahead(path):
        disk.write_whole(path, data, replace=replace)
        return
    is_earlier = str(path) in _replaced
    with os.fdopen(create(path), "wb") as file:
        _replaced.discard(str(path))
        try:
            disk.have_room(file.fileno(), len(data))
            file.write(data)
            file.truncate()
        except OSError:
            if not is_earlier:
                with suppress(OSError):  # half of it is worse than nothing
                    path.unlink()
            raise


def forget_unwritten() -> list[Path]:
    """Close what was made ahead and never written; return those that could not be removed again."""
    left = []
    for name, made in _made.items():
        if isinstance(made, int):
            os.close(made)
            if name in _replaced:
                continue
            try:
                Path(name).unlink()
            except OSError:
                left.append(Path(name))
    _made.clear()
    _replaced.clear()
    return left


def _create(path: Path) -> int:
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
