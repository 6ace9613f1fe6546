import os
import resource
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from functools import partial
from itertools import count, pairwise
from pathlib import Path
from threading import Timer
from typing import NoReturn

import pytest

from smsctl.actions.send import Result
from smsctl.actions.stop_signal import StopReason
from smsctl.domain.message import Status
from smsctl.errors import ExitCode, LedgerError, Sentence
from smsctl.ledger import mailings, recovery
from smsctl.ledger.high_water import HighWater
from smsctl.ledger.sqlite import engine
from smsctl.ledger.store import ROWS_IN_A_COMMIT, Ledger, open_ledger, read_ledger

from .places import ROOT, on_small_disk, python, why_no_mounts
from .runs import Taker, must_be_true, new_mailing, now, send_all, states


def raw(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(path, isolation_level=None, timeout=30)


@pytest.mark.of_a_file
def test_the_pragmas_that_survive_a_power_cut_are_in_force(ledger: Ledger) -> None:
    for pragma, value in vars(engine)["_IN_FORCE"].items():
        assert ledger.one(f"PRAGMA {pragma}") == (value,)


@pytest.mark.of_a_file
def test_nothing_is_written_outside_a_transaction(ledger: Ledger) -> None:
    with pytest.raises(sqlite3.ProgrammingError):
        ledger.write("DELETE FROM facts")


def test_rows_are_a_table_in_a_statement_whatever_stands_in_them(ledger: Ledger) -> None:
    texts = (
        "",
        "NULL",
        None,
        'a "quoted" one',
        "back\\slash",
        "{1,2}",
        "a,b",
        " å ",
        "%s ?",
        "'",
        "line\nend",
    )
    table, values = ledger.table(("INTEGER", "TEXT"), ([*range(len(texts)), 99], [*texts, "nul\0"]))
    found = ledger.rows(f"SELECT column1, column2 FROM {table} AS told ORDER BY column1", *values)
    assert [text for _, text in found[:-1]] == [*texts]
    assert isinstance(ledger.engine, engine.SqliteEngine) or found[-1] == (99, "nul")


def test_a_table_whose_columns_differ_in_length_is_none(ledger: Ledger) -> None:
    with pytest.raises(ValueError, match=r"size|lengths"):
        ledger.table(("INTEGER", "TEXT"), ([1, 2], ["one"]))
    with pytest.raises(ValueError, match=r"size|shorter|longer"), ledger.transaction():
        ledger.load("facts", {"name": ["a", "b"], "value": ["one"]})


def test_what_is_written_later_is_there_for_the_next_question_and_takes_all_back_where_it_fails(
    ledger: Ledger,
) -> None:
    one = "INSERT INTO facts (name, value) VALUES ('one', ?)"
    with ledger.transaction():
        ledger.write_later(one, "1")
        ledger.write_later("UPDATE facts SET value = ? WHERE name = 'one'", "2")
        assert ledger.one("SELECT value FROM facts WHERE name = 'one'") == ("2",)
        ledger.write_later("UPDATE facts SET value = ? WHERE name = 'one'", "3")
    assert ledger.one("SELECT value FROM facts WHERE name = 'one'") == ("3",)

    def fail() -> None:
        with ledger.transaction():
            ledger.write_later("UPDATE facts SET value = ? WHERE name = 'one'", "4")
            ledger.write_later(one, "4")

    with pytest.raises(LedgerError):
        fail()
    assert ledger.one("SELECT value FROM facts WHERE name = 'one'") == ("3",)
    with suppress(ZeroDivisionError), ledger.transaction():
        ledger.write_later("DELETE FROM facts WHERE name = 'one'")
        _ = 1 / 0
    with ledger.transaction():
        assert ledger.write("UPDATE facts SET value = '5' WHERE name = 'one'") == 1


def test_what_must_follow_a_commit_does_not_follow_a_failure(ledger: Ledger) -> None:
    done: list[str] = []

    def fail() -> NoReturn:
        with ledger.transaction():
            ledger.after_commit("tell", lambda: done.append("failed"))
            ledger.write("INSERT INTO nowhere VALUES (1)")
        raise AssertionError

    with pytest.raises(LedgerError):
        fail()
    with ledger.transaction():
        for n in range(3):
            ledger.after_commit("tell", partial(done.append, f"committed {n}"))
    assert done == ["committed 2"]


# A disk that fails at one commit


class _MendedAfterEachCommit(engine.SqliteEngine):
    def commit(self, *, patient: bool) -> None:
        try:
            super().commit(patient=patient)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))


