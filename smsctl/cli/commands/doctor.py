"""`smsctl doctor`: can this run at 07:30 without me?"""

from typing import Annotated

import typer

from smsctl.cli import doctor
from smsctl.cli.reply import Reply
from smsctl.cli.wiring import Wiring

EXAMPLES = (
    "smsctl doctor",
    "smsctl doctor --as-cron",
    "smsctl doctor --json  # for monitoring; the exit code says enough",
)


def run(
    ctx: typer.Context,
    *,
    as_cron: Annotated[
        bool, typer.Option("--as-cron", help="As cron would: no environment, no terminal, from /.")
    ] = False,
) -> Reply:
    """Check whether a mailing would go out now, and say what mends it where it would not.

    Nothing is sent and nothing is written; in live mode it logs in at the gateway. Exit code 0 when all is
    well or only warned of; 8 config, secret or recipients file, 5 that file too old, 9 ledger, 6 login
    refused, 7 gateway not reached.
    """
    wiring: Wiring = ctx.obj
    return doctor.as_cron(wiring) if as_cron else doctor.told_of(doctor.round_of(wiring))
