"""The wizard behind `smsctl config init`: questions, the config file, the secrets, and the first steps.

Each step after the file is a command that can be typed by itself; the wizard only offers it.
"""

import os
from collections.abc import Mapping
from pathlib import Path

import typer

from smsctl.cli import app, dialogue
from smsctl.cli.output.blocks import GAP, Block, TextLine, Tone
from smsctl.cli.output.phrases import mistake
from smsctl.cli.output.reply import CommandResult, Note, notes_of
from smsctl.cli.setup import first_secrets
from smsctl.cli.setup.questions import NONE, Question, answers, refusal
from smsctl.cli.wiring import Wiring
from smsctl.config import places, write
from smsctl.config.keys import Section
from smsctl.config.settings import Mode
from smsctl.config.template import text_of
from smsctl.errors import ConfigError, CredentialError, ExitCode, Sentence, SmsctlError, UsageError, say

_TEST_TEXT = "Test av SMS."


def with_a_person(
    ctx: typer.Context, given: Mapping[str, str | None], extra: Mapping[Section, object]
) -> CommandResult:
    """Ask for what no flag answers, write the config, and offer each first step."""
    wiring: Wiring = ctx.obj
    path = _new_path(wiring)
    output = wiring.output
    if not output.interactive:
        raise UsageError(
            say("There is no terminal to ask on."),
            hint=say("Answer with flags, and add --yes for the example's answers to the rest."),
        )
    output.show(
        [TextLine(say("A dash (-) leaves out what may be left out; Return takes what is in brackets."))]
    )

    chosen: dict[str, str] = {}

    def answer(question: Question) -> str:
        text = given[question.name] or _ask(wiring, question, path, chosen.get("gateway", ""))
        chosen[question.name] = text
        return text

    write.create(path, text_of({**answers(answer, path), **_ledger(path), **extra}))
    wiring = _anew(ctx, path)
    output.show([GAP, TextLine(_written(path), Tone.GOOD)])
    output.show([TextLine(told, Tone.WARN) for told in _not_there_yet(wiring)])
    if _password(ctx, path):
        _offer_login(ctx)
    _offer_test(ctx)
    output.show([GAP])
    if dialogue.agrees(output, say("Send for real from now on?")):
        write.set_value(path, "mode", Mode.LIVE)
        _anew(ctx, path)
        _offer_test(ctx)
        _offer_activation(ctx)
    return _reply(ctx.obj, [])


def by_flags(
    ctx: typer.Context,
    given: Mapping[str, str | None],
    extra: Mapping[Section, object],
    *,
    password_on_stdin: bool,
) -> CommandResult:
    """Write the config out of flags and the example's answers; ask nothing, contact nothing."""
    path = _new_path(ctx.obj)
    values = answers(lambda question: given[question.name] or question.default, path)
    password = dialogue.secret(say("Password: ")) if password_on_stdin else None
    write.create(path, text_of({**values, **_ledger(path), **extra}))
    wiring = _anew(ctx, path)
    shown: list[Block] = [TextLine(_written(path), Tone.GOOD)]
    notes, code = (
        [Note(code="warning", level="warning", text=told) for told in _not_there_yet(wiring)],
        ExitCode.OK,
    )
    try:
        if password:
            shown.append(_kept(first_secrets.keep_password(wiring, password)))
    except CredentialError as error:
        notes, code = [*notes, *notes_of(error)], error.exit_code
    try:
        if made := first_secrets.make_reports_secret(wiring):
            shown.append(_kept_address(made))
    except CredentialError as error:
        notes += notes_of(error, "warning")
    return _reply(wiring, shown)._replace(notes=notes, exit_code=code)


def _new_path(wiring: Wiring) -> Path:
    path = places.for_new(wiring.flags.config, os.environ)
    if os.path.lexists(path):
        raise ConfigError(
            say("{path} is there already and is not overwritten.", path=path),
            hint=say("Change it with: smsctl config set KEY VALUE"),
        )
    return path


def _ledger(config: Path) -> dict[Section, object]:
    """Write where the ledger lies, in full; one that an earlier config of that name has left is kept."""
    places_of_it = (places.default_ledger(config), *places.earlier_ledgers(config))
    there = (path for path in places_of_it if os.path.lexists(path))
    return {("ledger", "path"): str(next(there, places_of_it[0]))}


def _ask(wiring: Wiring, question: Question, path: Path, gateway: str) -> str:
    output = wiring.output
    output.show([GAP, TextLine(question.about, Tone.FAINT)])
    if question.choices:
        return dialogue.ask_choice(output, question.title, question.choices, default=question.default)

    def refuse(text: str) -> Sentence | None:
        return refusal(question, text, path, gateway)

    return dialogue.ask_text(output, question.title, default=question.default, refuse=refuse)


