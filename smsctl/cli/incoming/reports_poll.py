"""`smsctl reports poll`: fetches what the gateway has queued, for cron."""

from typing import Annotated

from smsctl.actions.poll import poll
from smsctl.actions.stop_signal import BY_SIGNAL, CODES, StopSignal
from smsctl.cli import options, wiring_listener
from smsctl.cli.incoming import forwarding, receiving
from smsctl.cli.incoming import reports as render
from smsctl.cli.options import option
from smsctl.cli.output.reply import CommandResult
from smsctl.cli.typed_times import read_duration
from smsctl.cli.wiring import Wiring
from smsctl.errors import ExitCode
from smsctl.ledger.reports import IntakeSource

EXAMPLES = ("smsctl reports poll", "smsctl reports poll --for 50s --quiet")

_MAILING_S = 30  # what is not mailed on by then is mailed on the next time


def run(
    wiring: Wiring,
    *,
    for_time: Annotated[str | None, option("TIME", "Look again for so long: 50s from cron.", "--for")] = None,
    forward_to: options.ForwardTo = None,
) -> CommandResult:
    """Fetch delivery reports and incoming SMS from the gateway's queues (PSWinCom).

    Each is stored before it is acknowledged, and needs no opening in the firewall. What is fetched is gone
    from the queue for everybody else: it must be allowed with poll = true under [reports] in the config.
    """
    for_s = read_duration("--for", for_time).total_seconds() if for_time else None
    queues = wiring_listener.queues(wiring)
    output = wiring.output
    forwarder = forwarding.forwarder(wiring, forward_to, output.insist)
    intake_rules = wiring_listener.intake_rules(wiring, IntakeSource.POLLED, forward_to)
    intake = receiving.PushIntake(wiring, intake_rules, output.warn)
    stop_signal = StopSignal()
    intake.open(output.warn)
    try:
        with output.stopping.ends(lambda name: stop_signal.ask(BY_SIGNAL[name])), stop_signal.armed():
            taken = poll(queues, intake.store_one, for_s, stop_signal=stop_signal)
    finally:  # what was stored is mailed on also when the gateway fails
        if forwarder:
            forwarder.work(_MAILING_S)
    code = CODES[stop_signal.asked] if stop_signal.asked else ExitCode.OK
    return render.taken_result(taken, code, simulated=wiring.simulated)
