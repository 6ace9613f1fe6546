"""The way in: `main(argv)` runs one command and returns the exit code; the one place that catches errors.

Read on in `contents` (what there is), then `mailings/send.py`, `domain/plan.py`, `actions/send.py`.
"""

import io
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext, redirect_stdout
from functools import partial
from itertools import takewhile
from typing import Any, NoReturn, TypeVar

import typer

from smsctl import __version__
from smsctl.cli import command_tree, contents, flags, options
from smsctl.cli.flags import Flags
from smsctl.cli.output import language
from smsctl.cli.output.output import Output
from smsctl.cli.output.reply import CommandResult
from smsctl.errors import ExitCode, InputError, InterruptionError, SmsctlError, UsageError, say, worst
from smsctl.host import process

T = TypeVar("T")

_RUN_BY_CRON = ("send", "mailings resume", "mailings retry")  # and by scripts
_LOOK_BACK = (*_RUN_BY_CRON, "reports listen", "reports poll")  # and tell what earlier runs could not
_UPKEEP = ("ledger backup", "purge")  # cron's as well: that the backups end is seen only when one is needed
_TELL_ONLY = frozenset(
    {"--dry-run", "--addresses", "--list", "--written", "--preview"}
)  # with these, a command that does something only tells
_MAY_BE_DONE = say("It may be done all the same: typed again, the command tells.")


def main(argv: Sequence[str]) -> int:
    """Run one command; everything that can go wrong becomes a sentence and an exit code."""
    if None in (sys.stdin, sys.stdout, sys.stderr):
        process.open_closed_streams()
    language.speak(None, os.environ)
    language.name_the_config(None, ())
    try:
        asked, rest = flags.take(argv)
        language.name_the_config(asked.config, contents.FIRST_WORDS)
    except UsageError as error:
        output = Output("", json="--json" in argv)
        return output.end(output.fail(error), is_product=False)
    output = Output(
        command_in(rest),
        json=asked.json,
        quiet=asked.quiet,
        verbose=asked.verbose,
        simulate=asked.simulate,
        yes=asked.yes,
        beforehand=partial(asked.unasked_command, (), by_a_person=False),
    )
    if rest == ["--version"]:
        output.tell(CommandResult(data={"version": __version__}, page=f"smsctl {__version__}\n"))
        return output.end(ExitCode.OK, is_product=True)
    if names_no_command(rest):
        return _show_what_there_is(rest, asked, output)
    return _run(rest, asked, output)


def _show_what_there_is(group: Sequence[str], asked: Flags, output: Output) -> int:
    """Show a person the page of help, and tell anybody else what may come next."""
    if output.interactive:
        return _run([*group, "--help"], asked, output) or ExitCode.USAGE
    _speak_as_configured(asked)
    typed, page = (" ".join([program, *group]) for program in ("smsctl", language.program()))
    missing = say("{page} needs one of: {words}.", page=typed, words=", ".join(words_after(group)))
    unnamed = UsageError(missing, hint=say("See: {page} --help", page=page))
    return output.end(output.fail(unnamed), is_product=False)


def _run(words: Sequence[str], asked: Flags, output: Output) -> int:
    """Run the command, let the site know, tell the result. What fails on the way never hides the result."""
    with process.stopped_by_signals(output.stopping.hear):
        output.leaves_no_trace = "--dry-run" in _before_the_dashes(words)
        ended = _caught(partial(_answer, words, asked, output), output, patience=1)
        if isinstance(ended, SmsctlError):  # something was wrong before the config was read
            _speak_as_configured(asked)
        if not _asks_for_help(output.command, words):  # a page is no run
            failed = _caught(partial(_let_know, asked, output, ended), output, patience=2)
            if failed:
                output.insist(say("Nobody was told of this run: {reason}", reason=failed.sentence))
        codes = [ended.exit_code]
        untold = _caught(partial(_tell, ended, output), output)
        if untold:
            codes.append(untold.exit_code)
            _caught(partial(output.fail, untold), output)
        code = ExitCode(output.end(worst(codes), is_product=_is_product(ended, output.command, words)))
        output.log.end(code, output.mode, _facts(ended))
        return code


def _tell(ended: CommandResult | SmsctlError, output: Output) -> None:
    if isinstance(ended, CommandResult):
        output.tell(ended)
    else:
        output.fail(ended)


def _speak_as_configured(asked: Flags) -> None:
    from smsctl.config import places

    language.speak(places.language(asked.config, os.environ), os.environ)


def _facts(ended: CommandResult | SmsctlError) -> dict[str, object]:
    """Return what the log tells of a command's end: counts, and never whom it was about."""
    if isinstance(ended, SmsctlError):
        return {"error": ended.code}
    mailing, outcome = ended.data.get("mailing"), ended.data.get("outcome")
    return {
        **({"mailing": mailing} if isinstance(mailing, int) else {}),
        **({"outcome": dict(outcome)} if isinstance(outcome, Mapping) else {}),
    }


def _caught(act: Callable[[], T], output: Output, *, patience: int = 0) -> T | SmsctlError:
    """Do it; return what came of it, or what went wrong, whatever was raised.

    `patience`: how often it must be asked to end to be broken off; 0: it cannot be.
    """
    try:
        with output.stopping.after(patience):
            return act()
    except (Exception, KeyboardInterrupt, SystemExit) as error:  # noqa: BLE001 - a bug gets a sentence too
        return _told(error, output)


