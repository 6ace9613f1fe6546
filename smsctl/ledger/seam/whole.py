"""A copy of the ledger under the name of its file: whole and durable, or not there at all."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from smsctl.host import disk

_HEAD_BYTES = 100


@contextmanager
def written(target: Path, is_a_copy: Callable[[bytes], bool]) -> Iterator[Path]:
    """Make an empty file, mode 0600, to be filled in the block; it gets its name when it is.

    `is_a_copy` knows one of ours by its first bytes: what a process that was killed has left goes. Raises
    OSError where it cannot be made.
    """
    unfinished = target.with_name(f"{target.name}.unfinished")
    _take_away_unfinished(target.parent, is_a_copy)
    unfinished.unlink(missing_ok=True)
    os.close(os.open(unfinished, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    try:
        with _held(unfinished):
            yield unfinished
        _flush(unfinished)
        unfinished.replace(target)
        disk.make_names_durable(target.parent)
    finally:
        unfinished.unlink(missing_ok=True)


def _take_away_unfinished(folder: Path, is_a_copy: Callable[[bytes], bool]) -> None:
    """Remove what copies that were killed have left: numbers and names where nobody looks for them."""
    for path in folder.glob("*.unfinished"):
        with suppress(OSError):
            handle = os.open(path, os.O_RDONLY | disk.CAREFULLY)
            try:
                if is_a_copy(os.read(handle, _HEAD_BYTES)) and disk.lock(handle):
                    path.unlink()
            finally:
                os.close(handle)


@contextmanager
def _held(path: Path) -> Iterator[None]:
    """Let others see that a copy is being made, until this process ends."""
    handle = os.open(path, os.O_RDONLY)
    try:
        disk.lock(handle)
        yield
    finally:
        os.close(handle)


def _flush(path: Path) -> None:
    handle = os.open(path, os.O_RDWR)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
