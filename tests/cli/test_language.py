"""Screens speak the reader's language; JSON and exit codes never change with it."""

from pathlib import Path

import pytest

from smsctl.cli.render import language
from smsctl.errors import say, say_n

from ..catalogues import CLOSE, OPEN, marked, write
from ..conftest import MakeConfig
from ..front_door import Run

CRON: dict[str, str] = {}  # sets no language at all


@pytest.fixture(scope="session")
def marks(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(marked(), tmp_path_factory.mktemp("marked"))


@pytest.fixture
def swedish_is_marked(marks: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(language, "CATALOGUES", marks)


@pytest.mark.parametrize(
    ("environ", "configured", "spoken"),
    [
        (CRON, None, "en"),
        (CRON, "sv", "sv"),
        ({"LANG": "sv_SE.UTF-8"}, None, "sv"),
        ({"LANG": "sv_FI@euro"}, None, "sv"),
        ({"LANG": "sv_SE.UTF-8"}, "en", "en"),
        ({"LANG": "en_US.UTF-8"}, "sv", "sv"),
        ({"LANG": "sv_SE.UTF-8", "LC_MESSAGES": "en_GB.UTF-8"}, None, "en"),
        ({"LANG": "sv_SE.UTF-8", "LC_MESSAGES": "en_GB.UTF-8", "LC_ALL": "sv_SE"}, None, "sv"),
        ({"LANG": "sv_SE.UTF-8", "LC_ALL": ""}, None, "sv"),
        ({"LANG": "sv_SE.UTF-8", "LC_ALL": "C"}, None, "en"),
        ({"LANG": "de_DE.UTF-8"}, None, "en"),
        ({"SMSCTL_LANGUAGE": "sv", "LC_ALL": "en_US.UTF-8"}, "en", "sv"),
        ({"SMSCTL_LANGUAGE": "en", "LC_ALL": "sv_SE.UTF-8"}, "sv", "en"),
    ],
)
def test_the_variable_goes_before_the_config_and_that_before_the_locale(
    environ: dict[str, str], configured: str | None, spoken: str
) -> None:
    language.speak(configured, environ)
    assert language.spoken() == spoken


@pytest.fixture(autouse=True)
def _english_again() -> None:
    language.speak("en", CRON)


def test_the_config_decides_what_the_locale_does_not(
    run: Run, make_config: MakeConfig, swedish_is_marked: None
) -> None:
    config = make_config(language="sv")
    assert OPEN in run("--config", config, "mailings", "list").out
    assert OPEN not in run("--config", make_config(), "mailings", "list").out


def test_what_is_wrong_before_the_config_is_read_is_told_in_the_locale(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, swedish_is_marked: None
) -> None:
    monkeypatch.setenv("LC_ALL", "sv_SE.UTF-8")
    told = run("--config", tmp_path / "none.toml", "usage")
    assert told.code == 8
    assert OPEN in told.err


@pytest.mark.parametrize(
    "words", [["usage"], ["usage", "--frob"], ["mailings", "show", "7"], ["config", "check"]]
)
def test_json_and_exit_codes_are_the_same_in_every_language(
    words: list[str], run: Run, make_config: MakeConfig, swedish_is_marked: None
) -> None:
    english = run("--config", make_config(language="en"), "--json", *words)
    swedish = run("--config", make_config(language="sv"), "--json", *words)
    assert swedish.code == english.code
    assert swedish.json == english.json


def test_sentences_within_a_sentence_are_translated_and_plurals_chosen(swedish_is_marked: None) -> None:
    parts = say_n("{count} part", "{count} parts", n=2, count="2")
    sentence = say("Cost: {parts}.", parts=parts)
    language.speak("sv", CRON)
    assert language.words(sentence) == f"{OPEN}Cost: {CLOSE}2{OPEN} parts{CLOSE}."
    assert str(sentence) == "Cost: 2 parts."


@pytest.mark.parametrize("wrong", ["{nobody}", "{parts", "{parts.nothing}", "{0}", "{parts:d}"])
def test_a_translation_with_a_wrong_place_falls_back_to_english(
    wrong: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    catalogue = marked()
    catalogue.delete("Cost: {parts}.")
    catalogue.add("Cost: {parts}.", wrong)
    monkeypatch.setattr(language, "CATALOGUES", write(catalogue, tmp_path))
    language.speak("sv", CRON)
    assert language.words(say("Cost: {parts}.", parts="2")) == "Cost: 2."


def test_a_sentence_that_no_catalogue_has_is_shown_in_english(swedish_is_marked: None) -> None:
    language.speak("sv", CRON)
    assert language.words(say("Nobody translates {this}.", this="a test")) == "Nobody translates a test."


def test_without_catalogues_everything_is_in_english(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(language, "CATALOGUES", tmp_path)
    language.speak("sv", CRON)
    assert language.words(say("Cost: {parts}.", parts="2")) == "Cost: 2."
