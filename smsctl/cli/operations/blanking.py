"""What people wrote into the ledger, listed by id; and the blanking of it."""

from collections.abc import Sequence
from typing import NamedTuple

from smsctl.actions.purge import blank as blank_words
from smsctl.actions.purge import finish_purge
from smsctl.cli import dialogue, numbers, seen
from smsctl.cli.operations.retention import broken_off
from smsctl.cli.output import audited, figures
from smsctl.cli.output.blocks import Block, Text, TextLine, Tone
from smsctl.cli.output.fields import Field, data_of, table_of, time_of
from smsctl.cli.output.reply import CommandResult
from smsctl.cli.wiring import Wiring
from smsctl.domain.cells import may_hold_a_name
from smsctl.domain.spelling import veil_numbers
from smsctl.errors import UsageError, joined, say, say_n
from smsctl.ledger import blanking
from smsctl.ledger.blanking import Written, WrittenKind

_KINDS = {WrittenKind.REASON: say("reason"), WrittenKind.KEY: say("key")}
_HOLDS = {"number": say("a number"), "name": say("perhaps a name")}
_SHORTEST = 4  # what is shorter stands within many another word


class RemovalFlags(NamedTuple):
    """How a removal is to be gone about."""

    reason: str | None
    asks: bool
    dry_run: bool


def listed(wiring: Wiring) -> CommandResult:
    """Tell what people wrote; a number in it is hidden as everywhere."""
    seen.must_see_all(wiring)
    found = blanking.written(wiring.ledger)
    return CommandResult(
        data={"written": [data_of(_fields(wiring), one) for one in found]},
        screen=_screen(wiring, found) if found else [TextLine(say("Nobody has written a reason or a key."))],
    )


def blank(wiring: Wiring, row: int, kind: WrittenKind, flags: RemovalFlags) -> CommandResult:
    """Blank the words in a row of the audit, and wherever else the same stand."""
    seen.must_see_all(wiring)
    what = blanking.find(wiring.ledger, row, kind)
    if what is None:
        finish_purge(wiring.ledger)
        told = TextLine(say("What stood in row {id} of the audit is blanked already.", id=row), Tone.GOOD)
        return CommandResult(data={"blanked": None}, screen=[told])
    data = {"dry_run": flags.dry_run, "blanked": data_of(_fields(wiring), what)}
    planned = _screen(wiring, [what])
    if flags.dry_run:
        return CommandResult(
            data=data, screen=[*planned, TextLine(say("Dry run: nothing was removed."), Tone.STRONG)]
        )
    why = _why(flags, what)
    if flags.asks:
        wiring.output.show(planned)
        otherwise = say("Not confirmed; nothing was removed.")
        dialogue.confirm(wiring.output, say("Blank this for good?"), otherwise=otherwise)
    with broken_off(wiring):
        blank_words(wiring.ledger, what, wiring.clock.now(), wiring.actor, why)
    n = what.rows
    done = say_n("Blanked, in {n} row.", "Blanked, in {count} rows.", n=n, count=figures.count(n))
    renamed = [TextLine(_RENAME)] if kind is WrittenKind.KEY else []
    return CommandResult(data=data, screen=[TextLine(done, Tone.GOOD), *renamed])


_RENAME = say(
    "Its runs are known by a hash, and none is sent again. Where a crontab line still has the name, change it"
    " between two runs: under another name the same slot counts as another mailing."
)


def _why(flags: RemovalFlags, what: Written) -> str:
    """Return why it is blanked. Raises UsageError where that is missing, or says it all again."""
    why = flags.reason
    if not why:
        raise UsageError(say("A blanking needs a reason, for the audit."), hint=say("Add: --reason TEXT"))
    words, told = what.text.casefold(), why.casefold()
    says_it_again = words == told or (len(words) >= _SHORTEST and words in told)
    if says_it_again or veil_numbers(why) != why:
        raise UsageError(say("The reason must not hold a number, or the words that are blanked."))
    return why


def _may_hold(written: Written) -> list[str]:
    found = {"number": veil_numbers(written.text) != written.text, "name": may_hold_a_name(written.text)}
    return [what for what, there in found.items() if there]


def _fields(wiring: Wiring) -> list[Field[Written]]:
    return [
        Field("id", lambda one: one.id, say("ID")),
        time_of("at", lambda one: one.at, say("When"), wiring.settings.time_zone),
        Field("user", lambda one: one.user, say("Who")),
        Field("kind", lambda one: one.kind, say("What"), _KINDS.__getitem__),
        Field("action", lambda one: one.action, say("Of what"), audited.action),
        Field("subject", lambda one: numbers.shown_text(wiring, one.subject)),
        Field("rows", lambda one: one.rows, say("Rows"), figures.count, right=True),
        Field("text", lambda one: numbers.shown_text(wiring, one.text), say("Words")),
        Field("may_hold", _may_hold, say("May hold"), _held),
    ]


def _held(kinds: Sequence[str]) -> Text:
    return joined(*(_HOLDS[one] for one in kinds)) if kinds else ""


def _screen(wiring: Wiring, written: Sequence[Written]) -> list[Block]:
    told = say("A name cannot be told from other words: read them. Blank with --blank ID, or --blank-key ID.")
    return [table_of(_fields(wiring), written), TextLine(told)]
