"""What may lie where a file of the ledger's should be: nothing of it is followed, waited for or believed."""

import os
import shlex
import socket
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from smsctl.errors import ExitCode, LedgerError
from smsctl.ledger import keyfile, lock
from smsctl.ledger.high_water import HighWater
from smsctl.ledger.seam import beside
from smsctl.ledger.store import Ledger, open_ledger

from ..two_users import common_ground, needs_root, run_program_as

pytestmark = pytest.mark.skipif(os.name != "posix", reason="links, pipes and devices are those of POSIX")


def _link(path: Path) -> None:
    path.symlink_to(path.with_name("elsewhere"))
    path.with_name("elsewhere").write_bytes(bytes(32))


def _link_to_nothing(path: Path) -> None:
    path.symlink_to(path.with_name("nowhere"))


def _link_to_what_never_ends(path: Path) -> None:
    path.symlink_to("/dev/zero")


def _socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(str(path))


HOSTILE: list[Callable[[Path], None]] = [
    _link, _link_to_nothing, _link_to_what_never_ends, _socket, Path.mkdir, os.mkfifo,
]  # fmt: skip


def _use_the_key(ledger: Ledger) -> None:
    with ledger.transaction():
        keyfile.find_or_make(ledger)


def _use_the_mark(ledger: Ledger) -> None:
    HighWater(ledger.path).read()


def _write_the_mark(ledger: Ledger) -> None:
    HighWater(ledger.path).must_take_marks()


def _lock(ledger: Ledger) -> None:
    with lock.right_to_send(ledger, "one"):
        pass


def _open(ledger: Ledger) -> None:
    open_ledger(ledger.path).close()


USES: list[tuple[str, Callable[[Ledger], None]]] = [
    ("ledger.db.key", _use_the_key),
    ("ledger.db.high-water", _use_the_mark),
    ("ledger.db.high-water", _write_the_mark),
    ("ledger.db.locks/one", _lock),
    ("ledger.db-journal", _open),
    ("ledger.db-wal", _open),
]


@pytest.mark.of_a_file
@pytest.mark.parametrize("hostile", HOSTILE, ids=lambda one: one.__name__.strip("_"))
@pytest.mark.parametrize(("name", "use"), USES, ids=lambda one: getattr(one, "__name__", one))
def test_what_is_no_plain_file_is_refused_at_once(
    name: str, use: Callable[[Ledger], None], hostile: Callable[[Path], None], ledger: Ledger
) -> None:
    _use_the_key(ledger)
    path = ledger.path.parent / name
    path.parent.mkdir(exist_ok=True)
    path.unlink(missing_ok=True)
    hostile(path)
    with pytest.raises(LedgerError, match="plain file") as caught:
        use(ledger)
    assert str(path) in str(caught.value)
    assert caught.value.hint
    assert caught.value.exit_code is ExitCode.LEDGER


@pytest.mark.of_a_file
def test_a_folder_of_locks_that_is_a_link_is_not_followed(ledger: Ledger, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "ledger.db.locks").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(LedgerError, match="plain file"):
        _lock(ledger)
    assert not list((tmp_path / "elsewhere").iterdir())


@pytest.mark.of_a_file
def test_a_second_name_of_somebodys_file_is_never_written(ledger: Ledger, tmp_path: Path) -> None:
    precious = tmp_path / "precious"
    precious.write_text("of somebody else")
    (tmp_path / "ledger.db.locks").mkdir()
    for name in ("ledger.db.high-water", "ledger.db.locks/one"):
        (tmp_path / name).hardlink_to(precious)
    for use in (_write_the_mark, _lock):
        with pytest.raises(LedgerError, match="plain file"):
            use(ledger)
    assert precious.read_text() == "of somebody else"


def test_what_is_much_too_long_is_not_read_to_its_end(ledger: Ledger) -> None:
    _use_the_key(ledger)
    for name, use in (("ledger.db.key", _use_the_key), ("ledger.db.high-water", _use_the_mark)):
        with ledger.path.with_name(name).open("wb") as file:
            file.truncate(1 << 40)  # all holes: it takes no room, and reading it all would never end
        with pytest.raises(LedgerError, match="damaged"):
            use(ledger)


def test_what_others_can_read_is_found_and_stops_nothing(ledger: Ledger) -> None:
    _use_the_key(ledger)
    keyfile.path_of(ledger.path).chmod(0o604)
    assert list(beside.open_to_others(ledger.path)) == [keyfile.path_of(ledger.path)]
    _use_the_key(ledger)


@needs_root
def test_what_root_left_beside_the_ledger_of_somebody_else_is_found(ledger: Ledger) -> None:
    assert not list(beside.left_by_root(ledger.path))  # root's own folder
    os.chown(ledger.path.parent, 54_321, -1)
    os.chown(ledger.path, 54_321, -1)
    _use_the_mark(ledger)
    keyfile.path_of(ledger.path).touch()
    left = set(beside.left_by_root(ledger.path))  # the journal, which the ledger here has open, among them
    assert keyfile.path_of(ledger.path) in left
    assert ledger.path not in left


@needs_root
def test_nor_is_one_in_a_folder_that_nobody_shares(ledger: Ledger) -> None:
    _use_the_key(ledger)
    os.chown(keyfile.path_of(ledger.path), 54_321, -1)
    with pytest.raises(LedgerError, match="nothing to do with the ledger"):
        _use_the_key(ledger)
    ledger.path.parent.chmod(0o770)  # who shares the folder shares the ledger
    _use_the_key(ledger)


@needs_root
def test_no_page_is_written_to_a_journal_that_a_stranger_put_there() -> None:
    with common_ground() as ground:
        ground.chmod(0o1777)
        planted = ground / "ledger.db-journal"
        assert run_program_as(54_321, "sh", "-c", f"umask 0; touch {shlex.quote(str(planted))}").code == 0
        with pytest.raises(LedgerError, match="nothing to do with the ledger"):
            open_ledger(ground / "ledger.db")
        assert planted.stat().st_size == 0


@needs_root
def test_a_file_that_a_stranger_put_there_is_not_used() -> None:
    """In a folder such as /tmp everybody can put a file, and nobody else can take it away."""
    with common_ground() as ground:
        ground.chmod(0o1777)
        with closing(open_ledger(ground / "ledger.db")) as ledger:
            planted = shlex.quote(str(keyfile.path_of(ledger.path)))
            ran = run_program_as(54_321, "sh", "-c", f"head -c 32 /dev/zero > {planted}")
            assert ran.code == 0
            with ledger.transaction():
                ledger.write("INSERT INTO facts VALUES ('key-check', 'a hash')")
            with pytest.raises(LedgerError, match="nothing to do with the ledger"):
                keyfile.find(ledger)