class Failing(Ledger):
    """A ledger whose disk fails at its k-th commit, in one of the ways disks have."""

    def __init__(self, path: Path, fail_at: int, way: Callable[[Ledger], object]) -> None:
        connection = raw(path)
        for pragma, value in vars(engine)["_IN_FORCE"].items():
            connection.execute(f"PRAGMA {pragma} = {value}").fetchall()
        super().__init__(_MendedAfterEachCommit(connection, path), HighWater(path))
        self._left = fail_at
        self._way = way
        self.failed = False

    @contextmanager
    def transaction(self, *, patient: bool = False) -> Iterator[None]:
        self._left -= 1
        with super().transaction(patient=patient):
            yield
            if self._left == 0:
                self.failed = True
                self._way(self)


def no_file_grows(_ledger: Ledger) -> None:
    """Not even the journal can be written."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))


def the_file_itself_does_not_grow(_ledger: Ledger) -> None:
    """The journal is written; of the ledger's own pages only the first."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, resource.RLIM_INFINITY))


def the_disk_is_full(ledger: Ledger) -> None:
    """SQLite runs out of pages and has rolled back already when it says so."""
    ledger.one("PRAGMA max_page_count = 1")
    ledger.write("INSERT INTO facts (name, value) VALUES ('more', hex(zeroblob(100000)))")


@pytest.mark.parametrize("way", [no_file_grows, the_file_itself_does_not_grow, the_disk_is_full])
def test_a_disk_that_fails_at_any_commit_loses_nothing_and_sends_nothing_twice(
    way: Callable[[Ledger], object], tmp_path: Path
) -> None:
    failures = 0
    for fail_at in count(1):
        path = tmp_path / str(fail_at) / "ledger.db"
        open_ledger(path).close()
        ledger, gateway = Failing(path, fail_at, way), Taker()
        with closing(ledger):
            told = _send(ledger, gateway)
        if not ledger.failed:
            break
        assert told.exit_code is ExitCode.LEDGER
        if isinstance(told, LedgerError):
            assert str(path) in str(told)
            assert told.hint
            assert not gateway.taken
        else:
            assert (told.stop, told.states) == (
                StopReason.DISK,
                Counter({Status.ACCEPTED: len(gateway.taken)}),
            )
            assert told.mend
        failures += 1
        _go_on_and_compare(path, gateway)
    assert failures == 6, "activate, begin, three claims and settles in four commits"


def _send(ledger: Ledger, gateway: Taker) -> LedgerError | Result:
    try:
        return send_all(ledger, new_mailing(ledger, 6), gateway)
    except LedgerError as error:
        return error


def _go_on_and_compare(path: Path, gateway: Taker) -> None:
    with closing(open_ledger(path)) as mended:
        must_be_true(mended, gateway)
        assert not recovery.recover(mended, now()).total()
        for mailing in mailings.newest(mended, most=9):
            send_all(mended, mailing, gateway)
        must_be_true(mended, gateway)
        assert states(mended).keys() <= {"accepted"}


def test_a_full_disk_is_told_in_words(tmp_path: Path) -> None:
    if why := why_no_mounts(tmp_path):
        pytest.skip(why)
    code = (
        "import sys; from pathlib import Path; from smsctl.ledger.store import open_ledger\n"
        "from smsctl.errors import LedgerError\n"
        "try: open_ledger(Path(sys.argv[1]) / 'new' / 'ledger.db')\n"
        "except LedgerError as error: print(error, int(error.exit_code))"
    )
    ran = on_small_disk(tmp_path, python(code, tmp_path), size="100k")
    assert "the disk is full" in ran.stdout, ran.stderr
    assert ran.stdout.endswith(" 9\n")


