"""`smsctl municipality list`: who has the service, and since when."""

import typer

from smsctl.cli.money import municipalities as render
from smsctl.cli.money.service import service_status
from smsctl.cli.output.reply import CommandResult
from smsctl.cli.wiring import Wiring
from smsctl.domain.municipality import Municipality
from smsctl.ledger import municipalities

EXAMPLES = ("smsctl municipality list", "smsctl municipality list --json")


def run(ctx: typer.Context) -> CommandResult:
    """List the municipalities: whether the service is active, since when, and what is left.

    Those that the config no longer has are listed by their key.
    """
    wiring: Wiring = ctx.obj
    known = {key: wiring.municipality(key)[1] for key in wiring.settings.municipalities}
    for key in municipalities.services(wiring.ledger):
        known.setdefault(key, Municipality(key=key, name=key))
    every = [service_status(wiring, one) for one in known.values()]
    return CommandResult(
        data={"municipalities": [render.data(one) for one in every]},
        screen=render.listed(every, simulated=wiring.simulated),
    )
