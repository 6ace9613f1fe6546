"""`smsctl mailings cancel ID`: stop what has not left."""

from datetime import datetime

from smsctl.actions.cancel import Cancelled, cancel
from smsctl.actions.ending import left_unsettled
from smsctl.actions.resume import must_be_its_gateway
from smsctl.cli import options, seen, wiring_gateway
from smsctl.cli.output import mailings as render
from smsctl.cli.output.blocks import Block, TextLine, Tone
from smsctl.cli.output.reply import CommandResult, notes_of
from smsctl.cli.wiring import Wiring
from smsctl.domain.gateway import Gateway
from smsctl.domain.mailing import Mailing
from smsctl.domain.message import COSTS, Status
from smsctl.errors import Sentence, say, say_n
from smsctl.ledger import mailings
from smsctl.ledger.store import Ledger

EXAMPLES = ("smsctl mailings cancel 12", 'smsctl mailings cancel 12 --reason "wrong date in the text"')


def run(wiring: Wiring, mailing: options.MailingId, *, reason: options.Reason = None) -> CommandResult:
    """Cancel what is pending, and stop at the gateway what it still holds (scheduled or queued).

    Tells what was accepted before and is on its way: that costs. Exit code 4 where nobody can tell of some
    whether they were stopped, or accepted at all.
    """
    ledger = wiring.ledger
    found = seen.theirs(wiring, mailing)

    def opening() -> Gateway:
        # Only here: what is pending is cancelled of a municipality too that has left the config.
        configured = wiring.settings.municipality(found.municipality.key)
        gateway = wiring_gateway.gateway(wiring, configured)
        begun = mailings.get(ledger, found.id)  # another host may have handed it over since
        must_be_its_gateway(begun, gateway.traits, ledger, wiring.settings)  # no other has any of it
        return gateway

    try:
        done = cancel(ledger, found, opening, wiring.clock.now(), wiring.actor, reason)
    except KeyboardInterrupt:
        mend = say("Ask it again with: smsctl mailings cancel {id}", id=found.id)
        raise wiring.output.stopping.told(_broken_off(ledger, found), mend) from None
    tally = mailings.tally(ledger, found)
    steps = _next_steps(found, done)
    data = {
        **render.data(found, tally),
        "cancelled": done.pending,
        "stopped": done.stopped,
        "on_their_way": done.on_their_way,
        "in_doubt": done.left.in_doubt,
    }
    return CommandResult(
        data=data,
        screen=[*_told(found, done, wiring.clock.local()), *(TextLine(step, Tone.WARN) for step in steps)],
        advice=steps,
        notes=notes_of(done.trouble) if done.trouble else (),
        exit_code=done.exit_code,
        left=(done.left,),
        is_told_always=bool(_LEFT & tally.states.keys()),  # silence would say that all of it was stopped
    )


_LEFT = COSTS - {Status.SENDING}
"""What has left: a cancelling takes none of it back."""


def _broken_off(ledger: Ledger, mailing: Mailing) -> Sentence:
    """Say what is certain of a cancelling that was broken off."""
    if mailings.get(ledger, mailing.id).half_cancelled:
        return say("Interrupted; nothing more of it is sent, and the next command cancels what is pending.")
    if mailings.tally(ledger, mailing).states.get(Status.PENDING):
        return say("Interrupted; nothing is cancelled yet.")
    told = say("Interrupted; what was pending is cancelled, and the gateway may still hold the rest.")
    for one in left_unsettled(ledger, mailing).sentences:
        told = say("{before} {one}", before=told, one=one)
    return told


def _told(mailing: Mailing, done: Cancelled, local_now: datetime) -> list[Block]:
    told = (
        say_n("{n} pending message cancelled.", "{n} pending messages cancelled.", n=done.pending),
        say_n("{n} message stopped at the gateway.", "{n} messages stopped at the gateway.", n=done.stopped),
    )
    blocks: list[Block] = [TextLine(one) for one in told if one.values["n"]]
    if not blocks:
        blocks.append(TextLine(say("No message of it is pending; smsctl sends nothing more of it.")))
    if done.on_their_way:
        blocks.append(TextLine(_on_their_way(mailing, done.on_their_way, local_now)))
    if done.not_asked:
        blocks.append(
            TextLine(
                say_n(
                    "{n} message could not be stopped: the gateway could not be asked.",
                    "{n} messages could not be stopped: the gateway could not be asked.",
                    n=done.not_asked,
                ),
                Tone.WARN,
            )
        )
    return blocks


def _on_their_way(mailing: Mailing, messages: int, local_now: datetime) -> Sentence:
    send_at = mailing.letter.send_at
    if send_at is not None and send_at > local_now:
        return say_n(
            "{n} message could not be stopped: the gateway sends it at {at:%Y-%m-%d %H:%M}.",
            "{n} messages could not be stopped: the gateway sends them at {at:%Y-%m-%d %H:%M}.",
            n=messages,
            at=send_at.astimezone(local_now.tzinfo),
        )
    return say_n(
        "{n} message was accepted before: it is on its way.",
        "{n} messages were accepted before: they are on their way.",
        n=messages,
    )


def _next_steps(mailing: Mailing, done: Cancelled) -> list[Sentence]:
    """Say what is left for a person to settle."""
    steps = done.left.sentences
    if done.not_asked:
        steps.append(say("Ask it again with: smsctl mailings cancel {id}", id=mailing.id))
    return steps
