"""Ledgers in which bits have turned, and cells hold what they cannot: every command ends with a sentence."""

import random
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from ..conftest import LiveGateway
from ..front_door import Run
from .trial import Trial
from .verdict import faults

READS = (
    "usage", "usage --municipality exempelkommun", "mailings list", "mailings show 1", "mailings failed 1",
    "mailings skipped 1", "audit", "inbox list", "inbox show 1", "block list", "reports unmatched",
    "invoices list", "municipality list", "purge --list", "purge --written", "doctor", "ledger check",
    "send message.txt --all --dry-run", "usage --json", "mailings show 1 --json",
)  # fmt: skip
CELLS: tuple[object, ...] = (
    None, b"\xff\xfe", b"\xc3", "", "x", "2026-13-45T99:99:99.000Z", "2026-02-30", -1, 0, 1 << 62, 0.5,
    "Å" * 5000, "\x00", "\u202e", "{n}", "-", "+46", "NaN",
)  # fmt: skip


@pytest.fixture
def lived(live_gateway: LiveGateway, message: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A site with a ledger in which there is something of everything."""
    live = live_gateway(gateway={"endpoint": "KOMMUN"})
    config, folder = live.config, message.parent
    sms = folder / "push.json"
    sms.write_text(
        '{"mo": {"originator": "46701740605", "sno": "72456", "content": "KOMMUN hej", "messageId": "1"},'
        ' "dr": {"customerMessageReference": "none", "statusCode": 0, "messageId": "m-1"}}'
    )
    for line in (
        ("send", message, "--all", "--yes", "--max-parts", 9, "--key", "w-{week}"),
        ("test", "+46701740605", "hej"),
        ("block", "add", "+46701740699", "--reason", "asked"),
        ("reports", "import", sms),
        ("municipality", "deactivate", "exempelkommun", "--yes"),
        ("municipality", "activate", "exempelkommun", "--yes"),
    ):
        ran = run("--config", config, *line)
        assert ran.code == 0, ran.said
    monkeypatch.chdir(folder)
    return config


def ledger_of(config: Path) -> Path:
    return config.parent / "ledger" / "ledger.db"


@pytest.fixture
def sound(lived: Path, tmp_path: Path) -> Path:
    """A copy of the ledger as it was."""
    copy = tmp_path / "sound.db"
    shutil.copy(ledger_of(lived), copy)
    return copy


def _put_back(sound: Path, config: Path) -> Path:
    path = ledger_of(config)
    shutil.copy(sound, path)
    path.with_name("ledger.db-journal").unlink(missing_ok=True)
    return path


def _turn_bits(path: Path, dice: random.Random) -> str:
    data = bytearray(path.read_bytes())
    places = [dice.randrange(len(data)) for _ in range(dice.choice((1, 1, 2, 8, 64)))]
    for place in places:
        data[place] ^= 1 << dice.randrange(8)
    if not dice.randrange(10):
        del data[dice.randrange(len(data)) :]
    path.write_bytes(data)
    return f"bits at {places}, {len(data)} bytes"


def _spoil_a_cell(path: Path, dice: random.Random) -> str:
    with closing(sqlite3.connect(path, isolation_level=None)) as ledger:
        tables = [row[0] for row in ledger.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        full = [one for one in tables if ledger.execute(f"SELECT 1 FROM {one} LIMIT 1").fetchone()]
        table = dice.choice(full)
        column = dice.choice([row[1] for row in ledger.execute(f"PRAGMA table_info({table})")])
        cell = dice.choice(CELLS)
        for (name,) in ledger.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            ledger.execute(f"DROP TRIGGER {name}")
        ledger.execute("PRAGMA ignore_check_constraints = ON")
        try:
            if isinstance(cell, bytes):
                ledger.execute(f"UPDATE {table} SET {column} = CAST(? AS TEXT)", (cell,))
            else:
                ledger.execute(f"UPDATE {table} SET {column} = ?", (cell,))
        except sqlite3.Error as error:
            return f"{table}.{column} = {cell!r}: {error}"
    return f"{table}.{column} = {cell!r}"


@pytest.mark.tries(60, 10_000)
def test_every_command_on_a_damaged_ledger_ends_with_a_sentence(
    lived: Path, sound: Path, run: Run, trial: Trial, request: pytest.FixtureRequest
) -> None:
    for dice in trial:
        damage = dice.choice((_turn_bits, _spoil_a_cell))
        what = damage(_put_back(sound, lived), dice)
        for line in READS if request.config.getoption("--long") else [dice.choice(READS)]:
            trial.judge(run("--config", lived, *line.split()), f"{line}: {what}")


def test_the_sound_ledger_itself_is_well(lived: Path, run: Run) -> None:
    for line in READS:
        ran = run("--config", lived, *line.split())
        assert not faults(ran), (line, ran.said)
    assert run("--config", lived, "ledger", "check").code == 0


WRONG = (
    ("mailings", "body", b"Hej p\xc3"),
    ("mailings", "created_at", "2026-13-45T99:99:99.000Z"),
    ("mailings", "encoding", "gsm8"),
    ("messages", "name", b"\xff"),
    ("messages", "number", "+4670174060x"),
    ("batches", "claimed_day", "2026-02-30"),
    ("batches", "messages", "many"),
    ("audit", "by_whom", b"\xc3"),
    ("mailings", "body", "Hek på er"),
)


def test_a_cell_that_is_wrong_is_found(lived: Path, sound: Path, run: Run) -> None:
    for table, column, cell in WRONG:
        with closing(sqlite3.connect(_put_back(sound, lived), isolation_level=None)) as ledger:
            ledger.execute("DROP TRIGGER audit_is_not_changed")
            value = "CAST(? AS TEXT)" if isinstance(cell, bytes) else "?"
            assert ledger.execute(f"UPDATE {table} SET {column} = {value}", (cell,)).rowcount
        ran = run("--config", lived, "ledger", "check", "--json")
        assert ran.code == 9
        assert "contents" in [one["rule"] for one in ran.data["findings"]], (table, column, cell)


def test_a_column_whose_name_has_changed_is_found(lived: Path, run: Run) -> None:
    """A bit that turns in the schema; SQLite itself finds the file sound."""
    with closing(sqlite3.connect(ledger_of(lived), isolation_level=None)) as ledger:
        ledger.execute("ALTER TABLE mailings RENAME COLUMN created_at TO crgated_at")
    ran = run("--config", lived, "ledger", "check", "--json")
    assert (ran.code, [one["rule"] for one in ran.data["findings"]]) == (9, ["contents"])
    for line in READS:
        assert run("--config", lived, *line.split()).code in (0, 5, 9), line


def test_the_test_itself_can_fail(lived: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the second look at the ledger, a wrong cell is taken for a bug of ours."""
    from smsctl.ledger import checking

    with closing(sqlite3.connect(ledger_of(lived), isolation_level=None)) as ledger:
        ledger.execute("UPDATE mailings SET created_at = 'x'")
    assert run("--config", lived, "mailings", "list").code == 9
    monkeypatch.setattr(checking, "blame", lambda *_: None)
    assert faults(run("--config", lived, "mailings", "list")) == ["exit 1"]