def _answer(words: Sequence[str], asked: Flags, output: Output) -> CommandResult:
    """Run the command and return its reply; a help page is written at once."""
    command, page = output.command, io.StringIO()
    is_help = _asks_for_help(command, words)
    options.show_rescue(shown=asked.verbose)
    if is_help:
        _speak_as_configured(asked)
    with (
        _wiring(asked, output, is_help=is_help) as wiring,
        redirect_stdout(page) if is_help else nullcontext(),
    ):
        answer = answer_to(command, words, wiring, alone=_is_settled(command, words), is_help=is_help)
    if isinstance(answer, CommandResult):
        return answer
    from smsctl.cli import help_page

    output.write(help_page.translated(page.getvalue()))
    return CommandResult(exit_code=ExitCode(answer or ExitCode.OK))


def answer_to(
    command: str, words: Sequence[str], wiring: object, *, alone: bool, is_help: bool = False
) -> CommandResult | int | None:
    """Run a command as if the words had been typed, and return what it answers; it raises what it raises."""
    if alone and not is_help:
        tree: Callable[..., Any] = command_tree.to_run(command)
    else:
        tree = typer.main.get_command(command_tree.build(command, alone=alone))
    if is_help:
        from smsctl.cli import help_page

        help_page.translate(tree)
    answer: CommandResult | int | None = tree(
        args=list(words), prog_name="smsctl", standalone_mode=False, obj=wiring
    )
    if answer == ExitCode.INTERRUPTED:  # what Typer makes of it, without a word
        raise KeyboardInterrupt
    return answer


def _is_product(ended: CommandResult | SmsctlError, command: str, words: Sequence[str]) -> bool:
    """Say whether the output is all that the command was run for."""
    return isinstance(ended, CommandResult) and (
        ended.page is not None
        or command in contents.TELLS_ONLY
        or _asks_for_help(command, words)
        or not _TELL_ONLY.isdisjoint(_before_the_dashes(words))
    )


def _let_know(asked: Flags, output: Output, ended: CommandResult | SmsctlError) -> None:
    """Let the site know of a bad end of cron's run, and of what earlier runs have left untold."""
    if output.leaves_no_trace:  # nobody has missed anything by it
        return
    reply = ended if isinstance(ended, CommandResult) else CommandResult()
    is_bad = output.command in (*_RUN_BY_CRON, *_UPKEEP) and ended.exit_code is not ExitCode.OK
    looks_back = output.command in _LOOK_BACK
    if is_bad or reply.overruled or reply.is_alarm or any(reply.left) or looks_back:
        from smsctl.cli import notify

        notify.after(asked, output, ended, is_bad=is_bad)


def names_no_command(words: Sequence[str]) -> bool:
    """Say whether the words stop before a command: none at all, or only a group's name."""
    is_group = len(words) == 1 and words[0] in contents.GROUPS
    return not words or (is_group and words[0] not in contents.COMMANDS)


def command_in(words: Sequence[str]) -> str:
    """Return the command that the words name: `send`, `mailings list`; empty when they name none."""
    named = [word for word in words if not word.startswith("-")][:2]
    if " ".join(named) in contents.COMMANDS:
        return " ".join(named)
    return named[0] if named and named[0] in contents.COMMANDS else ""


def words_after(group: Sequence[str]) -> list[str]:
    """Return what may come next: a command or a group; behind a group, the last words of its commands."""
    if not group:
        alone = [name for name in contents.COMMANDS if " " not in name]
        return [*alone, *(name for name in contents.GROUPS if name not in alone)]
    return [name.partition(" ")[2] for name in contents.COMMANDS if name.startswith(f"{group[0]} ")]


def _is_settled(command: str, words: Sequence[str]) -> bool:
    """Say whether the words begin with the command; then no help page that lists the others can follow."""
    return bool(command) and list(words[: command.count(" ") + 1]) == command.split()


def _asks_for_help(command: str, words: Sequence[str]) -> bool:
    return not command or not command_tree.HELP_OPTIONS.isdisjoint(_before_the_dashes(words))


def _before_the_dashes(words: Sequence[str]) -> set[str]:
    return set(takewhile(lambda word: word != "--", words))  # what follows is for another command


def _wiring(asked: Flags, output: Output, *, is_help: bool) -> AbstractContextManager[object]:
    """Return the wiring; a help page needs none, and then none of it is loaded."""
    if is_help:
        return nullcontext(_NoWiring())
    from smsctl.cli.wiring import Wiring

    return Wiring(asked, output)


class _NoWiring:
    """What a command is given where a help page was expected: `--column --help` takes it for a value."""

    def __getattr__(self, name: str) -> NoReturn:
        """Say so, whatever the command asks for."""
        raise UsageError(say("--help stands where a value should."), hint=say("Put --help last."))


def _told(error: BaseException, output: Output) -> SmsctlError:
    """Return what is told of an exception; what nobody foresaw is a bug of ours."""
    match error:
        case InterruptionError():
            return output.stopping.told(error.sentence, error.hint)
        case SmsctlError():
            return error
        case typer.TyperException():
            from smsctl.cli import typer_words

            return typer_words.misuse(error.format_message(), output.command)
        case FileNotFoundError() if not process.has_a_folder():
            hint = say("Change to a folder that exists, and run it again.")
            return InputError(say("The folder that this was started in is gone."), hint=hint)
    # What was being loaded may have made another error of an interruption.
    is_interrupted = isinstance(error, KeyboardInterrupt | typer.Abort) or output.stopping.by
    if is_interrupted:
        return output.interrupted(_MAY_BE_DONE if output.command in contents.WRITES else None)
    return output.own_up(error)
