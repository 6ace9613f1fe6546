"""Screens speak the reader's language; JSON and exit codes never change with it."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer

from smsctl.cli import command_tree, contents
from smsctl.cli.output import language
from smsctl.errors import say, say_n

from ..catalogues import CLOSE, OPEN, english_in, marked, swedish, write
from ..conftest import MakeConfig
from ..front_door import Run

CRON: dict[str, str] = {}  # sets no language at all


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


@pytest.mark.parametrize("words", ["send --frob", "send --help", "--help", "mailings", "mailings frob"])
def test_the_config_decides_for_help_and_for_a_wrong_command_line_too(
    words: str, run: Run, make_config: MakeConfig, swedish_is_marked: None
) -> None:
    assert OPEN in run("--config", make_config(language="sv"), *words.split()).said
    assert OPEN not in run("--config", make_config(), *words.split()).said


def test_a_command_that_is_nearly_one_is_told_in_the_language_too(
    run: Run, make_config: MakeConfig, swedish_is_marked: None
) -> None:
    told = run("--config", make_config(language="sv"), "mailings", "shwo").err
    assert f"{OPEN}'. Did you mean {CLOSE}'show'?" in told


def test_a_default_is_called_so_in_the_language(
    run: Run, make_config: MakeConfig, swedish_is_marked: None
) -> None:
    told = run("--config", make_config(language="sv"), "schedule", "--help").out
    assert f"{OPEN}[default:{CLOSE} cron]" in told


@pytest.mark.parametrize("damage", ["language = 7", "language = ", "language = 'sv'\nlanguage = 'sv'"])
def test_a_config_that_cannot_be_read_keeps_nobody_from_the_help(
    damage: str, run: Run, tmp_path: Path
) -> None:
    path = tmp_path / "config.toml"
    path.write_text(damage, encoding="utf-8")
    ran = run("--config", path, "send", "--help")
    assert (ran.code, ran.out.partition(":")[0]) == (0, "Usage")


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


def test_the_plan_is_read_and_confirmed_in_swedish(
    run: Run, make_config: MakeConfig, message: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(language, "CATALOGUES", write(swedish(), tmp_path))
    config = make_config(language="sv")
    ran = run("--config", config, "send", message, "--group", "vårdnadshavare", stdin="ja\n", terminal=True)
    assert ran.code == 0
    for told in (
        "2 av 3 bland vårdnadshavare, Exempelkommun, får den här texten:",
        "1  har inte godkänt villkoren",
        "2 meddelanden, 2 delar, 0,98 kr. Exempelkommun betalar",
        "[j/N]",
        "2  mottogs av gatewayen",
        "Övning: inget SMS lämnar den här datorn.",
    ):
        assert told in ran.seen


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


def test_a_priority_is_read_in_swedish_too(run: Run, make_config: MakeConfig, message: Path) -> None:
    argv = ("--config", make_config(), "send", message, "--all", "--dry-run", "--priority")
    assert run(*argv, "hög").out == run(*argv, "high").out
    assert "(fastest)" in run(*argv, "hög").out


def test_an_error_before_the_config_is_needed_is_told_in_its_language(
    run: Run, make_config: MakeConfig, swedish_is_marked: None
) -> None:
    argv = ("--config", make_config(language="sv"), "simulator", "--journal", "/nowhere/journal")
    assert OPEN in run(*argv).err


SCREENS = (
    "send message.txt --group guardians --dry-run",
    "send message.txt --group guardians --yes",
    "send greek.txt --all --dry-run --at 2999-12-01T07:30 --validity 4h --priority high",
    "send message.txt --where Grupp=elever --yes --key {date}",
    "send message.txt --where Grupp=elever --yes --key {date}",
    "test +46701740605 hej",
    "usage",
    "usage --municipality exempelkommun",
    "mailings list",
    "mailings show 1",
    "mailings skipped 1",
    "mailings failed 1",
    "mailings resume 1",
    "mailings cancel 1 --reason vm",
    "mailings resolve 1 --not-sent --reason vm",
    "municipality list",
    "municipality order exempelkommun",
    "municipality activate exempelkommun --yes",
    "municipality deactivate exempelkommun",
    "invoices list",
    "invoices export --csv new.csv",
    "recipients check",
    "reports unmatched",
    "inbox list",
    "block add +46701740609 --reason vm",
    "block list",
    "block remove +46701740609",
    "config check",
    "config set sender Skolan",
    "credential check",
    "doctor",
    "ledger check",
    "ledger backup backup.db",
    "purge --older-than 90d --decision vm",
    "purge --list",
)
FAULTS = (
    "",
    "mailings",
    "frob",
    "send",
    "send message.txt",
    "send message.txt --frob",
    "send message.txt --group",
    "send message.txt --all --max-parts ten",
    "send message.txt --all extra",
    "send gone.txt --all",
    "send message.txt --all --recipients gone.csv",
    "send message.txt --group janitors",
    "send message.txt --all --at 1999-01-01T07:30",
    "send message.txt --all --max-parts 1 --strict",
    "test 12 hej",
    "mailings show 99",
    "mailings show first",
    "usage --municipality ankeborg",
    "usage --since yesterday",
    "config set sender Abcdefghijklm",
    "config set sendr Skolan",
    "block add +4670",
    "schedule --at 25:00 -- send message.txt --all",
    "reports poll",
    "purge",
    "purge --blank 99 --reason vm",
    "purge --list --written",
    "purge --municipality ankeborg",
)


@pytest.fixture
def world(tmp_path: Path, make_config: MakeConfig, monkeypatch: pytest.MonkeyPatch) -> Path:
    config = make_config()
    (tmp_path / "message.txt").write_text("hej\n", encoding="utf-8")
    (tmp_path / "greek.txt").write_text("hej Ł\n", encoding="utf-8")
    monkeypatch.setenv("SMSCTL_LANGUAGE", "sv")
    monkeypatch.setenv("SUDO_USER", "kontoret")
    monkeypatch.setenv("COLUMNS", "1000")  # nothing is folded
    monkeypatch.chdir(tmp_path)
    return config


@pytest.mark.parametrize("where", ["log", "terminal"])
def test_nothing_on_a_screen_was_left_untranslated(
    where: str, world: Path, run: Run, swedish_is_marked: None
) -> None:
    for line in (*SCREENS, *FAULTS):
        ran = run("--config", world, *shlex.split(line), terminal=where == "terminal")
        help_page = line in ("", "mailings") and where == "terminal"
        typed = set(re.findall(r"\w+", line))
        assert help_page or not set(english_in(ran.said)) - typed, f"{line}\n{ran.said}"


def wrong_lines(command: str) -> Iterator[str]:
    """Yield command lines that do not fit: unknown flags, missing and unfit values, words too many."""
    yield f"{command} --frobnicate"
    tree = typer.main.get_command(command_tree.build(command, alone=True))
    for word in command.split():
        tree = getattr(tree, "commands", {}).get(word, tree)
    needs_words = False
    for param in tree.params:
        name = next((one for one in param.opts if one.startswith("--")), "")
        if not name:
            needs_words |= param.required
        elif not getattr(param, "is_flag", False):
            yield f"{command} {name}"
            if "int" in param.type.name:
                yield f"{command} {name} tio"
    if needs_words:
        yield command
    else:
        yield f"{command} {' '.join(['x'] * 9)}"


def test_every_command_line_that_is_wrong_is_told_in_the_readers_language(
    world: Path, run: Run, swedish_is_marked: None
) -> None:
    left: list[tuple[str, list[str]]] = []
    for command in contents.COMMANDS:
        for line in wrong_lines(command):
            ran = run("--config", world, *line.split())
            assert ran.code in (2, 8), f"{line}\n{ran.said}"
            typed = set(re.findall(r"\w+", line))
            words = [one for one in english_in(ran.said) if one not in typed and not one.isupper()]
            left += [(line, words)] if words or OPEN not in ran.said else []
    assert left == []


@pytest.mark.parametrize("command", contents.COMMANDS)
def test_no_help_page_has_a_line_that_was_left_untranslated(
    command: str, world: Path, run: Run, swedish_is_marked: None
) -> None:
    page, _, _ = run(*command.split(), "--help").out.partition(f"{OPEN}Examples")
    flags = {word for flag in re.findall(r"--([a-z-]+)", page) for word in flag.split("-")}
    assert not [one for one in english_in(page) if not one.isupper() and one not in flags], page


@pytest.mark.parametrize("group", ["", *contents.GROUPS])
@pytest.mark.parametrize("spoken", ["en", "sv"])
def test_the_list_of_commands_has_room_for_each_line(
    group: str, spoken: str, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SMSCTL_LANGUAGE", spoken)
    listed = run(*group.split(), "--help").out.splitlines()[1:]
    assert not [line for line in listed if line.endswith("...")]
