import re
import tomllib
from pathlib import Path

import pytest

from smsctl.config.keys import KEYS, Key, find
from smsctl.config.read import load, parse
from smsctl.config.settings import Mode

EXAMPLE = Path(__file__).parents[2] / "config.example.toml"
TEXT = EXAMPLE.read_text(encoding="utf-8")
MAIN, PSWINCOM, EMAIL, OUTSIDE, SERVER = re.split(r"^# ---- .*\n", TEXT, flags=re.MULTILINE)


def _uncommented(text: str) -> str:
    return re.sub(r"^# (?=\[[\w.\"@]+\]$|[a-z_]+ = )", "", text, flags=re.MULTILINE)


def _everything() -> str:
    """The main part with every line in force, save that a municipality has packages or a price per part."""
    return re.sub(r"^part_price = .*\n", "", _uncommented(MAIN), flags=re.MULTILINE)


def test_the_example_runs_as_it_stands() -> None:
    settings = load(EXAMPLE)
    assert settings.mode is Mode.SIMULATE
    assert settings.municipality().package_price_ore == 490_000
    assert settings.recipients == EXAMPLE.parent / "examples" / "recipients.csv"
    assert settings.ledger.path == EXAMPLE.parent / ".smsctl" / "ledger.db"


def test_every_line_of_the_example_can_be_in_force() -> None:
    settings = parse(_everything() + _uncommented(EMAIL), EXAMPLE)
    assert settings.language == "sv"
    assert settings.gateway.unique_references
    assert settings.senders["@smsctl"].audiences == ("guardians", "staff")
    assert settings.notify.to == "drift@example.se"


def test_the_section_for_pswincom_can_stand_in_for_the_other() -> None:
    main = re.sub(r"^\[gateway\]\n.*?(?=^# Where the password)", "", MAIN, flags=re.MULTILINE | re.DOTALL)
    settings = parse(main + _uncommented(PSWINCOM), EXAMPLE)
    assert settings.gateway.module == "pswincom"
    assert settings.gateway.failover_url == "https://xml2.pswin.com"


def test_the_section_for_email_can_be_added() -> None:
    main = MAIN.replace("use_web_service = true", "use_web_service = false")
    settings = parse(main + _uncommented(EMAIL), EXAMPLE)
    assert settings.smtp is not None
    assert settings.smtp.host == "mail.example.se"


def test_the_section_for_a_server_can_stand_in_for_the_other() -> None:
    main = re.sub(r"^\[ledger\]\n(?:[^\n]+\n)*", "", MAIN, flags=re.MULTILINE)
    settings = parse(main + _uncommented(SERVER), EXAMPLE)
    assert settings.ledger.address is not None
    assert settings.ledger.path == Path("/var/lib/smsctl/ledger")


def _keys(path: tuple[str, ...], table: dict[str, object]) -> list[tuple[Key, object]]:
    """The keys of the table of keys that stand in a TOML table, and their values."""
    found: list[tuple[Key, object]] = []
    for name, value in table.items():
        key = find((*path, name))
        if key is not None:
            found.append((key, value))
        elif isinstance(value, dict):
            found += _keys((*path, name), value)
    return found


SHOWN = {
    key.dotted
    for part in (MAIN, PSWINCOM, EMAIL, OUTSIDE, SERVER)
    for key, _ in _keys((), tomllib.loads(_uncommented(part)))
}


@pytest.mark.parametrize("name", [key.dotted for key in KEYS])
def test_the_example_documents_every_key(name: str) -> None:
    assert name in SHOWN


def test_what_the_example_sets_is_the_default_where_there_is_one() -> None:
    set_otherwise = {
        key.dotted for key, value in _keys((), tomllib.loads(TEXT)) if key.default not in (None, value)
    }
    assert set_otherwise == {"gateway.password.source"}