def _anew(ctx: typer.Context, path: Path) -> Wiring:
    """Let the commands that follow read the config as it now is."""
    before: Wiring = ctx.obj
    wiring = before.open.enter_context(Wiring(before.flags._replace(config=path), before.output))
    wiring.output.mode = wiring.settings.mode
    ctx.obj = wiring
    return wiring


def _password(ctx: typer.Context, path: Path) -> bool:
    """Ask for the password and keep it, in a file where no keyring can be reached; say whether it is kept."""
    wiring: Wiring = ctx.obj
    output = wiring.output
    output.show([GAP, TextLine(say("The password goes to the keyring, never into the config."), Tone.FAINT)])
    password = dialogue.secret(say("Password of the account (not shown; empty: later): "))
    if not password:
        output.show([TextLine(say("Store it later with: smsctl credential set"))])
        return False
    try:
        place = first_secrets.keep_password(wiring, password)
    except CredentialError as error:
        output.show([TextLine(error.sentence, Tone.WARN)])
        beside = first_secrets.file_beside(path, "gateway")
        question = say("Keep it in {path} instead, which only this user can read?", path=beside)
        if not dialogue.agrees(output, question):
            output.show([TextLine(error.hint)] if error.hint else ())
            return False
        first_secrets.move_to_files(path)
        wiring = _anew(ctx, path)
        place = first_secrets.keep_password(wiring, password)
    output.show([_kept(place)])
    made = first_secrets.make_reports_secret(wiring)
    output.show([_kept_address(made)] if made else ())
    return True


def _offer_login(ctx: typer.Context) -> None:
    wiring: Wiring = ctx.obj
    wiring.output.show([GAP])
    if not dialogue.agrees(wiring.output, say("Log in at the gateway now? Nothing is sent.")):
        return
    live = _anew(ctx, wiring.config_path)
    live.settings = live.settings._replace(mode=Mode.LIVE)  # a person has said so, for this one login
    _step(live, "gateway probe")
    ctx.obj = wiring


def _offer_test(ctx: typer.Context) -> None:
    wiring: Wiring = ctx.obj
    about = (
        say("A test SMS can be rehearsed: nothing leaves this machine.")
        if wiring.simulated
        else say("A test SMS is sent for real, and costs its part.")
    )
    wiring.output.show([GAP, TextLine(about, Tone.FAINT)])
    number = dialogue.ask_text(wiring.output, say("Mobile number for a test SMS"), default=NONE)
    if number != NONE:
        _step(wiring, "test", "--", number, _TEST_TEXT)


def _offer_activation(ctx: typer.Context) -> None:
    wiring: Wiring = ctx.obj
    _, payer = wiring.municipality(None)
    if payer.in_packages:
        wiring.output.show([GAP])
        _step(wiring, "municipality activate", payer.key)


def _step(wiring: Wiring, command: str, *words: str) -> None:
    """Run a command as if it had been typed; what goes wrong is told, and the wizard goes on."""
    try:
        done = app.answer_to(command, [*command.split(), *words], wiring, alone=True)
    except SmsctlError as error:
        wiring.output.show(mistake(error, Tone.WARN))
    else:
        if isinstance(done, CommandResult):
            wiring.output.show([*(TextLine(note.text, Tone.WARN) for note in done.notes), *done.screen])


def _reply(wiring: Wiring, shown: list[Block]) -> CommandResult:
    settings = wiring.settings
    path = settings.path
    later = (
        [] if settings.mode is Mode.LIVE else [TextLine(say("For real, later: smsctl config set mode live"))]
    )
    after: list[Block] = [
        GAP,
        *later,
        TextLine(say("See what a mailing would do: smsctl send --group guardians message.txt --dry-run")),
        TextLine(say("See whether cron could do it: smsctl doctor --as-cron")),
    ]
    data = {
        "path": str(path),
        "municipality": settings.default_municipality,
        "gateway": settings.gateway.module,
    }
    return CommandResult(data=data, screen=[*shown, *after], summary=_written(path))


def _written(path: Path) -> Sentence:
    return say("{path} is written, in simulate mode.", path=path)


def _not_there_yet(wiring: Wiring) -> list[Sentence]:
    """Say that the recipients file is missing: perhaps it is still to be exported, perhaps mistyped."""
    path = wiring.settings.recipients
    if path is None or path.exists():
        return []
    return [say("The recipients file {path} does not exist yet.", path=path)]


def _kept(place: Sentence) -> TextLine:
    return TextLine(say("The password is kept in: {place}", place=place), Tone.GOOD)


def _kept_address(place: Sentence) -> TextLine:
    return TextLine(
        say("The secret part of the address for delivery reports is in: {place}", place=place), Tone.GOOD
    )
