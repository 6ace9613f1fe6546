"""Sending a mailing that stands in the ledger, with a person or a log looking on."""

from collections.abc import Mapping, Sequence
from contextlib import suppress

from smsctl.actions import trust
from smsctl.actions.deliver import Delivery, deliver
from smsctl.actions.run_progress import SendPace
from smsctl.actions.send import SendRun
from smsctl.actions.stop_signal import StopReason, StopSignal
from smsctl.cli import dialogue
from smsctl.cli.output import figures, outcome
from smsctl.cli.output.blocks import Block
from smsctl.cli.output.reply import CommandResult, Note
from smsctl.cli.wiring import Wiring
from smsctl.domain.gateway import CHECK_ACCOUNT, CHECK_MAIL_SERVER, Gateway
from smsctl.domain.mailing import Ceilings, Mailing
from smsctl.domain.message import OPEN, Status
from smsctl.errors import ExitCode, LedgerError, Sentence, say
from smsctl.ledger import invoices, mailings
from smsctl.ledger.lock import TakenError
from smsctl.ledger.store import Ledger


def deliver_mailing(
    wiring: Wiring, mailing: Mailing, gateway: Gateway, ceilings: Ceilings, *, packages_shown: int = 0
) -> Delivery:
    """Send what is pending; Ctrl-C, SIGTERM and SIGHUP stop after the batch in flight.

    `packages_shown`: how many new ones the plan has just shown to a person; any other is told of.
    """
    configured, mailing = wiring.settings.gateway, wiring.named(mailing)
    payer = wiring.settings.municipality(mailing.municipality.key)
    stop_signal = StopSignal()
    for caution in trust.unproved(wiring.ledger, wiring.settings, payer, wiring.clock.now()):
        wiring.output.warn(caution)
    earlier = set() if wiring.simulated else _untold(wiring.ledger, mailing)  # the plan shows none of these
    before = mailings.tally(wiring.ledger, mailing).states.get(Status.PENDING, 0)
    stoppable = dialogue.stopped_by_signals(wiring.output, stop_signal)
    with stoppable, wiring.output.progress(say("Sending"), before) as tell:
        send_run = SendRun(
            mailing=mailing,
            ledger=wiring.ledger,
            gateway=gateway,
            now=wiring.clock.now,
            ceilings=ceilings,
            pace=SendPace(
                batch_size=configured.batch_size,
                connections=configured.connections,
                request_s=configured.total_timeout_s + gateway.traits.patience_s,
            ),
            stop_signal=stop_signal,
            account=trust.account_of(wiring.settings, payer),
            billed=trust.billed_account(wiring.settings, payer),
            proved_at=trust.proved_at(wiring.ledger, wiring.settings, payer),
            on_progress=lambda states: tell(states.total()),
        )
        done = _sent(send_run)
    with suppress(LedgerError):  # all is sent; they are told once more then
        opened = sorted(_untold(wiring.ledger, mailing) - earlier)
        if told := opened if wiring.simulated else opened[:packages_shown]:
            invoices.are_told(wiring.ledger, told)
    return done


def _untold(ledger: Ledger, mailing: Mailing) -> set[invoices.UntoldInvoice]:
    return {one for one in invoices.untold(ledger) if one.mailing == mailing.id}


def _sent(send_run: SendRun) -> Delivery:
    """Send; a ledger that fails on the way is told with what it leaves behind and how to go on."""
    try:
        return deliver(send_run)
    except TakenError:
        raise
    except LedgerError as error:
        left: Mapping[Status, int] = {}
        with suppress(LedgerError):  # it may not even be read
            left = mailings.tally(send_run.ledger, send_run.mailing).states
        if not OPEN & left.keys():
            raise
        told = _stopped(send_run.mailing, left)
        raise LedgerError(error.sentence, hint=error.hint, problems=[told]) from error


def _stopped(mailing: Mailing, left: Mapping[Status, int]) -> Sentence:
    counted = figures.counted(left)
    if not left.get(Status.SENDING):
        return say(
            "Mailing {id} stopped: {counted}. Once the ledger is well, send the rest with:"
            " smsctl mailings resume {id}",
            id=mailing.id,
            counted=counted,
        )
    return say(
        "Mailing {id} stopped: {counted}. What was on its way counts as unknown. Once the ledger is"
        " well, send the rest with: smsctl mailings resume {id}",
        id=mailing.id,
        counted=counted,
    )


def reply(
    wiring: Wiring, done: Delivery, data: Mapping[str, object], screen: Sequence[Block] = ()
) -> CommandResult:
    """Return the reply of a command that sent a mailing; `data` and `screen` go before what became of it."""
    states, simulated = done.tally.states, wiring.simulated
    steps = [*_mend(done), *outcome.next_steps(done.mailing, states, done.in_doubt)]
    notes = []
    if done.result.why:
        notes.append(Note(code=str(done.result.stop), level="error", text=done.result.why))
    if waits := done.reserved:
        notes.append(Note(code=str(waits.rule), level="error", text=waits.sentence))
        steps += [waits.hint] if waits.hint else []
    elif done.found_nobody:
        notes.append(Note(code="nobody", level="error", text=_FOUND_NOBODY))
    notes += [Note(code="unknown", level="warning", text=remark) for remark in done.result.remarks]
    return CommandResult(
        data={**data, **outcome.data(wiring.ledger, done.mailing, done.tally)},
        screen=[*screen, *outcome.screen(done.mailing, done.tally, steps, simulated=simulated)],
        summary=_summary(wiring, done),
        advice=steps,
        notes=notes,
        exit_code=done.exit_code,
        left=(done.left,),
        is_known=done.own_exit_code is ExitCode.OK,
    )


def _summary(wiring: Wiring, done: Delivery) -> Sentence:
    """Return the one line for a log; what the gateway holds until later has not left yet."""
    states, send_at = done.tally.states, done.mailing.letter.send_at
    line = outcome.summary(done.mailing, states, done.tally.parts, simulated=wiring.simulated)
    if send_at is None or send_at <= wiring.clock.local() or not states.get(Status.ACCEPTED):
        return line
    at = figures.local(send_at.isoformat(), wiring.settings.time_zone)
    return say("{line} The gateway holds it until {at}.", line=line, at=at)


def _mend(done: Delivery) -> list[Sentence]:
    """Say what mends a refusal, by a rule of ours or of the whole batch, before what the mailing needs."""
    if done.result.mend:
        return [done.result.mend]
    if done.result.stop is not StopReason.REFUSED:
        return []
    return [CHECK_MAIL_SERVER if done.mailing.gateway == outcome.BY_MAIL else CHECK_ACCOUNT]


_FOUND_NOBODY = say(
    "Nothing was sent: everybody has had this text from another mailing meanwhile, or is on the block list."
)
