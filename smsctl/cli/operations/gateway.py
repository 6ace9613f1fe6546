"""`smsctl gateway …`: a login without sending, and one real double send."""

from typing import Annotated

from smsctl.actions.letter import letter_for
from smsctl.actions.may_send import ceilings_in_claims, may_send
from smsctl.actions.stop_signal import StopSignal
from smsctl.actions.trial import trial, trial_mailing
from smsctl.actions.trust import account_of
from smsctl.actions.verify_dedup import DoubleSend, verify_dedup
from smsctl.cli import checks, dialogue, numbers, options, seen, wiring_gateway
from smsctl.cli.circumstances import circumstances
from smsctl.cli.options import argument
from smsctl.cli.output import envelope
from smsctl.cli.output.blocks import TextLine, Tone
from smsctl.cli.output.language import whole
from smsctl.cli.output.reply import CommandResult, Note
from smsctl.cli.wiring import Wiring
from smsctl.domain.mailing import Ceilings
from smsctl.domain.text import MessageText
from smsctl.errors import ConfigError, ExitCode, say

EXAMPLES = {
    "probe": ("smsctl gateway probe", "smsctl gateway probe --json"),
    "verify-dedup": ("smsctl gateway verify-dedup +46701740605",),
}

_TWICE = 2

_TEXT = "Test of smsctl. If this text comes twice, the gateway does not refuse repeats."


def run_probe(wiring: Wiring) -> CommandResult:
    """Log in at the gateway and say what it answered; nothing is sent and nothing costs.

    It is the doctor's check of the login, alone.

    Exit code 6 when the login is refused, 7 when the gateway cannot be reached.
    """
    answer = checks.login(wiring).text
    lines = [TextLine(whole(answer), Tone.GOOD)]
    if wiring.simulated:
        lines.append(TextLine(say("Simulation: it was the simulator that answered."), Tone.WARN))
    name = wiring_gateway.gateway(wiring, for_sending=False).traits.name
    return CommandResult(data={"gateway": name, "answer": envelope.text(answer)}, screen=lines)


def run_verify_dedup(
    wiring: Wiring,
    number: Annotated[str, argument("NUMBER", "Your own telephone.")],
    *,
    municipality: options.Municipality = None,
    yes: options.Yes = False,
) -> CommandResult:
    """Prove that the gateway refuses a reference it has seen: send one SMS, and the same one once more.

    Needed before unique_references = true is relied on. The telephone gets one SMS, or two if the gateway
    does not refuse repeats; both are recorded and counted. Exit code 6 when it does not, or refuses the
    login; 4 or 7 without a clear answer.
    """
    _must_be_set_up(wiring)
    configured, payer = wiring.municipality(municipality)
    e164 = numbers.read(wiring, number)
    gateway = wiring_gateway.gateway(wiring, configured)
    letter = letter_for(wiring.settings, configured, MessageText.read(_TEXT))
    if not yes:
        question = say(
            "One SMS, or two if repeats are not refused, goes to {number}. Send?",
            number=numbers.shown(wiring, e164),
        )
        dialogue.confirm(wiring.output, question, otherwise=say("Not confirmed; nothing was sent."))
    wiring.activate_for_rehearsal(payer)
    new = trial_mailing(gateway, payer, letter, messages=_TWICE)
    seen.must_plan(wiring, payer.key, new.audience, is_test=True)
    under = circumstances(wiring, wiring.ledger)
    may_send(trial(new, under, e164, numbers.shown(wiring, e164)), under).must_hold()
    stop_signal = StopSignal()
    double_send = DoubleSend(
        new=new,
        addressee=(None, e164, None),
        ledger=wiring.ledger,
        gateway=gateway,
        now=wiring.clock.now,
        actor=wiring.actor,
        account=account_of(wiring.settings, configured),
        ceilings=lambda mailing: ceilings_in_claims(mailing, Ceilings(), under),
        stop_signal=stop_signal,
        request_s=wiring.settings.gateway.total_timeout_s,
    )
    with dialogue.stopped_by_signals(wiring.output, stop_signal):
        done = verify_dedup(double_send)
    return _told(done.mailing.id, refused=done.refused)


def _must_be_set_up(wiring: Wiring) -> None:
    """Raise ConfigError where the gateway does not refuse repeats by what the config says of it."""
    account = wiring.settings.gateway
    if account.module != "intelecom":
        raise ConfigError(
            say("Only Intelecom can be set up to refuse repeats."),
            hint=say("What is unknown is settled by reports, and by: smsctl mailings resolve"),
        )
    if not account.unique_references:
        raise ConfigError(
            say("unique_references is not set in {path}.", path=wiring.settings.path),
            hint=say("Ask the gateway's support to check references for the service, then set it."),
        )


def _told(mailing: int, *, refused: bool) -> CommandResult:
    told = (
        say("Proved: the gateway refused the repeat with code 25.")
        if refused
        else say("The gateway took the repeat: it does not check references. Set unique_references = false.")
    )
    return CommandResult(
        data={"mailing": mailing, "refused": refused},
        screen=[TextLine(told, Tone.GOOD if refused else Tone.BAD)],
        said=[] if refused else [Note(code="dedup", level="error", text=told)],
        exit_code=ExitCode.OK if refused else ExitCode.GATEWAY,
    )
