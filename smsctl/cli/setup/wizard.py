"""The wizard behind `smsctl config init`: questions, the config file, the secrets, and the first steps.

Each step after the file is a command that can be typed by itself; the wizard only offers it.
"""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import typer

from smsctl.cli import dialogue
from smsctl.cli.output import language
from smsctl.cli.output.blocks import GAP, Block, TextLine, Tone
from smsctl.cli.output.reply import CommandResult, Note, notes_of
from smsctl.cli.setup import first_steps
from smsctl.cli.setup.questions import Question, answers, refusal
from smsctl.cli.wiring import Wiring
from smsctl.config import places, write
from smsctl.config.keys import Section
from smsctl.config.settings import Mode
from smsctl.config.template import text_of
from smsctl.errors import ConfigError, CredentialError, ExitCode, Sentence, UsageError, say


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
    interview = Interview(wiring, path, given)
    values = answers(interview.answer, path)
    if interview.examples and interview.shall_be_replaced():
        values = answers(interview.once_more, path)
    write.create(path, text_of({**values, **_everywhere(path), **extra}))
    wiring = first_steps.anew(ctx, path)
    output.show([GAP, TextLine(_written(path), Tone.GOOD)])
    output.show([TextLine(told, Tone.WARN) for told in _to_be_known(wiring)])
    if interview.examples:
        output.show([TextLine(_for_rehearsals(interview.examples), Tone.WARN)])
        first_steps.rehearse(ctx)
    elif first_steps.password(ctx, path):
        first_steps.go_live(ctx, path)
    else:
        first_steps.rehearse(ctx)
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
    password = dialogue.secret(ctx.obj.output, say("Password: ")) if password_on_stdin else None
    write.create(path, text_of({**values, **_everywhere(path), **extra}))
    wiring = first_steps.anew(ctx, path)
    shown: list[Block] = [TextLine(_written(path), Tone.GOOD)]
    notes, code = (
        [Note(code="warning", level="warning", text=told) for told in _to_be_known(wiring)],
        ExitCode.OK,
    )
    try:
        if password:
            shown.append(first_steps.kept(first_steps.keep_password(wiring, password)))
    except CredentialError as error:
        notes, code = [*notes, *notes_of(error)], error.exit_code
    try:
        if made := first_steps.make_reports_secret(wiring):
            shown.append(first_steps.kept_address(made))
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


def _everywhere(config: Path) -> dict[Section, object]:
    """Return what nobody is asked: the language that was spoken, and where the ledger lies, in full.

    A ledger that an earlier config of that name has left is kept.
    """
    places_of_it = (places.default_ledger(config), *places.earlier_ledgers(config))
    there = (path for path in places_of_it if os.path.lexists(path))
    spoken = language.spoken()
    own: dict[Section, object] = {} if spoken == "en" else {("language",): spoken}
    return {**own, ("ledger", "path"): str(next(there, places_of_it[0]))}


class Interview:
    """The questions to one person, and which were answered with the example's answer."""

    def __init__(self, wiring: Wiring, path: Path, given: Mapping[str, str | None]) -> None:
        """Ask nothing yet."""
        self.examples: list[Question] = []
        self._output, self._path, self._given = wiring.output, path, given
        self._chosen: dict[str, str] = {}

    def answer(self, question: Question) -> str:
        """Return the flag's answer, the person's, or the example's; of the last is kept a note."""
        text = self._given[question.name] or self._ask(question, question.default)
        if not text:
            self.examples.append(question)
        self._chosen[question.name] = text or question.default
        return self._chosen[question.name]

    def shall_be_replaced(self) -> bool:
        """Say which answers are the example's, and ask whether the person has others."""
        self._output.show([GAP, TextLine(_for_rehearsals(self.examples), Tone.WARN)])
        return dialogue.agrees(self._output, say("Type your own now?"))

    def once_more(self, question: Question) -> str:
        """Return the answer that was given; of the example's, ask for another, which may still be empty."""
        if question not in self.examples:
            return self._chosen[question.name]
        text = self._ask(question, "")
        if text:
            self.examples.remove(question)
            self._chosen[question.name] = text
        return self._chosen[question.name]

    def _ask(self, question: Question, default: str) -> str:
        output = self._output
        output.show([GAP, TextLine(question.about, Tone.FAINT)])
        if question.choices:
            names = write.GATEWAY_NAMES
            return dialogue.ask_choice(output, question.title, question.choices, default=default, also=names)

        def refuse(text: str) -> Sentence | None:
            return refusal(question, text, self._path, self._chosen.get("gateway", "")) if text else None

        if question.is_example:
            return dialogue.ask_text(output, question.title, example=default, refuse=refuse)
        return dialogue.ask_text(output, question.title, default=default, refuse=refuse)


def _reply(wiring: Wiring, shown: list[Block]) -> CommandResult:
    settings = wiring.settings
    path = settings.path
    later = () if settings.mode is Mode.LIVE else first_steps.STILL_TO_DO
    after: list[Block] = [
        GAP,
        *map(TextLine, later),
        TextLine(say("See what a mailing would do, asked step by step: smsctl send --dry-run")),
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


def _to_be_known(wiring: Wiring) -> list[Sentence]:
    """Say which config is no longer found, and that the recipients file is missing: perhaps mistyped."""
    path, told = wiring.settings.recipients, []
    if hidden := places.hidden_by(wiring.config_path):
        told.append(say("This user's commands read it from now on, and no longer {path}.", path=hidden))
    if path is not None and not path.exists():
        told.append(say("The recipients file {path} does not exist yet.", path=path))
    return told


def _for_rehearsals(examples: Sequence[Question]) -> Sentence:
    titles = ", ".join(language.words(one.title) for one in examples)
    return say("These are the example's, and do for rehearsals only: {titles}.", titles=titles)
