"""`smsctl purge`: personal data is removed under a disposal decision."""

from collections.abc import Sequence
from typing import Annotated

import typer

from smsctl.actions.purge import finish_purge, purge
from smsctl.cli import dialogue, options
from smsctl.cli.operations import purge_screen as render
from smsctl.cli.operations import retention
from smsctl.cli.output.blocks import Block, TextLine, Tone
from smsctl.cli.output.reply import CommandResult
from smsctl.cli.wiring import Wiring
from smsctl.errors import UsageError, say
from smsctl.ledger import purging
from smsctl.ledger.purging import Decision, Due

EXAMPLES = (
    'smsctl purge --older-than 90d --decision "KS 2026/123" --dry-run',
    'smsctl purge --older-than 90d --decision "KS 2026/123"',
    'smsctl purge --hold 12 --reason "asked for by the press"',
    "smsctl purge --release 12",
    "smsctl purge --list",
)


def run(
    ctx: typer.Context,
    *,
    older_than: Annotated[
        str | None, typer.Option(metavar="TIME", help="How old: 90d. Without it, [retention] days.")
    ] = None,
    decision: Annotated[
        str | None, typer.Option(metavar="TEXT", help="The disposal decision that allows it.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would go; remove nothing.")] = False,
    hold: Annotated[int | None, typer.Option(metavar="ID", help="Keep a mailing from every purge.")] = None,
    release: Annotated[int | None, typer.Option(metavar="ID", help="End such a hold.")] = None,
    listed: Annotated[bool, typer.Option("--list", help="Show earlier protocols, and the holds.")] = False,
    reason: options.Reason = None,
    yes: options.Yes = False,
) -> CommandResult:
    """Remove numbers, names and texts of finished mailings, for good; and incoming SMS of that age.

    Counts, parts, money and times stay. A protocol is printed and kept. Nothing is ever removed by itself.
    """
    wiring: Wiring = ctx.obj
    if sum((hold is not None, release is not None, listed)) > 1:
        raise UsageError(say("Use one of --hold, --release and --list at a time."))
    if listed:
        return retention.listed(wiring)
    if hold is not None:
        return retention.hold(wiring, hold, reason)
    if release is not None:
        return retention.release(wiring, release, reason)
    before = retention.before(wiring, older_than)
    due = purging.due(wiring.ledger, before, wiring.clock.now())
    planned = render.planned(due, before, wiring.settings.time_zone, simulated=wiring.simulated)
    if dry_run:
        told = TextLine(say("Dry run: nothing was removed."), Tone.STRONG)
        return CommandResult(data={"dry_run": True, "due": render.due_data(due)}, screen=[*planned, told])
    decided = Decision(reference=retention.decision(wiring, decision), before=before)
    if due.is_nothing:
        return _nothing(wiring, due, planned)
    if wiring.output.interactive and not yes:
        wiring.output.show(planned)
        otherwise = say("Not confirmed; nothing was removed.")
        dialogue.confirm(wiring.output, say("Remove this for good?"), otherwise=otherwise)
    with wiring.output.progress(say("Removing"), len(due.mailings)) as tell:
        done = purge(wiring.ledger, decided, wiring.clock.now(), wiring.actor, tell)
    data = {
        "dry_run": False,
        "due": render.due_data(done.due),
        "protocol": render.protocol_data(done.protocol),
    }
    return CommandResult(data=data, screen=render.done(done.protocol, done.due, wiring.settings.time_zone))


def _nothing(wiring: Wiring, due: Due, planned: Sequence[Block]) -> CommandResult:
    screen = [*planned]
    if finish_purge(wiring.ledger):
        told = say("An earlier purge was broken off: what it removed is overwritten in the file now.")
        screen.append(TextLine(told, Tone.GOOD))
    return CommandResult(
        data={"dry_run": False, "due": render.due_data(due), "protocol": None}, screen=screen
    )
