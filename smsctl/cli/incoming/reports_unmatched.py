"""`smsctl reports unmatched`: the delivery reports that were not applied, and why."""

from pathlib import Path
from typing import Annotated

from smsctl.cli import numbers, options
from smsctl.cli.incoming import reports as render
from smsctl.cli.options import option
from smsctl.cli.output.export import write_json
from smsctl.cli.output.fields import data_of
from smsctl.cli.output.phrases import rehearsal
from smsctl.cli.output.reply import CommandResult
from smsctl.cli.wiring import Wiring
from smsctl.ledger import reports, undelivered

EXAMPLES = ("smsctl reports unmatched", "smsctl reports unmatched --export reports.json")

_SHOWN = 50


def run(
    wiring: Wiring,
    export: Annotated[
        Path | None, option("FILE", "Write all as JSON, with full numbers (mode 0600).")
    ] = None,
    *,
    replace: options.Replace = False,
) -> CommandResult:
    """List delivery reports that fit no message of this ledger, or contradict a final state.

    Those of other programs on the same account are among them: SuperOffice's, for one.
    """
    wiring.names(write=(export,), replace=replace)
    total = sum(reports.kept_counts(wiring.ledger).values())
    fields = render.kept_fields(wiring.settings.time_zone)
    page = None
    if export:
        everyone = [data_of(fields, one) for one in reports.kept(wiring.ledger)]
        page = write_json(export, everyone, replace=replace)
    rows = [
        one._replace(report=numbers.shown_report(wiring, one.report))
        for one in reports.kept(wiring.ledger, most=_SHOWN)
    ]
    have_come = undelivered.have_come(wiring.ledger)
    return CommandResult(
        data={"total": total, "reports": [data_of(fields, one) for one in rows]},
        page=page,
        screen=[
            *rehearsal(simulated=wiring.simulated),
            *render.kept(fields, rows, total, have_come=have_come),
        ],
    )