def test_a_disk_that_became_read_only_is_told_in_words(tmp_path: Path) -> None:
    if why := why_no_mounts(tmp_path):
        pytest.skip(why)
    open_ledger(tmp_path / "made" / "ledger.db").close()
    disk = tmp_path / "disk"
    disk.mkdir()
    code = (
        "import sys; from pathlib import Path; from smsctl.ledger.store import open_ledger, read_ledger\n"
        "from smsctl.errors import LedgerError\n"
        "path = Path(sys.argv[1]) / 'ledger.db'\n"
        "print(read_ledger(path).rows('SELECT * FROM mailings'))\n"
        "try:\n"
        "    ledger = open_ledger(path)\n"
        "    with ledger.transaction(): ledger.write('DELETE FROM facts')\n"
        "except LedgerError as error: print(error, int(error.exit_code))"
    )
    before = f'cp {tmp_path}/made/ledger.db "$0" && mount -o remount,ro "$0"'
    ran = on_small_disk(disk, python(code, disk), size="1m", before=before)
    told = f"{disk}/ledger.db: the ledger cannot be written (attempt to write a readonly database). 9"
    assert ran.stdout.splitlines() == ["[]", told], ran.stderr


# Somebody else holds it


HOLD = (
    "import sqlite3, sys, time\n"
    "held = sqlite3.connect(sys.argv[1], isolation_level=None)\n"
    "held.execute(sys.argv[2])\n"
    "held.execute('SELECT COUNT(*) FROM mailings').fetchall()\n"
    "print('held', flush=True)\n"
    "sys.stdin.readline()\n"
)


