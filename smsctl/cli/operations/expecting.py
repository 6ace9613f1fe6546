"""`smsctl doctor --expect KEY`: the dead man's switch, which asks after a run that may never have begun."""

from datetime import UTC, timedelta

from smsctl.actions.check import verdict
from smsctl.actions.expect import expected
from smsctl.actions.keyed_run import expand
from smsctl.cli.operations import doctor_screen as render
from smsctl.cli.output import figures
from smsctl.cli.output.reply import CommandResult
from smsctl.cli.typed_times import read_duration
from smsctl.cli.wiring import Wiring
from smsctl.errors import ExitCode


def told(wiring: Wiring, key: str, ago: str | None) -> CommandResult:
    """Return whether the run under the key is done; the braces are filled in as they were that long ago."""
    age = read_duration("--ago", ago) if ago is not None else timedelta()
    local_now = wiring.clock.local()
    then = (local_now.astimezone(UTC) - age).astimezone(local_now.tzinfo)
    ledger = wiring.ledger_as_it_is(wiring.settings.ledger_path)
    findings = list(expected(ledger, expand(key, then), figures.counted))
    code = verdict(findings)
    return CommandResult(
        data=render.data(findings),
        screen=render.screen(findings),
        summary=findings[0].text,
        advice=[one.mend for one in findings if one.mend],
        said=render.notes(findings),
        exit_code=code,
        is_alarm=code is not ExitCode.OK,
    )
