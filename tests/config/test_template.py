import re
from pathlib import Path

import pytest

from smsctl.config.keys import KEYS, Key, Section
from smsctl.config.read import parse
from smsctl.config.settings import Mode
from smsctl.config.template import text_of
from smsctl.config.write import create, set_value

NEEDED: dict[Section, object] = {
    ("mode",): "simulate",
    ("gateway", "module"): "intelecom",
    ("gateway", "service_id"): 4711,
    ("gateway", "username"): "demo",
    ("municipalities", "exempelkommun", "name"): "Exempelkommun",
}
PATH = Path("/nowhere/config.toml")


def test_what_was_answered_is_in_force_and_the_rest_is_the_default() -> None:
    settings = parse(text_of(NEEDED), PATH)
    assert settings.mode is Mode.SIMULATE
    assert settings.gateway.service_id == 4711
    assert settings.gateway.batch_size == 100
    assert settings.smtp is None
    assert not settings.senders


@pytest.mark.parametrize("key", KEYS, ids=lambda key: key.dotted)
def test_every_key_stands_there_with_its_help(key: Key) -> None:
    text = text_of(NEEDED)
    line = rf"^(# )?{key.name} =.* # {re.escape(str(key.help))}"
    assert key.name == "extra" or re.search(line, text, re.MULTILINE)


def test_the_defaults_can_be_put_in_force_by_taking_the_mark_away() -> None:
    text = re.sub(
        r"^# (?=\w+ = \S|\[)", "", text_of(NEEDED | {("smtp", "host"): "m.example.se"}), flags=re.MULTILINE
    )
    settings = parse(text.replace("# from_address =", 'from_address = "sms@example.se" #'), PATH)
    assert settings.smtp is not None
    assert settings.smtp.port == 25


@pytest.mark.parametrize("name", ["Åmål", 'The "old" \\ school', "Malmö # 2", "x = 1"])
def test_a_name_is_spelled_so_that_it_reads_back(name: str) -> None:
    values = NEEDED | {("municipalities", "exempelkommun", "name"): name}
    assert parse(text_of(values), PATH).municipality().name == name


def test_a_line_behind_a_mark_gets_its_place_when_it_is_set(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    create(path, text_of(NEEDED))
    set_value(path, "limits.warn_share", "0.5")
    set_value(path, "limits.max_parts_per_run", "2000")
    lines = path.read_text(encoding="utf-8").splitlines()
    limits = lines[lines.index("[limits]") :]
    first, second = (line.partition("#")[0].strip() for line in (limits[1], limits[5]))
    assert (first, second) == ("max_parts_per_run = 2000", "warn_share = 0.5")
