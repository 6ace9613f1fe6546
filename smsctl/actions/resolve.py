"""Settling what is unknown, by a person's word: it was sent, it was not, or it shall be sent again."""

from collections.abc import Iterator, Sequence
from enum import StrEnum

from smsctl.domain.mailing import Mailing
from smsctl.domain.message import Status
from smsctl.domain.moment import Actor, Moment
from smsctl.errors import RuleError, say, say_n
from smsctl.ledger import audit, corrections, counts, mailings, recovery, stops, under_way
from smsctl.ledger.store import Ledger


class ResolveAnswer(StrEnum):
    """What a person says of the unknown messages."""

    SENT = "sent"  # found in the gateway's own log, or a phone has it
    NOT_SENT = "not-sent"  # proved: the gateway never took it
    RESEND = "resend"  # not proved, but it shall go out, even if somebody gets it twice


_PENDING_AGAIN = {ResolveAnswer.NOT_SENT, ResolveAnswer.RESEND}


def refuse_unasked(mailing: Mailing, broken_off: int) -> None:
    """Raise RuleError where so many messages are unknown only now: of these the person has not asked yet."""
    if broken_off > 0:
        raise RuleError(
            say_n(
                "{n} message of mailing {id} is unknown only now, as a run broke off; nothing was settled.",
                "{n} messages of mailing {id} are unknown only now, as a run broke off; nothing was settled.",
                n=broken_off,
                id=mailing.id,
            ),
            hint=say("Ask about them too, then say it once more: smsctl mailings show {id}", id=mailing.id),
        )


def refuse_resend(mailing: Mailing) -> None:
    """Raise RuleError where what is unknown cannot be sent again, for its mailing was cancelled."""
    if mailing.cancelled_at is not None:
        raise RuleError(
            say("Mailing {id} was cancelled: nothing of it is sent again.", id=mailing.id),
            hint=say("Say --sent or --not-sent; whom it shall reach after all, a new mailing reaches."),
        )


def resolve(
    ledger: Ledger,
    mailing: Mailing,
    word: ResolveAnswer,
    moment: Moment,
    actor: Actor,
    reason: str,
    *,
    most: int | None = None,
) -> int:
    """Settle the mailing's unknown messages; return how many. What was not sent no longer costs.

    It is pending again; of a mailing that was cancelled it is cancelled (docs/decisions/0066).

    Others get in between. Stopped half-way, the rest is unknown still, and the audit tells of all.

    What the gateway was asked to stop, and nobody can tell whether it did, is settled too: sent, or not
    sent and so stopped. It is not sent again, for its mailing is cancelled.

    `most` is how many were unknown when the person was told. Raises LedgerError while another process sends
    the mailing, RuleError while one on another host may do so, where more are unknown by now, and where what
    is cancelled shall be sent again.
    """
    with recovery.taking_over(ledger, mailing, moment):
        with ledger.transaction():
            mailing = mailings.get(ledger, mailing.id)
            if word is ResolveAnswer.RESEND:
                refuse_resend(mailing)
            under_way.refuse(ledger, mailing)
            told, settled = counts.number_in(ledger, mailing, Status.UNKNOWN), 0
            if most is not None:
                refuse_unasked(mailing, told - most)
            if word is not ResolveAnswer.RESEND:
                # First: what is unknown becomes accepted by this word, and is in doubt no longer.
                stopped = word is ResolveAnswer.NOT_SENT
                settled = stops.resolve(ledger, mailing, moment, f"resolved: {word}", stopped=stopped)
                told += settled
            pieces = ledger.in_pieces(_unknown(ledger, mailing))
            settled += _settle(ledger, mailing, word, next(pieces, []), moment)
            if told or settled:
                subject, detail = audit.mailing_subject(mailing.id), f"{max(told, settled)} messages: {word}"
                audit.record(ledger, moment, actor, "resolve", subject, detail, reason)
        for some in pieces:
            with ledger.transaction():
                mailing = mailings.get(ledger, mailing.id)  # it may be cancelled by now
                repeated = under_way.batches_of(ledger, mailing)
                rest = [(message, batch) for message, batch in some if batch not in repeated]
                settled += _settle(ledger, mailing, word, rest, moment)
    return settled


def _unknown(ledger: Ledger, mailing: Mailing) -> Iterator[tuple[int, int]]:
    """Yield what is unknown of the batches that there are now: of later ones nobody was asked."""
    newest = ledger.newest_id("batches")
    for message, batch in corrections.all_in(ledger, mailing, Status.UNKNOWN):
        if batch <= newest:
            yield message, batch


def _settle(
    ledger: Ledger, mailing: Mailing, word: ResolveAnswer, some: Sequence[tuple[int, int]], moment: Moment
) -> int:
    given_back = Status.PENDING if mailing.cancelled_at is None else Status.CANCELLED
    these, why = corrections.still_in(ledger, dict(some), Status.UNKNOWN), f"resolved: {word}"
    becomes = given_back if word in _PENDING_AGAIN else Status.ACCEPTED
    settled = corrections.move(ledger, mailing, these, Status.UNKNOWN, becomes, moment, why)
    if becomes is not Status.ACCEPTED:
        corrections.remember_earlier(ledger, these)
    return settled
