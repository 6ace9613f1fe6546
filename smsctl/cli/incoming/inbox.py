"""`smsctl inbox …`: incoming SMS, the newest first, and one in full."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Annotated

from smsctl.actions.sender_rights import must_see_incoming
from smsctl.cli import numbers, options, seen
from smsctl.cli.incoming import inbox_screen as render
from smsctl.cli.incoming import names_by_number
from smsctl.cli.options import argument, flag, option
from smsctl.cli.output.export import write_json
from smsctl.cli.output.reply import CommandResult
from smsctl.cli.wiring import Wiring
from smsctl.ledger import inbox

EXAMPLES = {
    "list": ("smsctl inbox list", "smsctl inbox list --other", "smsctl inbox list --export inbox.json"),
    "show": ("smsctl inbox show 3", "smsctl inbox show 3 --json --show-numbers"),
}

_SHOWN = 50


def run_list(
    wiring: Wiring,
    *,
    most: Annotated[
        int | None,
        option("MESSAGES", "The newest so many; else 50, and all in a file.", min=1, max=options.LARGEST),
    ] = None,
    other: Annotated[bool, flag("--other", "Those with another endpoint code, and only those.")] = False,
    export: Annotated[
        Path | None, option("FILE", "Write them as JSON, with full numbers (mode 0600).")
    ] = None,
    replace: options.Replace = False,
) -> CommandResult:
    """List incoming SMS: when, from whom, and how they begin; a known sender by name."""
    wiring.names(write=(export,), replace=replace)
    endpoint = wiring.settings.gateway.endpoint
    total, wanted = _newest(wiring, most or (None if export else _SHOWN), other=other)
    names = names_by_number.names_of(wiring, {row.message.sender for row in wanted}, seen.seen_by(wiring))
    page = None
    if export:
        senders = [(row, row.message.sender) for row in wanted]
        found = [render.data(row, sender, names.get(sender), endpoint) for row, sender in senders]
        page = write_json(export, found, replace=replace)
    shown = partial(numbers.shown_sender, wiring)
    rows = [_veiled(wiring, row) for row in wanted[: most or _SHOWN]]
    doubtful = 0 if other else render.doubtful(_newest(wiring, _SHOWN, other=True)[1], endpoint)
    return CommandResult(
        data={
            "total": total,
            "inbox": [
                render.data(row, shown(row.message.sender), names.get(row.message.sender), endpoint)
                for row in rows
            ],
            "may_mean_stop_elsewhere": doubtful,
        },
        page=page,
        screen=[
            *seen.limits(wiring, seen.seen_by(wiring)),
            *render.listed(rows, total, names, shown, wiring.settings.time_zone, endpoint),
            *render.elsewhere(doubtful),
        ],
        is_of_the_ledger=True,
    )


def _newest(wiring: Wiring, most: int | None, *, other: bool) -> tuple[int, Sequence[inbox.InboxRow]]:
    """Return how many SMS there are that this user may see, and the newest; None: all of them."""
    ledger, total = wiring.ledger, inbox.count(wiring.ledger, other=other)
    if seen.seen_by(wiring) is None:
        return total, inbox.newest(ledger, most=total if most is None else most, other=other)
    theirs = seen.incoming(wiring, inbox.newest(ledger, most=total, other=other))
    return len(theirs), theirs[:most]


def _veiled(wiring: Wiring, row: inbox.InboxRow) -> inbox.InboxRow:
    text = numbers.shown_text(wiring, row.message.text)
    return row._replace(message=numbers.shown_incoming(wiring, row.message, text=text))


def run_show(
    wiring: Wiring,
    number: Annotated[int, argument("ID", "The number in: smsctl inbox list", min=1, max=options.LARGEST)],
) -> CommandResult:
    """Show one incoming SMS in full: who, when, and the whole text."""
    row = inbox.get(wiring.ledger, number)
    must_see_incoming(row.id, seen=bool(seen.incoming(wiring, [row])))
    sender = row.message.sender
    row = row._replace(message=numbers.shown_incoming(wiring, row.message, text=row.message.text))
    name = names_by_number.names_of(wiring, {sender}, seen.seen_by(wiring)).get(sender)
    shown = numbers.shown_sender(wiring, sender)
    endpoint = wiring.settings.gateway.endpoint
    return CommandResult(
        data=render.data(row, shown, name, endpoint),
        screen=render.one(row, name, shown, wiring.settings.time_zone, endpoint),
        is_of_the_ledger=True,
    )
