"""`smsctl doctor`: can this run at 07:30 without me?"""

from typing import Annotated

import typer

from smsctl.cli import options
from smsctl.cli.operations import doctor_round as doctor
from smsctl.cli.operations import expecting
from smsctl.cli.output.reply import CommandResult
from smsctl.cli.wiring import Wiring
from smsctl.errors import UsageError, say

EXAMPLES = (
    "smsctl doctor",
    "smsctl doctor --as-cron --municipality exempelkommun",
    "smsctl doctor --expect 'weekly-{week}' --ago 1h  # an hour after the slot",
    "smsctl doctor --json  # for monitoring; the exit code says enough",
)


def run(
    ctx: typer.Context,
    municipality: options.Municipality = None,
    *,
    as_cron: Annotated[
        bool, typer.Option("--as-cron", help="As cron would: no environment, no terminal, from /.")
    ] = False,
    expect: Annotated[
        str | None,
        typer.Option(
            metavar="KEY", help="Only this: has the run under the key been sent? The --key of `send`."
        ),
    ] = None,
    ago: Annotated[
        str | None, typer.Option(metavar="TIME", help="With --expect: the braces as they were then, as 1h.")
    ] = None,
) -> CommandResult:
    """Check whether a mailing would go out now, and say what mends it where it would not.

    Nothing is sent and nothing is written; in live mode it logs in at the gateway. Exit code 0 when all is
    well or only warned of, such as quiet hours and what is used of the day; 8 config, secret or recipients
    file, 5 that file too old, or the municipality's service not active or without a package it may take; 9
    ledger, 6 login refused, 7 gateway not reached.

    With --expect, exit code 5 where no finished mailing stands under the key, and 4 where it holds unknown
    or held messages.
    """
    wiring: Wiring = ctx.obj
    if ago is not None and expect is None:
        raise UsageError(say("--ago goes with --expect."))
    if expect is not None:
        return expecting.told(wiring, expect, ago)
    if as_cron:
        return doctor.as_cron(wiring, municipality)
    return doctor.told_of(doctor.round_of(wiring, municipality))
