"""Bad input: one clear sentence, the documented code, nothing sent, nothing recorded."""

import os
import re
import shlex
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path

import pytest

from smsctl.domain.headings import HEADERS
from smsctl.simulator.faults import Fault
from smsctl.simulator.server import Behaviour, Simulator, start

from ..catalogues import OPEN, english_in
from ..conftest import SECRET, MakeConfig, merged
from ..front_door import ENVELOPE, Ran, Run
from .bad_files import NUMBERS, RECIPIENTS, TEXTS
from .bad_settings import COMMAND_LINES, CONFIGS, LEDGERS, RULES, SECRETS
from .case import Case
from .conftest import submitted

NAMES = f"{' '.join(HEADERS)} pswincom municipalities {' '.join(Fault)} true false env"
CASES = (
    *RECIPIENTS,
    *TEXTS,
    *NUMBERS,
    *COMMAND_LINES,
    *CONFIGS,
    *LEDGERS,
    *SECRETS,
    *RULES,
)


@pytest.fixture(scope="module")
def gateways() -> Iterator[Mapping[str, Simulator]]:
    """What stands for a gateway, by mode."""
    asked, silent = Behaviour(keep_requests=1000), Behaviour(keep_requests=1000, as_a_gateway=True)
    with start(asked) as simulator, start(silent) as gateway:
        yield {"simulate": simulator, "live": gateway}


@pytest.fixture(params=CASES, ids=lambda case: case.id)
def row(request: pytest.FixtureRequest) -> Case:
    found: Case = request.param
    return found


@pytest.fixture
def gateway(row: Case, gateways: Mapping[str, Simulator]) -> Simulator:
    mode = row.config.get("mode") if isinstance(row.config, Mapping) else None
    return gateways["live" if mode == "live" else "simulate"]


@pytest.fixture
def case(
    row: Case,
    tmp_path: Path,
    gateway: Simulator,
    make_config: MakeConfig,
    monkeypatch: pytest.MonkeyPatch,
) -> Case:
    found = row
    overrides = found.config if isinstance(found.config, Mapping) else {}
    config = make_config(**merged({"gateway": {"url": gateway.url}}, overrides))
    (tmp_path / "message.txt").write_text("Hej på er\n", encoding="utf-8")
    for name, data in (
        ("config.toml", found.config),
        ("recipients.csv", found.csv),
        ("message.txt", found.text),
    ):
        if isinstance(data, str | bytes):
            (tmp_path / name).write_bytes(data.encode() if isinstance(data, str) else data)
    found.before(tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SMSCTL_CONFIG", str(config))
    if found.secret:
        monkeypatch.setenv("SMSCTL_GATEWAY_SECRET", SECRET)
    return found


def test_bad_input_gets_a_sentence(case: Case, run: Run, gateway: Simulator, tmp_path: Path) -> None:
    before = submitted(gateway)
    ran = run(*shlex.split(case.argv), stdin=case.stdin)
    assert ran.code == case.code, ran.said
    assert ran.out == ""
    for fragment in case.fragments:
        assert fragment in ran.err
    assert submitted(gateway) == before
    _nothing_happened(ran, tmp_path)


def test_bad_input_gets_an_envelope(case: Case, run: Run, gateway: Simulator, tmp_path: Path) -> None:
    before = submitted(gateway)
    ran = run("--json", *shlex.split(case.argv), stdin=case.stdin)
    assert ran.code == case.code, ran.said
    assert tuple(ran.json) == ENVELOPE
    assert (ran.json["ok"], ran.json["exit_code"]) == (False, case.code)
    texts = [message["text"] for message in ran.json["messages"]]
    assert [text for text in texts if re.match("(?!smsctl|frob)[a-zåäö]+[ ,]", text)] == []
    told = "\n".join(texts)
    for fragment in case.fragments:
        assert fragment in told
    assert submitted(gateway) == before
    _nothing_happened(ran, tmp_path)


def test_bad_input_is_told_in_the_readers_language(
    case: Case, run: Run, swedish_is_marked: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SMSCTL_LANGUAGE", "sv")
    ran = run(*shlex.split(case.argv), stdin=case.stdin)
    assert ran.code == case.code
    assert OPEN in ran.err
    given = (case.argv, case.config, case.csv, case.text, NAMES)
    typed = set(re.findall(r"\w+", " ".join(map(str, given))))
    assert [one for one in english_in(ran.err) if one not in typed and not one.isupper()] == [], ran.err


def test_a_busy_ledger_is_waited_for_and_then_left(make_config: MakeConfig, run: Run, tmp_path: Path) -> None:
    config = make_config(ledger={"busy_timeout": "1s"})
    (tmp_path / "message.txt").write_text("Hej", encoding="utf-8")
    assert run("--config", config, "usage").code == 0
    with closing(sqlite3.connect(tmp_path / "ledger" / "ledger.simulate.db", isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        ran = run("--config", config, "send", tmp_path / "message.txt", "--all", "--yes")
    assert (ran.code, ran.out) == (9, "")
    assert "the ledger is busy" in ran.err
    _nothing_happened(ran, tmp_path)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read and write everything")
@pytest.mark.parametrize(
    ("shut", "code"), [("message.txt", 8), ("recipients.csv", 8), ("config.toml", 8), ("ledger", 9)]
)
def test_what_this_user_may_not_open_is_said(
    shut: str, code: int, make_config: MakeConfig, run: Run, tmp_path: Path
) -> None:
    config = make_config()
    (tmp_path / "message.txt").write_text("Hej", encoding="utf-8")
    (tmp_path / "ledger").mkdir()
    (tmp_path / shut).chmod(0o000)
    ran = run("--config", config, "send", tmp_path / "message.txt", "--all", "--yes")
    (tmp_path / shut).chmod(0o700)
    assert (ran.code, ran.out) == (code, "")
    assert shut in ran.err
    _nothing_happened(ran, tmp_path)


def _nothing_happened(ran: Ran, folder: Path) -> None:
    assert "Traceback" not in ran.said
    assert SECRET not in ran.said
    assert not any(_recorded(path) for path in folder.rglob("*.db") if path.is_file())


def _recorded(path: Path) -> int:
    """How many mailings, messages and entries stand in the ledger."""
    with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as ledger:
        try:
            there = {name for (name,) in ledger.execute("SELECT name FROM sqlite_master")}
            tables = there & {"mailings", "messages", "entries", "batches"}
            return sum(ledger.execute(f"SELECT COUNT(*) FROM {table}").fetchone()[0] for table in tables)
        except sqlite3.Error:
            return 0  # not a ledger
