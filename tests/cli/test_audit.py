import ast
import re
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from smsctl.cli.output import audited
from smsctl.host.users import whoever

from ..conftest import LiveGateway, MakeConfig
from ..front_door import Run
from ..test_house import MODULES

PLUGIN = "intele_serviceId = 4712\nintele_username = demo\nintele_password = canary-in-the-block\n"


def actions(config: Path, run: Run) -> list[tuple[str, str, str]]:
    rows = run("--config", config, "audit", "--json").data["audit"]
    assert all((row["user"], row["host"]) == whoever()[:2] and row["at"].endswith("Z") for row in rows)
    return [(row["action"], row["subject"], row["detail"]) for row in rows]


def test_a_change_of_the_config_is_recorded_with_who_and_when(make_config: MakeConfig, run: Run) -> None:
    config = make_config()
    assert run("--config", config, "config", "set", "gateway.priority", "high").code == 0
    assert actions(config, run) == [("config-set", "gateway.priority", "high")]


def test_an_import_is_recorded_without_its_secret(make_config: MakeConfig, run: Run, tmp_path: Path) -> None:
    config = make_config(gateway={"password": {"source": "keyring"}})
    plugin = tmp_path / "plugin.txt"
    plugin.write_text(PLUGIN)
    assert run("--config", config, "config", "import", plugin).code == 0
    ((action, subject, detail),) = actions(config, run)
    assert (action, subject) == ("config-import", str(plugin))
    assert "gateway.service_id" in detail
    for ledger in tmp_path.rglob("*.db"):
        assert b"canary-in-the-block" not in ledger.read_bytes()


def test_a_secret_that_comes_and_goes_is_recorded_by_name(make_config: MakeConfig, run: Run) -> None:
    config = make_config(gateway={"password": {"source": "keyring"}})
    assert run("--config", config, "credential", "set", stdin="canary\n").code == 0
    assert run("--config", config, "credential", "delete").code == 0
    assert actions(config, run) == [("credential-delete", "gateway", ""), ("credential-set", "gateway", "")]


def test_a_ledger_that_cannot_be_written_does_not_stop_a_change(
    make_config: MakeConfig, run: Run, tmp_path: Path
) -> None:
    config = make_config()
    ledger = tmp_path / "ledger" / "ledger.simulate.db"
    ledger.parent.mkdir(mode=0o700)
    ledger.write_bytes(b"This is no ledger. " * 100)
    ledger.chmod(0o600)
    for flags in ((), ("--quiet",)):
        ran = run("--config", config, "config", "set", "gateway.priority", "high", *flags)
        assert ran.code == 0
        assert "This change is not in the audit" in ran.err
    assert "high" in config.read_text()


@pytest.fixture
def unfinished(live_gateway: LiveGateway, message: Path, run: Run) -> Path:
    """A site whose first mailing has one message still pending."""
    config = live_gateway().config
    assert run("--config", config, "send", message, "--all", "--yes", "--max-parts", 9).code == 0
    with closing(sqlite3.connect(config.parent / "ledger" / "ledger.db")) as ledger:
        ledger.execute("UPDATE messages SET state = 'pending', batch = NULL WHERE id = 1")
        ledger.execute("UPDATE mailing_counts SET messages = 2, parts = 2 WHERE state = 'accepted'")
        ledger.execute("UPDATE mailing_counts SET messages = 1, parts = 1 WHERE state = 'pending'")
        ledger.commit()
    return config


def test_sending_and_going_on_are_recorded(unfinished: Path, run: Run) -> None:
    ran = run("--config", unfinished, "mailings", "resume", 1, "--reason", "the line is back")
    assert ran.code == 0
    rows = run("--config", unfinished, "audit", "--json").data["audit"]
    assert [(row["action"], row["subject"], row["reason"]) for row in rows] == [
        ("resume", "mailing 1", "the line is back"),
        ("send", "mailing 1", None),
        ("activate", "exempelkommun", None),
    ]


def test_the_newest_row_stands_last_and_each_is_one_line_at_eighty_columns(
    make_config: MakeConfig, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = make_config()
    reason = "a reason that somebody has written down at such length that no line can hold it"
    for number in range(605, 609):
        run("--config", config, "block", "add", f"+46701740{number}", "--reason", reason)
    run("--config", config, "config", "set", "gateway.priority", "high")
    monkeypatch.setenv("COLUMNS", "80")
    lines = run("--config", config, "audit", terminal=True).seen.splitlines()
    rows = [line for line in lines if re.match(r" +\d+  20", line)]
    assert [int(row.split()[0]) for row in rows] == [1, 2, 3, 4, 5]
    assert all(len(row.rstrip()) <= 80 for row in rows)
    assert "…" in rows[0]
    assert rows[-1].rstrip().endswith("config changed, gateway.priority, high")


def test_every_action_has_its_words() -> None:
    unworded = [
        (module.name, argument.value)
        for module in MODULES.values()
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Call) and ast.unparse(node.func) in ("audit.record", "record_change")
        for argument in node.args[1:4]
        if isinstance(argument, ast.Constant) and audited.action(str(argument.value)) == argument.value
    ]
    assert unworded == []


@pytest.mark.parametrize(
    ("stored", "told"),
    [
        ("messages: 1204; urgent; mailing 7 again", "1 204 messages, urgent, mailing 7 again"),
        ("package 2; closed: package 1, 9 of 50 parts left", "package 2, package 1 closed with 9 parts left"),
        ("3 messages: not-sent", "3 messages, not sent"),
        ("rows: 3; terms: 2; no-number: 1", "rows: 3, has not accepted the terms: 2, no number: 1"),
        ("pending messages: 4; at the gateway: 2", "4 pending, 2 at the gateway"),
        ("12 mailings before 2026-01-01T00:00:00.000Z", "mailings before 2026-01-01: 12"),
        ("counted: 4; yes of mailing 1, by bo", "4 messages counted, yes of mailing 1, by bo"),
        ("every time until 2027-11-28T07:30:00.000Z", "every time until 2027-11-28"),
        ("exempelkommun, package 2", "exempelkommun, package 2"),
        ("gateway.service_id, gateway.username", "gateway.service_id, gateway.username"),
        ("", ""),
    ],
)
def test_details_are_told_in_words(stored: str, told: str) -> None:
    assert str(audited.detail(stored)) == told
