"""`smsctl purge`: personal data is removed under a disposal decision."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Annotated

from smsctl.actions.purge import finish_purge, purge
from smsctl.actions.retention import regime_of
from smsctl.cli import dialogue, options, seen
from smsctl.cli.operations import blanking, retention
from smsctl.cli.options import flag, option
from smsctl.cli.output.blocks import TextLine, Tone
from smsctl.cli.output.reply import CommandResult
from smsctl.cli.wiring import Wiring
from smsctl.errors import UsageError, say
from smsctl.ledger import purging
from smsctl.ledger.blanking import WrittenKind
from smsctl.ledger.purging import Decision

EXAMPLES = (
    'smsctl purge --older-than 90d --decision "KS 2026/123" --dry-run',
    'smsctl purge --older-than 90d --decision "KS 2026/123"',
    "smsctl purge --municipality exempelkommun",
    'smsctl purge --hold 12 --reason "asked for by the press"',
    "smsctl purge --release 12",
    "smsctl purge --list",
    "smsctl purge --written",
    'smsctl purge --blank 31 --reason "a number stood there"',
)


_Hold = Annotated[int | None, option("ID", "Keep a mailing from every purge.", min=1, max=options.LARGEST)]
_Release = Annotated[int | None, option("ID", "End such a hold.", min=1, max=options.LARGEST)]
_Blank = Annotated[int | None, option("ID", "Blank such a reason.", min=1, max=options.LARGEST)]
_BlankKey = Annotated[int | None, option("ID", "Blank such a key.", min=1, max=options.LARGEST)]
_Municipality = Annotated[str | None, option("NAME", "Only its data, under its own retention if it has one.")]


def run(
    wiring: Wiring,
    *,
    older_than: Annotated[str | None, option("TIME", "How old: 90d. Without it, [retention] days.")] = None,
    decision: Annotated[str | None, option("TEXT", "The disposal decision that allows it.")] = None,
    municipality: _Municipality = None,
    dry_run: Annotated[bool, flag("--dry-run", "Show what would go; remove nothing.")] = False,
    hold: _Hold = None,
    release: _Release = None,
    listed: Annotated[bool, flag("--list", "Show earlier protocols, and the holds.")] = False,
    written: Annotated[
        bool, flag("--written", "Show the reasons and keys that people wrote, by id.")
    ] = False,
    blank: _Blank = None,
    blank_key: _BlankKey = None,
    reason: options.Reason = None,
    yes: options.Yes = False,
) -> CommandResult:
    """Remove numbers, names and texts of finished mailings, for good; and incoming SMS of that age.

    Counts, parts, money and times stay. A protocol is printed and kept. Nothing is ever removed by itself. A
    municipality with a retention of its own is purged only by its name. Under [senders], who may not see all
    municipalities names one of their own.
    """
    asks = wiring.output.interactive and not yes
    flags = blanking.RemovalFlags(reason=reason, asks=asks, dry_run=dry_run)
    tasks: list[Callable[[], CommandResult]] = [
        *([partial(retention.listed, wiring)] if listed else []),
        *([partial(blanking.listed, wiring)] if written else []),
        *_given(hold, lambda id_: retention.hold(wiring, id_, reason)),
        *_given(release, lambda id_: retention.release(wiring, id_, reason)),
        *_given(blank, lambda id_: blanking.blank(wiring, id_, WrittenKind.REASON, flags)),
        *_given(blank_key, lambda id_: blanking.blank(wiring, id_, WrittenKind.KEY, flags)),
    ]
    if len(tasks) > 1:
        raise UsageError(
            say("Use one of --hold, --release, --list, --written, --blank and --blank-key at a time.")
        )
    if tasks and municipality:
        raise UsageError(say("--municipality goes with a purge alone."))
    if tasks:
        return tasks[0]()
    return _purge(wiring, municipality, older_than, decision, flags)


def _purge(
    wiring: Wiring,
    municipality: str | None,
    older_than: str | None,
    decision: str | None,
    flags: blanking.RemovalFlags,
) -> CommandResult:
    regime = regime_of(wiring.settings, wiring.ledger, municipality)
    with retention.broken_off(wiring):
        has_ended = not flags.dry_run and finish_purge(wiring.ledger)
    if has_ended and older_than is None and regime.retention.days is None:
        return CommandResult(data={"ended_earlier": True}, screen=[_ENDED])
    seen.must_purge(wiring, regime.municipality)
    before = retention.before(wiring, regime, older_than)
    due = purging.due(wiring.ledger, before, regime.reach, wiring.clock.now())
    told = retention.told_before(wiring, regime, due, before)
    if flags.dry_run:
        dry = TextLine(say("Dry run: nothing was removed."), Tone.STRONG)
        return CommandResult(data={"dry_run": True, **told.data}, screen=[*told.screen, dry])
    reference = retention.decision(wiring, regime, decision)
    data: dict[str, object] = {"dry_run": False, "ended_earlier": has_ended, **told.data}
    if due.is_nothing:
        ended = [_ENDED] if has_ended else []
        return told._replace(data={**data, "protocol": None}, screen=[*told.screen, *ended])
    if flags.asks:
        wiring.output.show(told.screen)
        otherwise = say("Not confirmed; nothing was removed.")
        dialogue.confirm(wiring.output, say("Remove this for good?"), otherwise=otherwise)
    decided = Decision(reference=reference, before=before, reach=regime.reach)
    removing = wiring.output.progress(say("Removing"), len(due.mailings))
    with retention.broken_off(wiring), removing as tell:
        done = purge(wiring.ledger, decided, wiring.clock.now(), wiring.actor, tell)
    return retention.told_after(wiring, done, data)


_ENDED = TextLine(
    say("An earlier purge was broken off: what it removed is overwritten in the file now."), Tone.GOOD
)


def _given(id_: int | None, task: Callable[[int], CommandResult]) -> Iterator[Callable[[], CommandResult]]:
    if id_ is not None:
        yield partial(task, id_)
