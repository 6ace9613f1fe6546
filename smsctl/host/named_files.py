"""Files that root named before becoming a ledger's owner, who may not be able to open them.

So they are opened first, and kept here, since a process has one user.
"""

import os
import sys
from contextlib import suppress
from pathlib import Path

_kept: dict[str, int] = {}
_made: dict[str, int | OSError] = {}


def keep(path: Path) -> None:
    """Open a file that was named, as the user who named it; on Windows nobody becomes another user."""
    if sys.platform == "win32":
        return
    with suppress(OSError, ValueError):  # whoever opens it later says so
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY)
        os.set_blocking(handle, True)
        for name in (str(path), str(path.absolute()), os.path.realpath(path)):
            _kept[name] = handle


def kept(path: Path) -> int | None:
    """Return another handle of a file that was kept; its position is shared with every other one."""
    return os.dup(_kept[str(path)]) if str(path) in _kept else None


def make_ahead(path: Path) -> None:
    """Make a file that is to be written, as the user who named it; what is wrong is said by `create`."""
    try:
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


def forget_unwritten() -> list[Path]:
    """Close what was made ahead and never written; return those that could not be removed again."""
    left = []
    for name, made in _made.items():
        if isinstance(made, int):
            os.close(made)
            try:
                Path(name).unlink()
            except OSError:
                left.append(Path(name))
    _made.clear()
    return left


def _create(path: Path) -> int:
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
