"""Cancelling a mailing: what is pending here, and what the gateway still holds."""

from typing import NamedTuple

from smsctl.domain.gateway import Cancelling, Gateway
from smsctl.domain.mailing import Mailing
from smsctl.domain.message import Status
from smsctl.domain.moment import Actor, Moment
from smsctl.ledger import audit, batches, lock, restoring, settling
from smsctl.ledger.store import Ledger


class Cancelled(NamedTuple):
    """What was stopped, and what was not."""

    pending: int  # never handed over
    stopped: int  # taken back from the gateway
    gone: int  # accepted, and not stopped: it may have been sent


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
    gone = len(settling.messages_in(ledger, mailing, Status.ACCEPTED))
    return Cancelled(pending, stopped, gone)


def _stop(ledger: Ledger, mailing: Mailing, gateway: Cancelling, moment: Moment, actor: Actor) -> int:
    accepted = settling.messages_in(ledger, mailing, Status.ACCEPTED)
    references = {mailing.message_reference(message): message for message in accepted}
    stopped = 0
    for batch in batches.of_mailing(ledger, mailing.id):
        if not accepted.keys() & set(range(batch.first_message, batch.last_message + 1)):
            continue
        answer = gateway.cancel(batch.reference)  # asked outside any transaction: it may take its time
        found = {references[one]: accepted[references[one]] for one in answer.stopped if one in references}
        with ledger.transaction(patient=True):
            stopped += settling.move(
                ledger, mailing, found, Status.ACCEPTED, Status.CANCELLED, moment, "stopped at the gateway"
            )
            audit.record(
                ledger,
                moment,
                actor,
                "stop",
                f"mailing {mailing.id}",
                f"{len(found)} of batch {batch.reference}",
            )
    return stopped
