"""`smsctl doctor`: can this run at 07:30 without me?"""

from collections.abc import Iterator
from datetime import UTC, timedelta
from typing import Annotated

from smsctl.actions.check import Finding, Level, examine
from smsctl.actions.expect import expected
from smsctl.actions.keyed_run import expand
from smsctl.cli import ledger_warnings, options
from smsctl.cli.operations import doctor_round as doctor
from smsctl.cli.options import flag, option
from smsctl.cli.output import figures
from smsctl.cli.output.reply import CommandResult
from smsctl.cli.typed_times import read_duration
from smsctl.cli.wiring import Wiring
from smsctl.errors import ExitCode, Sentence, UsageError, say
from smsctl.ledger import restoring

EXAMPLES = (
    "smsctl doctor",
    "smsctl doctor --as-cron --municipality exempelkommun",
    "smsctl doctor --expect 'weekly-{week}' --ago 1h  # an hour after the slot",
    "smsctl doctor --push  # and whether delivery reports would come in",
    "smsctl doctor --json  # for monitoring; the exit code says enough",
)


def run(
    wiring: Wiring,
    municipality: options.Municipality = None,
    *,
    as_cron: Annotated[
        bool, flag("--as-cron", "As cron would: no environment, no terminal, from /.")
    ] = False,
    push: Annotated[bool, flag("--push", "Also push to [reports] public_url, as the supplier does.")] = False,
    expect: Annotated[
        str | None, option("KEY", "Only this: has the run under the key been sent? The --key of `send`.")
    ] = None,
    ago: Annotated[str | None, option("TIME", "With --expect: the braces as they were then, as 1h.")] = None,
) -> CommandResult:
    """Check whether a mailing would go out now, and say what mends it where it would not.

    Nothing is sent and nothing is written; in live mode it logs in at the gateway. Exit code 0 when all is
    well or only warned of, such as quiet hours and what is used of the day; 8 config, secret or recipients
    file, 5 that file too old, or the municipality's service not active or without a package it may take; 9
    ledger, 6 login refused, 7 gateway not reached.

    With --push it also pushes to the site's own address, through its web server: TLS, path, header and
    login, and the size that the listener takes. Nothing of it is stored. Exit code 7 where it does not reach
    the listener; that nothing leads back from inside is only warned of.

    With --expect, exit code 5 where no finished mailing stands under the key, 4 where it holds unknown or
    held messages, and 9 where the ledger cannot tell.
    """
    if ago is not None and expect is None:
        raise UsageError(say("--ago goes with --expect."))
    if expect is not None:
        return _expected(wiring, expect, ago)
    if as_cron:
        return doctor.as_cron(wiring, municipality, push=push)
    return doctor.told_of(doctor.round_of(wiring, municipality, push=push))


def _expected(wiring: Wiring, key: str, ago: str | None) -> CommandResult:
    """Ask after a run that may never have begun; the braces are filled in as they were that long ago."""
    age = read_duration("--ago", ago) if ago is not None else timedelta()
    path, why = wiring.settings.ledger_path, list[Sentence]()
    expand(key, wiring.clock.here())  # a key that is no key is nobody's alarm

    def look() -> Iterator[Finding]:
        ledger = wiring.ledger_as_it_is(path)
        if ledger is None:
            wiring.must_lie_here()
            restoring.refuse_missing(path)
        else:
            if not wiring.simulated:
                restoring.refuse_rehearsed(ledger)
            why.extend(ledger_warnings.put_back(ledger))  # it may have forgotten that it was sent
        local_now = wiring.clock.here()  # as a `send` names the slot, which opens the ledger first
        then = (local_now.astimezone(UTC) - age).astimezone(local_now.tzinfo)
        yield expected(ledger, expand(key, then), figures.counted)

    findings = examine("expected", look)  # a ledger that cannot be read is an alarm too: nobody knows
    told = doctor.told_of(findings)
    return told._replace(
        summary=findings[0].text,
        advice=[*(one.mend for one in findings if one.mend), *why],
        is_alarm=told.exit_code is not ExitCode.OK,
        is_told_always=any(one.level is Level.WARNING for one in findings),
    )