@contextmanager
def held(path: Path, how: str) -> Iterator[Callable[[], object]]:
    """Let another process hold the ledger until it is told to let go."""
    with subprocess.Popen(
        python(HOLD, path, how), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout
        assert other.stdout.readline() == "held\n"
        yield partial(other.communicate)


@pytest.mark.of_a_file
def test_a_ledger_that_is_held_is_told_of(ledger: Ledger) -> None:
    with held(ledger.path, "BEGIN EXCLUSIVE"):
        for attempt in (open_ledger, read_ledger):
            with pytest.raises(LedgerError, match="busy; another program holds it") as caught:
                attempt(ledger.path, busy_timeout_s=0.05)
            assert caught.value.exit_code is ExitCode.LEDGER


@pytest.mark.of_a_file
@pytest.mark.parametrize("patient", [False, True])
def test_whoever_holds_the_ledger_for_a_moment_is_waited_for(ledger: Ledger, *, patient: bool) -> None:
    with held(ledger.path, "BEGIN EXCLUSIVE") as let_go:
        timer = Timer(0.2, let_go)
        timer.start()
        try:
            with ledger.transaction(patient=patient):
                ledger.write("INSERT INTO facts (name, value) VALUES ('waited', 'yes')")
        finally:
            timer.join()
    assert ledger.fact("waited") == "yes"


def test_a_claim_gives_up_where_somebody_else_writes(ledger: Ledger) -> None:
    mailing, gateway = new_mailing(ledger, 2), Taker()
    with closing(open_ledger(ledger.path, busy_timeout_s=0.05)) as impatient:
        with held(ledger.path, "BEGIN IMMEDIATE"), pytest.raises(LedgerError, match="busy"):
            send_all(impatient, mailing, gateway)
        assert states(ledger) == {"pending": 2}
        assert not gateway.taken


def test_whoever_only_reads_or_compacts_gives_up_where_somebody_holds_the_ledger(ledger: Ledger) -> None:
    with closing(open_ledger(ledger.path, busy_timeout_s=0.05)) as impatient:
        with held(ledger.path, "BEGIN EXCLUSIVE"):
            for attempt in (impatient.compact, lambda: impatient.rows("SELECT * FROM mailings")):
                with pytest.raises(LedgerError, match="busy"):
                    attempt()
        impatient.compact()


@pytest.mark.of_a_file
def test_an_open_reader_elsewhere_never_costs_an_answer(ledger: Ledger) -> None:
    mailing, waited = new_mailing(ledger, 2), list[Sentence]()
    with closing(open_ledger(ledger.path, busy_timeout_s=0.05)) as impatient, ExitStack() as others:
        let_go: list[Callable[[], object]] = []

        def told(sentence: Sentence) -> None:
            waited.append(sentence)
            let_go[0]()  # the reader ends only when the run has said that it waits

        impatient.on_wait = told
        # The reader comes while the gateway is asked: before that, the claim would have given up.
        gateway = Taker(before=lambda: let_go.append(others.enter_context(held(ledger.path, "BEGIN"))))
        send_all(impatient, mailing, gateway)
    assert [str(one) for one in waited] == [f"Waiting for {ledger.path}: another program holds it."]
    assert states(ledger) == {"accepted": 2}


def test_without_patience_an_open_reader_stops_a_commit_and_nothing_is_written(ledger: Ledger) -> None:
    impatient = open_ledger(ledger.path, busy_timeout_s=0.05)
    with (
        closing(impatient),
        held(ledger.path, "BEGIN"),
        pytest.raises(LedgerError, match="busy"),
        impatient.transaction(),
    ):
        impatient.write("INSERT INTO facts (name, value) VALUES ('claim', 'nothing sent')")
    assert ledger.one("SELECT value FROM facts WHERE name = 'claim'") is None


@pytest.mark.of_a_file
def test_an_open_ledger_that_a_newer_smsctl_has_brought_up_to_date_is_not_written(ledger: Ledger) -> None:
    with closing(raw(ledger.path)) as newer:
        newer.execute("PRAGMA user_version = 999")
    for patient in (False, True):
        with (
            pytest.raises(LedgerError, match="a newer smsctl has changed the ledger"),
            ledger.transaction(patient=patient),
        ):
            ledger.write("INSERT INTO facts VALUES ('a', 'b')")
    with closing(raw(ledger.path)) as newer:
        assert not newer.execute("SELECT * FROM facts WHERE name = 'a'").fetchall()
        newer.execute("BEGIN IMMEDIATE")  # nobody holds it


def test_no_text_holds_a_nul(ledger: Ledger) -> None:
    with ledger.transaction():
        ledger.write("INSERT INTO facts VALUES (?, ?)", "one", "a\0b")
        ledger.write_many("INSERT INTO facts VALUES (?, ?)", iter([("two", "\0"), ("three", "c")]))
    found = ledger.rows("SELECT name, value FROM facts WHERE name IN ('one', 'two', 'three') ORDER BY name")
    assert found == [("one", "ab"), ("three", "c"), ("two", "")]


def test_a_write_that_was_broken_off_is_undone_by_who_may_write(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    open_ledger(path).close()
    code = (
        "import os, sqlite3, sys\n"
        "half = sqlite3.connect(sys.argv[1], isolation_level=None)\n"
        "half.execute('PRAGMA journal_mode = TRUNCATE'); half.execute('PRAGMA cache_size = 1')\n"
        "half.execute('BEGIN')\n"
        "half.execute('INSERT INTO facts VALUES (?, ?)', ('half', 'x' * 100_000))\n"
        "os._exit(0)"
    )
    subprocess.run(python(code, path), check=True)
    with pytest.raises(LedgerError, match="broken off and must be undone first") as caught:
        read_ledger(path)
    assert str(caught.value.hint) == "Undo it with: smsctl mailings list"
    with closing(open_ledger(path)) as ledger:
        assert ledger.rows("SELECT * FROM facts") == []
    found = read_ledger(path)
    assert found
    found.close()


# What is not a ledger


def _truncated(path: Path) -> None:
    open_ledger(path).close()
    os.truncate(path, path.stat().st_size // 2)


def _overwritten(path: Path) -> None:
    open_ledger(path).close()
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(b"\xff" * 40_000)


def _garbage(path: Path) -> None:
    path.write_bytes(b"This is a letter, not a ledger.\n" * 500)
    path.chmod(0o600)


def _of_another_program(path: Path) -> None:
    with closing(raw(path)) as other:
        other.execute("CREATE TABLE bookmarks (url TEXT)")
    path.chmod(0o600)


def _newer(path: Path) -> None:
    open_ledger(path).close()
    with closing(raw(path)) as newer:
        newer.execute("PRAGMA user_version = 9999")


def _link(path: Path) -> None:
    open_ledger(path.with_name("real.db")).close()
    path.symlink_to("real.db")


def _readable_by_all(path: Path) -> None:
    open_ledger(path).close()
    path.chmod(0o644)


def _readable_by_a_group(path: Path) -> None:
    open_ledger(path).close()
    path.chmod(0o640)


def _in_a_folder_of_everybody(path: Path) -> None:
    open_ledger(path).close()
    path.parent.chmod(0o777)


def _of_another_user(path: Path) -> None:
    open_ledger(path).close()
    os.chown(path, 12_345, 12_345)
    path.parent.chmod(0o755)


NOT_A_LEDGER = [
    (_truncated, "this is not a ledger, or it is damaged (database disk image is malformed)"),
    (_overwritten, "this is not a ledger, or it is damaged (database disk image is malformed)"),
    (_garbage, "this is not a ledger, or it is damaged (file is not a database)"),
    (_of_another_program, "this is a database of another program, not a ledger"),
    (_newer, "this ledger was written by a newer smsctl (version 9999)"),
    (Path.mkdir, "the ledger must be a plain file, not a link or a folder"),
    (_link, "the ledger must be a plain file, not a link or a folder"),
    (_readable_by_all, "every user of this machine can read the ledger"),
    (_readable_by_a_group, "a group of users can read the ledger"),
    (_in_a_folder_of_everybody, "can swap the ledger in this folder"),
]


@pytest.mark.parametrize(
    ("spoil", "told"), NOT_A_LEDGER, ids=[spoil.__name__.strip("_") for spoil, _ in NOT_A_LEDGER]
)
def test_what_is_no_trustworthy_ledger_is_told_in_words(
    spoil: Callable[[Path], None], told: str, tmp_path: Path
) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    path = folder / "ledger.db"
    spoil(path)
    before = path.read_bytes() if path.is_file() else b""
    for attempt in (open_ledger, read_ledger):
        with pytest.raises(LedgerError) as caught:
            _touch(attempt(path))
        assert told in str(caught.value)
        assert caught.value.hint
    assert (path.read_bytes() if path.is_file() else b"") == before


def _touch(ledger: Ledger | None) -> None:
    """Read every page, as a damaged file is noticed only where it is read."""
    assert ledger
    with closing(ledger):
        for (table,) in ledger.rows("SELECT name FROM sqlite_master WHERE type = 'table'"):
            ledger.rows(f"SELECT * FROM {table}")


_BY_WHOM = "Run smsctl as its owner, or share it: `[ledger] group` in the config.\n"


def _told_as_another(asked: str, path: Path, tmp_path: Path) -> str:
    """Return what another user is told, and the hint."""
    code = (
        "import os, sys; from pathlib import Path\n"
        "from smsctl.ledger.sqlite import file\n"
        "from smsctl.errors import LedgerError\n"
        "os.setuid(12346)\n"
        f"try: file.{asked}\n"
        "except LedgerError as error: print(error, error.hint, sep='\\n')"
    )
    above = (folder for folder in tmp_path.parents if folder.is_relative_to(tempfile.gettempdir()))
    for folder in (tmp_path, *(one for one in above if one != Path(tempfile.gettempdir()))):
        folder.chmod(0o755)
    ran = subprocess.run(python(code, path), cwd=ROOT, capture_output=True, text=True, check=True)
    return ran.stdout


@pytest.mark.skipif(os.name != "posix" or os.geteuid() != 0, reason="only root can become another user")
@pytest.mark.parametrize("asked", ["is_there(Path(sys.argv[1]))", "refuse_stranger(Path(sys.argv[1]), None)"])
def test_a_ledger_that_this_user_may_not_look_at_says_who_may(tmp_path: Path, asked: str) -> None:
    path = tmp_path / "closed" / "ledger.db"
    open_ledger(path).close()
    path.parent.chmod(0o700)
    told = f"{path}: cannot be read: Permission denied.\n"
    assert _told_as_another(asked, path, tmp_path) == told + _BY_WHOM


@pytest.mark.skipif(os.name != "posix" or os.geteuid() != 0, reason="only root can give a file away")
def test_a_ledger_of_another_user_is_told_in_words(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    _of_another_user(path)
    told = f"{path}: the ledger belongs to another user.\n"
    assert _told_as_another("refuse_stranger(Path(sys.argv[1]), None)", path, tmp_path) == told + _BY_WHOM


def test_a_ledger_without_a_place_is_told_in_words(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(LedgerError, match="Not a directory") as caught:
        open_ledger(tmp_path / "file" / "ledger.db")
    assert caught.value.exit_code is ExitCode.LEDGER


def test_nobody_else_can_read_a_new_ledger_whatever_the_umask_says(tmp_path: Path) -> None:
    code = (
        "import os, sys; from pathlib import Path; os.umask(0)\n"
        "from smsctl.ledger.store import open_ledger\n"
        "ledger = open_ledger(Path(sys.argv[1]) / 'new' / 'ledger.db')\n"
        "with ledger.transaction(): ledger.write('DELETE FROM facts')"
    )
    subprocess.run(python(code, tmp_path), cwd=ROOT, check=True)
    modes = {path.name: path.stat().st_mode & 0o777 for path in tmp_path.rglob("*")}
    assert modes == {"new": 0o700, "ledger.db": 0o600, "ledger.db-journal": 0o600}


@pytest.mark.skipif(sys.platform == "win32", reason="groups of the system are those of POSIX")
def test_a_shared_ledger_is_shared_with_its_group_only(tmp_path: Path) -> None:
    import grp

    group = grp.getgrgid(os.getgid()).gr_name
    open_ledger(tmp_path / "new" / "ledger.db", group=group).close()
    modes = {path.name: path.stat().st_mode & 0o7777 for path in tmp_path.rglob("*")}
    assert (modes["new"], modes["ledger.db"]) == (0o2770, 0o660)


def test_a_long_work_takes_fewer_rows_where_its_commits_take_long(ledger: Ledger) -> None:
    done: list[list[int]] = []
    for piece in ledger.in_pieces(range(2_600)):
        with ledger.transaction():
            time.sleep(0.2)  # a busy machine
        done.append(piece)
    sizes = [len(piece) for piece in done]
    assert [row for piece in done for row in piece] == list(range(2_600))
    assert sizes[0] > sizes[2], "others waited too long for the first"
    assert max(sizes) <= ROWS_IN_A_COMMIT


def test_a_long_work_takes_more_rows_where_its_commits_are_quick(ledger: Ledger) -> None:
    sizes: list[int] = []
    for piece in ledger.in_pieces(range(40_000)):
        with ledger.transaction():
            sizes.append(len(piece))
    assert max(sizes) > sizes[0], "it goes on in pieces as small as the first"
    assert all(more <= 2 * before for before, more in pairwise(sizes)), "one quick commit is no promise"


@pytest.fixture
def slow_disk(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Let each commit take so much longer, however small it is."""
    commit = ledger.engine.commit

    def be_slow(commit_s: float) -> None:
        def slowly(*, patient: bool) -> None:
            time.sleep(commit_s)
            commit(patient=patient)

        monkeypatch.setattr(ledger.engine, "commit", slowly)

    return be_slow


def test_a_long_work_takes_no_fewer_rows_where_the_disk_takes_as_long_for_them(
    ledger: Ledger, slow_disk: Callable[[float], None]
) -> None:
    slow_disk(0.15)
    sizes: list[int] = []
    for piece in ledger.in_pieces(range(20_000)):
        with ledger.transaction():
            sizes.append(len(piece))
        assert len(sizes) < 20, "it comes to no end"


def test_a_long_work_takes_more_rows_where_its_commits_wait_for_the_disk(
    ledger: Ledger, slow_disk: Callable[[float], None]
) -> None:
    slow_disk(0.03)
    sizes: list[int] = []
    with ledger.transaction():
        pass  # the first piece can know it of the commit before
    for piece in ledger.in_pieces(range(100_000)):
        with ledger.transaction():
            sizes.append(len(piece))
    assert sum(sizes) == 100_000
    assert sizes[0] == ROWS_IN_A_COMMIT
    assert 3 * ROWS_IN_A_COMMIT < max(sizes) <= 5 * ROWS_IN_A_COMMIT
