import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from smsctl.host.users import whoever

from ..conftest import LiveGateway, MakeConfig
from ..front_door import Run

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
    ran = run("--config", config, "config", "set", "gateway.priority", "high")
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
