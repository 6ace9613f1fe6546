"""Purging: personal data is removed from what is old and finished, and the file is searched afterwards."""

from collections.abc import Callable
from typing import NamedTuple

from smsctl.domain.moment import Actor, Moment
from smsctl.errors import LedgerError, say
from smsctl.ledger import audit, mailings, purging, searching
from smsctl.ledger.purging import Decision, Due, Protocol
from smsctl.ledger.store import Ledger

_MOST_SEARCHED = 20


class Purged(NamedTuple):
    """What was removed, and what was left alone."""

    protocol: Protocol
    due: Due


def purge(
    ledger: Ledger,
    decision: Decision,
    moment: Moment,
    actor: Actor,
    on_progress: Callable[[int], None],
) -> Purged:
    """Remove what is due, one mailing in a transaction, so that others can send in between.

    Stopped half-way, the protocol tells what was removed; the rest is due as before. Raises LedgerError
    when something that was removed is still found in the file.
    """
    due = purging.due(ledger, decision.before, moment)
    with ledger.transaction():
        number = purging.begin(ledger, decision, moment, actor)
        subject, detail = f"purge {number}", f"{len(due.mailings)} mailings before {decision.before}"
        audit.record(ledger, moment, actor, "purge", subject, detail, decision.reference)
    removed: list[str] = []
    for done, mailing in enumerate(due.mailings, start=1):
        with ledger.transaction():
            if purging.is_due(ledger, decision.before, mailing):
                removed += purging.remove(ledger, number, mailings.get(ledger, mailing), moment)
        on_progress(done)
    ledger.compact()
    _must_be_gone(ledger, removed)
    with ledger.transaction():
        purging.finish(ledger)
    protocol = next(one for one in purging.protocols(ledger) if one.id == number)
    return Purged(protocol=protocol, due=due)


def finish_purge(ledger: Ledger) -> bool:
    """Overwrite what a purge that was broken off has left in free pages; say whether there was one."""
    if not purging.is_unfinished(ledger):
        return False
    ledger.compact()
    with ledger.transaction():
        purging.finish(ledger)
    return True


def _must_be_gone(ledger: Ledger, removed: list[str]) -> None:
    """Search the file for some of what was removed."""
    distinct = sorted(set(removed))
    searched = distinct[:: -(-len(distinct) // _MOST_SEARCHED) or 1]  # of all mailings, not only of the last
    if searching.remnants(ledger, searched):
        raise LedgerError(
            say("{path}: removed personal data is still found in the file.", path=ledger.path),
            hint=say("Run `smsctl ledger check`, then purge once more."),
        )
