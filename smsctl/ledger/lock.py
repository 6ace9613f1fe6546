"""The right to send a mailing, to mail incoming SMS on, or to hand invoices over: of one process."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager

from smsctl.errors import LedgerError, say
from smsctl.ledger import restoring
from smsctl.ledger.store import Ledger


class TakenError(LedgerError):
    """Another process has the right."""


@contextmanager
def right_to_send(ledger: Ledger, reference: str) -> Iterator[None]:
    """Hold the mailing's lock. Raises TakenError at once when another process has it."""
    with _lock(ledger, reference) as held:
        if not held:
            raise taken()
        yield


def taken() -> TakenError:
    """Return the error for a mailing that another process is at work on, by whichever command."""
    return TakenError(
        say("This mailing is being sent, cancelled or settled by another process right now."),
        hint=say("Wait for it, or stop it with Ctrl-C or SIGTERM there; look with: smsctl mailings list"),
    )


@contextmanager
def if_nobody_sends(ledger: Ledger, reference: str) -> Iterator[bool]:
    """Yield whether nobody sends the mailing; if so, nobody can begin to until the block ends."""
    with _lock(ledger, reference) as held:
        yield held


def if_nobody_forwards(ledger: Ledger) -> AbstractContextManager[bool]:
    """Yield whether nobody mails incoming SMS on; if so, nobody can begin to until the block ends."""
    return _lock(ledger, "forwarding")


@contextmanager
def right_to_hand_over(ledger: Ledger) -> Iterator[None]:
    """Hold the right to hand invoices over. Raises TakenError at once when another process has it.

    And LedgerError where the ledger may have forgotten what was handed over.
    """
    with _lock(ledger, "handing over") as held:
        if not held:
            raise TakenError(
                say("Another process is handing invoices over right now; nothing was written."),
                hint=say("Wait for it, then look with: smsctl invoices list"),
            )
        restoring.refuse_forgotten(ledger)
        yield


def _lock(ledger: Ledger, reference: str) -> AbstractContextManager[bool]:
    return ledger.engine.right_to_send(reference)
