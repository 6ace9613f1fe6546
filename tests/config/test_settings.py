from datetime import time
from pathlib import Path

import pytest

from smsctl.actions.sender_rights import Person, municipalities_seen
from smsctl.config.read import load, parse
from smsctl.config.settings import Mode
from smsctl.domain.moment import QuietHours
from smsctl.domain.secret import SECRETS
from smsctl.errors import ConfigError, ExitCode, InputError

from .conftest import PLAIN

TWO = PLAIN + '[municipalities.soder]\nname = "Söderköping"\n'


@pytest.mark.parametrize("name", ["soder", "SODER", "Söderköping", " söderköping ", "SÖDERKÖPING"])
def test_a_municipality_is_found_by_key_or_name(config: Path, name: str) -> None:
    assert parse(TWO, config).municipality(name).key == "soder"


@pytest.mark.parametrize(
    "written", ["\u00e5m\u00e5l", "a\u030ama\u030al", "Åmåls  kommun", "A\u030ama\u030als kommun"]
)
@pytest.mark.parametrize("key", ["\u00e5m\u00e5l", "a\u030ama\u030al"])
def test_a_letter_of_two_signs_is_the_same_letter(config: Path, key: str, written: str) -> None:
    """As a Mac writes it, and as it is pasted out of a PDF."""
    named = f'default_municipality = "{written}"\n{PLAIN}[municipalities."{key}"]\nname = "Åmåls kommun"\n'
    settings = parse(named, config)
    assert settings.default_municipality == "\u00e5m\u00e5l"
    assert settings.municipality(written) is settings.municipality()


@pytest.mark.parametrize("section", ['"a\u030ama\u030al"]\nname = "Söder"', 'b]\nname = "ÅMÅLS  KOMMUN"'])
def test_two_municipalities_that_own_the_same_rows_are_refused(config: Path, section: str) -> None:
    text = f'{PLAIN}[municipalities."\u00e5m\u00e5l"]\nname = "Åmåls kommun"\n[municipalities.{section}\n'
    with pytest.raises(ConfigError) as caught:
        parse(text, config)
    assert "another municipality is called so" in str(caught.value.problems[0])


@pytest.mark.parametrize("key", ["\u00e5m\u00e5l", "a\u030ama\u030al"])
@pytest.mark.parametrize("written", ["\u00e5m\u00e5l", "A\u030ama\u030al"])
def test_who_may_send_for_it_may_however_its_letters_are_made(config: Path, key: str, written: str) -> None:
    rule = f'[senders.elin]\nmunicipalities = ["{written}"]\n'
    settings = parse(f'{PLAIN}[municipalities."{key}"]\nname = "Åmåls kommun"\n{rule}', config)
    seen = municipalities_seen(settings.senders, Person("elin"), settings.municipalities)
    assert list(seen or ()) == ["\u00e5m\u00e5l"]


def test_the_default_municipality_may_be_given_by_name(config: Path) -> None:
    settings = parse('default_municipality = "söderköping"\n' + TWO, config)
    assert settings.default_municipality == "soder"
    assert settings.municipality().key == "soder"


def test_an_unknown_municipality_lists_the_known(config: Path) -> None:
    with pytest.raises(InputError, match="nowhere") as caught:
        parse(TWO, config).municipality("nowhere")
    assert caught.value.exit_code is ExitCode.INPUT
    assert str(caught.value.hint) == "known are: exempelkommun, soder"


def test_of_several_municipalities_without_a_default_one_must_be_named(config: Path) -> None:
    with pytest.raises(InputError) as caught:
        parse(TWO, config).municipality()
    assert "--municipality" in str(caught.value.hint)


def test_a_rehearsal_has_a_ledger_of_its_own(config: Path) -> None:
    settings = load(config)
    live = settings._replace(mode=Mode.LIVE)
    assert settings.ledger_path == config.parent / ".smsctl" / "ledger.simulate.db"
    assert live.ledger_path == config.parent / ".smsctl" / "ledger.db"


def test_settings_are_frozen(config: Path) -> None:
    settings = load(config)
    with pytest.raises(AttributeError):
        settings.sender = "x"  # type: ignore[misc]  # that it is refused is what is tested
    with pytest.raises(TypeError):
        settings.municipalities["x"] = settings.municipality()  # type: ignore[index]  # as above


@pytest.mark.parametrize(
    ("clock", "quiet"),
    [(time(20, 59), False), (time(21), True), (time(0), True), (time(6, 59), True), (time(7), False)],
)
def test_quiet_hours_pass_midnight(clock: time, quiet: bool) -> None:  # noqa: FBT001  # a table's column
    assert QuietHours(start=time(21), end=time(7)).covers(clock) is quiet


def test_quiet_hours_may_lie_within_a_day() -> None:
    lunch = QuietHours(start=time(12), end=time(13))
    assert lunch.covers(time(12, 30))
    assert not lunch.covers(time(13))


def test_settings_do_not_change_while_smsctl_runs(config: Path) -> None:
    settings = parse(TWO, config)
    with pytest.raises(AttributeError):
        settings.mode = Mode.LIVE  # type: ignore[misc]
    assert settings == parse(TWO, config) != settings._replace(mode=Mode.LIVE)


def test_settings_have_every_field_and_no_other() -> None:
    with pytest.raises(TypeError, match="end"):
        QuietHours(start=time(21))  # type: ignore[call-arg]


def test_each_secret_has_a_place_and_is_offered() -> None:
    told = parse(
        f'{PLAIN}\n[smtp]\nhost = "mail.example.se"\nfrom_address = "a@example.se"\n', Path("/etc/c.toml")
    )
    assert {*told.secret_sources} == {*SECRETS}
