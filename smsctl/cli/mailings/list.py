"""`smsctl mailings list`: the latest mailings, one line each."""

from pathlib import Path
from typing import Annotated

from smsctl.cli import options, payers, seen
from smsctl.cli.mailings import waiting
from smsctl.cli.options import option
from smsctl.cli.output import mailings as render
from smsctl.cli.output.export import write_csv
from smsctl.cli.output.phrases import only_newest, written
from smsctl.cli.output.reply import CommandResult, warning_of_all
from smsctl.cli.typed_times import period
from smsctl.cli.wiring import Wiring
from smsctl.domain.approval import Approval
from smsctl.domain.mailing import Mailing, MailingTotals
from smsctl.errors import say
from smsctl.ledger import approvals, health, mailings

EXAMPLES = (
    "smsctl mailings list",
    "smsctl mailings list --most 100 --municipality exempelkommun",
    "smsctl mailings list --since 2026-01 --until 2026-06 --csv mailings.csv",
)

_SHOWN = 20


def run(
    wiring: Wiring,
    municipality: options.Municipality = None,
    most: Annotated[
        int | None, option("MAILINGS", "How many, the newest first.", min=1, max=options.LARGEST)
    ] = None,
    since: options.Since = None,
    until: options.Until = None,
    csv: Annotated[
        Path | None, option("FILE", "Write them with their texts to a file (0600); - prints.")
    ] = None,
    *,
    replace: options.Replace = False,
) -> CommandResult:
    """List the last 20 mailings, or all of a time: what was sent, when, to how many, and what came of it.

    The file is for the auditor, and for whoever asks for public records: no telephone numbers and no names
    of recipients, but each text as it was sent.
    """
    wiring.names(write=(csv,), replace=replace)
    key = None if municipality is None else payers.key_of(wiring, municipality)
    ledger, asked = wiring.ledger, period(since, until)
    most = most or (mailings.EVERY if csv or since or until else _SHOWN)
    newest = mailings.newest(ledger, most=most + 1, municipality=key, period=asked)
    found = map(wiring.named, newest[:most])
    rows = [(one, mailings.tally_of_one_look(ledger, one)) for one in seen.as_told(wiring, found)]
    needed = approvals.of_several(ledger, [mailing.id for mailing, _ in rows])
    approved = {one.mailing: one.decided_by for one in needed.values() if one.is_approved}
    page = write_csv(csv, render.register(wiring.settings.time_zone, approved), rows, replace=replace)
    nothing = say("Nothing was sent in that time.") if since or until else say("Nothing has been sent yet.")
    told = {mailing: waiting.in_a_list(one) for mailing, one in needed.items()}
    told |= {mailing.id: say("was cancelled") for mailing, _ in rows if mailing.half_cancelled}
    screen = render.listed(rows, told, wiring.settings.time_zone, nothing)
    screen += only_newest(most, more=len(newest) > most)
    return CommandResult(
        data={"mailings": [_data(mailing, tally, needed.get(mailing.id)) for mailing, tally in rows]},
        screen=[written(csv)] if csv else screen,
        page=page,
        notes=warning_of_all(health.unsettled(ledger, key)),
        is_of_the_ledger=csv is None,
    )


def _data(mailing: Mailing, tally: MailingTotals, needed: Approval | None) -> dict[str, object]:
    return {
        **render.data(mailing, tally),
        "approval": waiting.data(needed),
        "cancelled_at": mailing.cancelled_at,
        "half_cancelled": mailing.half_cancelled,
    }
