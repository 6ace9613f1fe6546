import tomllib
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


def test_only_what_was_set_stands_there_with_its_help_and_where_the_rest_is_told() -> None:
    lines = text_of(NEEDED).splitlines()
    keys = [line for line in lines if " = " in line]
    assert len(keys) == len(NEEDED)
    assert [line for line in keys if " # " not in line] == []
    assert any("docs/reference/config.md" in line for line in lines)


@pytest.mark.parametrize(
    "key", [key for key in KEYS if key.section == ("gateway",) and key.default], ids=lambda key: key.name
)
def test_each_key_has_its_place(key: Key) -> None:
    text = text_of(NEEDED | {("gateway", key.name): key.default})
    assert f"\n{key.name} = " in text.partition("[gateway]")[2].partition("\n[")[0]


@pytest.mark.parametrize("name", ["Åmål", 'The "old" \\ school', "Malmö # 2", "x = 1"])
def test_a_name_is_spelled_so_that_it_reads_back(name: str) -> None:
    values = NEEDED | {("municipalities", "exempelkommun", "name"): name}
    assert parse(text_of(values), PATH).municipality().name == name


def test_what_is_set_later_gets_its_place(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    create(path, text_of(NEEDED))
    set_value(path, "limits.warn_share", "0.5")
    set_value(path, "limits.max_parts_per_run", "2000")
    set_value(path, "sender", "Skolan")
    set_value(path, "gateway.priority", "3")
    set_value(path, "municipalities.exempelkommun.sender", "Ek")
    text = path.read_text(encoding="utf-8")
    assert tomllib.loads(text)["limits"] == {"warn_share": 0.5, "max_parts_per_run": 2000}
    assert text.index("sender =") < text.index("[gateway]") < text.index("priority") < text.index("[muni")
    settings = parse(text, path)
    assert (settings.sender, settings.municipality().sender) == ("Skolan", "Ek")


def test_a_line_behind_a_mark_gets_its_place_when_it_is_set(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    create(path, (Path(__file__).parents[2] / "config.example.toml").read_text(encoding="utf-8"))
    set_value(path, "limits.warn_share", "0.5")
    set_value(path, "limits.max_parts_per_run", "2000")
    lines = path.read_text(encoding="utf-8").splitlines()
    limits = lines[lines.index("[limits]") :]
    first, second = (line.partition("#")[0].strip() for line in (limits[1], limits[6]))
    assert (first, second) == ("max_parts_per_run = 2000", "warn_share = 0.5")
