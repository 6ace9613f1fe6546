"""What a command answers with: data for programs, blocks for people, one exit code for both."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

from smsctl.cli.output.blocks import Block
from smsctl.domain.unsettled import Unsettled
from smsctl.errors import ExitCode, Sentence, SmsctlError, say_n

HINT = "hint"


class Note(NamedTuple):
    """A remark beside the result: `level` is info, warning or error; `code` never changes its meaning."""

    code: str
    level: str
    text: Sentence


def hint(sentence: Sentence) -> Note:
    """Return the note that says what mends it."""
    return Note(code=HINT, level="info", text=sentence)


def notes_of(error: SmsctlError, level: str = "error") -> list[Note]:
    """Return what went wrong as notes: the sentence, each detail, and what mends it."""
    notes = [Note(code=error.code, level=level, text=told) for told in (error.sentence, *error.problems)]
    return [*notes, hint(error.hint)] if error.hint else notes


def warnings_of(left: Unsettled) -> list[Note]:
    """Return what a command that only reads warns of: it changes nothing, and so ends well."""
    return [Note(code="unsettled", level="warning", text=told) for told in left.sentences]


def warning_of_all(unsettled: Mapping[int, int]) -> list[Note]:
    """Return what a command warns of that lists mailings: how many messages are unknown or held in each."""
    if not unsettled:
        return []
    told = say_n(
        "{n} message is unknown or held: see smsctl mailings show {id}",
        "{n} messages are unknown or held, the newest of mailing {id}: see smsctl mailings show {id}",
        n=sum(unsettled.values()),
        id=max(unsettled),
    )
    return [Note(code="unsettled", level="warning", text=told)]


class CommandResult(NamedTuple):
    """The result of one command."""

    data: Mapping[str, object] = MappingProxyType({})
    screen: Sequence[Block] = ()
    summary: Sentence | None = None  # the one line without a terminal, free of personal data
    advice: Sequence[Sentence] = ()  # what to do next; told in a log and in JSON when not all is well
    notes: Sequence[Note] = ()
    said: Sequence[Note] = ()  # what the screen says in its own way, and only the envelope needs as notes
    exit_code: ExitCode = ExitCode.OK
    page: str | None = None  # for standard output as it is, in place of everything else: --csv -
    is_alarm: bool = False  # the site must know, though the command is none of cron's that send
    left: Sequence[Unsettled] = ()  # what it tells of that a person must settle
    is_told_always: bool = False  # also with --quiet, and though all is well
    is_known: bool = False  # it ends so only for what is left of the mailing, which is told once
    is_of_the_ledger: bool = False  # of a rehearsal's own, the screen says first that nothing has left
    overruled: Sequence[Sentence] = ()  # what a person overruled that the site must know of

    def but_for(self, left: Unsettled) -> "CommandResult":
        """Return it as what a command answers with that ends well but for what is left of a mailing."""
        return self._replace(exit_code=left.exit_code, left=(left,), is_known=True)
