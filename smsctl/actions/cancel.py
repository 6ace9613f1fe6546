"""Cancelling a mailing: what is pending here, and what the gateway still holds."""

from bisect import bisect_left, bisect_right
from collections.abc import Mapping
from typing import NamedTuple

from smsctl.domain.gateway import Cancelling, Gateway
from smsctl.domain.mailing import Mailing
from smsctl.domain.message import Status
from smsctl.domain.moment import Actor, Moment
from smsctl.ledger import audit, batches, lock, restoring, settling, unknowns
from smsctl.ledger.store import Ledger


class Cancelled(NamedTuple):
    """What was stopped, and what was not."""

    pending: int  # never handed over
    stopped: int  # taken back from the gateway
    gone: int  # handed over, and not stopped: it may have been sent, or be sent later


def cancel(
    ledger: Ledger,
    mailing: Mailing,
    gateway: Gateway | None,
    moment: Moment,
    actor: Actor,
    reason: str | None,
) -> Cancelled:
    """Cancel what is pending, and stop at the gateway what it still holds (protocols.md 2.13).

    `gateway` is None where nothing was handed over, or it cannot stop anything. Raises LedgerError while
    another process sends the mailing, or where the ledger was put back from an older copy: what is pending
    in it may have been sent since. Raises GatewayRefusedError or StoppedError when the gateway cannot be
    asked.
    """
    restoring.refuse_restored(ledger)
    with lock.right_to_send(ledger.path, mailing.reference):
        with ledger.transaction():
            unknowns.repeat_none(ledger, mailing)
            waiting = settling.messages_in(ledger, mailing, Status.PENDING)
            pending = settling.move(
                ledger, mailing, waiting, Status.PENDING, Status.CANCELLED, moment, "cancelled"
            )
            audit.record(
                ledger,
                moment,
                actor,
                "cancel",
                f"mailing {mailing.id}",
                f"pending messages: {pending}",
                reason,
            )
        stopped = _stop(ledger, mailing, gateway, moment, actor) if isinstance(gateway, Cancelling) else 0
    gone = sum(len(settling.messages_in(ledger, mailing, state)) for state in _STOPPABLE)
    return Cancelled(pending, stopped, gone)


_STOPPABLE = (Status.ACCEPTED, Status.UNKNOWN, Status.HELD)
"""What the gateway may hold. That it names a message as stopped proves that it had taken it."""


def _stop(ledger: Ledger, mailing: Mailing, gateway: Cancelling, moment: Moment, actor: Actor) -> int:
    there = {state: settling.messages_in(ledger, mailing, state) for state in _STOPPABLE}
    message_of = {mailing.message_reference(one): one for messages in there.values() for one in messages}
    message_named: dict[str, int] = {}
    for state in _STOPPABLE:
        message_named |= settling.names_in(ledger, mailing, state)
    stopped, ids = 0, sorted(message_of.values())
    for batch in batches.of_mailing(ledger, mailing.id):
        if bisect_left(ids, batch.first_message) == bisect_right(ids, batch.last_message):
            continue  # nothing of it is left
        answer = gateway.cancel(batch.reference)  # asked outside any transaction: it may take its time
        # It may name a message by our reference, by its own name, or both (protocols.md 2.13).
        named = {message_of[one] for one in answer.stopped if one in message_of}
        named |= {message_named[one] for one in answer.stopped_ids if one in message_named}
        found = 0
        with ledger.transaction(patient=True):
            for state, messages in there.items():
                these = {one: batch.id for one in named if messages.get(one) == batch.id}
                found += settling.move(
                    ledger, mailing, these, state, Status.CANCELLED, moment, "stopped at the gateway"
                )
            audit.record(
                ledger,
                moment,
                actor,
                "stop",
                f"mailing {mailing.id}",
                f"{found} of batch {batch.reference}",
            )
        stopped += found
    return stopped


def may_be_held(states: Mapping[Status, int]) -> bool:
    """Say whether the gateway may hold anything of a mailing in these states."""
    return any(states.get(state) for state in _STOPPABLE)
