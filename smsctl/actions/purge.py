"""Purging: personal data is removed from what is old and finished, and the file is searched afterwards."""

from collections.abc import Callable, Collection, Sequence
from typing import NamedTuple

from smsctl.domain.mailing import Mailing
from smsctl.domain.moment import Actor, Moment
from smsctl.errors import LedgerError, say
from smsctl.ledger import audit, blanking, mailings, purging, searching, under_way
from smsctl.ledger.blanking import Written
from smsctl.ledger.purging import Decision, Due, Protocol
from smsctl.ledger.store import Ledger

_MOST_SEARCHED = 20


class Purged(NamedTuple):
    """What was removed, and what was left alone."""

    protocol: Protocol
    due: Due


def purge(
    ledger: Ledger, decision: Decision, moment: Moment, actor: Actor, on_progress: Callable[[int], None]
) -> Purged:
    """Remove what is due, some thousands of rows in a transaction, so that others can send in between.

    Stopped half-way, the protocol tells what was removed; the rest is due as before. Raises LedgerError
    when something that was removed is still found in the file, and where the clock of this host is not the
    server's: what one that is ahead forgets would be sent once more within the hours of the same text.
    """
    under_way.must_tell_the_time(ledger)
    due = purging.due(ledger, decision.before, decision.reach, moment)
    with ledger.transaction():
        number = purging.begin(ledger, decision, moment, actor)
        subject, detail = f"purge {number}", f"{len(due.mailings)} mailings before {decision.before}"
        audit.record(ledger, moment, actor, "purge", subject, detail, decision.reference)
    _while_any(ledger, lambda: purging.sweep(ledger, number, decision, moment, ledger.rows_in_a_commit))
    removed: list[str] = []
    for done, mailing in enumerate(due.mailings, start=1):
        removed += _remove(ledger, decision, number, mailings.get(ledger, mailing), moment)
        on_progress(done)
    _overwrite(ledger, removed, searching.OURS)
    protocol = next(one for one in purging.protocols(ledger) if one.id == number)
    return Purged(protocol=protocol, due=due)


def _remove(
    ledger: Ledger, decision: Decision, number: int, mailing: Mailing, moment: Moment
) -> tuple[str, ...]:
    """Remove what a mailing holds, unless somebody keeps it; return some of it, to be looked for."""
    first, removed = mailing.first_message, purging.sample(ledger, mailing)

    def remove_some() -> bool:
        nonlocal first
        most = ledger.rows_in_a_commit
        if not purging.is_due(ledger, decision, mailing.id, moment):
            return False
        if first <= mailing.last_message:
            last = min(first + most - 1, mailing.last_message)
            purging.remove_messages(ledger, number, mailing, first, last, moment)
            first = last + 1
        elif not purging.remove_skipped(ledger, number, mailing, most):
            purging.remove_text(ledger, number, mailing)  # then it is due no longer
        return True

    return removed if _while_any(ledger, remove_some) else ()


def _while_any(ledger: Ledger, remove_some: Callable[[], bool]) -> bool:
    """Remove again and again, each time in a transaction of its own, until nothing is; say whether it was."""
    was_any = False
    while True:
        with ledger.transaction():
            is_any = remove_some()
        if not is_any:
            return was_any
        was_any = True
        ledger.give_way()


def blank(ledger: Ledger, what: Written, moment: Moment, actor: Actor, why: str) -> None:
    """Blank what a person wrote, wherever it stands. Raises LedgerError when the file still has it."""
    removed = blanking.words_of(ledger, what)
    _while_any(ledger, lambda: blanking.blank(ledger, what, moment, actor, why, ledger.rows_in_a_commit))
    _overwrite(ledger, removed, frozenset())


def finish_purge(ledger: Ledger) -> bool:
    """Overwrite what a purge that was broken off has left in free pages; say whether there was one."""
    if purging.unfinished(ledger) is None:
        return False
    _overwrite(ledger, (), frozenset())
    return True


def _overwrite(ledger: Ledger, removed: Sequence[str], empty: Collection[searching.Cell]) -> None:
    """Write the file anew, and search it for some of what was removed; then the mark of it goes."""
    seen = purging.unfinished(ledger)
    ledger.compact()
    distinct = sorted(set(removed))
    searched = distinct[:: -(-len(distinct) // _MOST_SEARCHED) or 1]  # of all mailings, not only of the last
    if searching.remnants(ledger, searched, empty):
        raise LedgerError(
            say("{path}: removed personal data is still found in the file.", path=ledger.engine.place),
            hint=say("Run `smsctl ledger check`, then purge once more."),
        )
    with ledger.transaction():
        purging.finish(ledger, seen)
