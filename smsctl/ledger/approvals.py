"""A second person's yes: asked for in the transaction that makes a mailing, looked at in every claim.

What must stay true: of a mailing that waits for a second person nothing is marked as sending, however the
claim came about; whoever asked is not whoever approved; a decision is made once. What nobody decides in time
holds nobody any longer.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from smsctl.domain.approval import (
    EVERY_TIME_DIFFERS_PERCENT,
    Approval,
    ApprovalDecision,
    ApprovalTerms,
    still_waits,
)
from smsctl.domain.mailing import Mailing
from smsctl.domain.message import Status
from smsctl.domain.moment import Actor, Moment, stamp
from smsctl.ledger import audit, corrections, counts, mailings
from smsctl.ledger.packages import EXPIRED, OVER
from smsctl.ledger.store import Ledger
from smsctl.ledger.window import WINDOW

_END = "UPDATE approvals SET decision = 'expired', decided_at = ? WHERE mailing = ? AND [EXPIRED]".replace(
    "[EXPIRED]", EXPIRED
)
_GIVE_BACK = (
    "UPDATE mailings SET run_key = NULL, run_key_hash = NULL WHERE id = ? AND NOT EXISTS (SELECT 1"
    " FROM mailing_counts c WHERE c.mailing = mailings.id AND c.messages > 0 AND c.state <> 'cancelled')"
)
"""The key of a mailing of which nothing can have left: not where an old copy has made it unknown."""
_SAME_TEXT = (
    "SELECT COALESCE(SUM(c.messages), 0) FROM mailings g JOIN mailing_counts c ON c.mailing = g.id"
    " WHERE g.body_hash = ? AND g.kind = 'send' AND g.municipality = ? AND g.id <> ?"
    " AND c.state NOT IN ('cancelled', 'rejected')"
    " AND (c.state = 'pending' OR g.created_at >= ? OR COALESCE(g.send_at, '') >= ?)"
    " AND g.id NOT IN ([OVER])"
).replace("[OVER]", OVER)
_EVERY_TIME = timedelta(days=365)
UNAPPROVED = "not approved in time"
"""Why messages are cancelled that nobody has approved."""


def ask(ledger: Ledger, mailing: Mailing, terms: ApprovalTerms, moment: Moment, actor: Actor) -> None:
    """Ask for a second person where a mailing that was just made is large, in the open transaction."""
    counted = mailing.messages + same_text(
        ledger, mailing.municipality.key, _hash_of(ledger, mailing), moment, apart_from=mailing.id
    )
    if counted <= terms.above:
        return
    yes = for_every_slot(ledger, terms, counted, moment, actor)
    ledger.insert(
        "approvals",
        mailing=mailing.id,
        asked_at=moment.at,
        asked_by=actor.user,
        above=terms.above,
        counted=counted,
        new_packages=terms.new_packages,
        expires_at=_later(moment.at, terms.expires),
        at_once=int(terms.at_once and not yes),
        slot=terms.slot,
        decision=yes and yes.decision,
        decided_at=moment.at if yes else None,
        decided_by=yes and yes.decided_by,
        by_yes_of=yes and yes.mailing,
    )
    action = "every-time" if yes else "at-once" if terms.at_once else "ask"
    detail = f"counted: {counted}" + (f"; yes of mailing {yes.mailing}, by {yes.decided_by}" if yes else "")
    audit.record(ledger, moment, actor, action, audit.mailing_subject(mailing.id), detail)


def for_every_slot(
    ledger: Ledger, terms: ApprovalTerms, counted: int, moment: Moment, actor: Actor
) -> Approval | None:
    """Return the yes for every time that a mailing of so many messages has, given by somebody else."""
    found = ledger.records(
        "SELECT * FROM approvals WHERE slot = ? AND holds_until > ? AND decided_by <> ? AND new_packages >= ?"
        " AND ABS(counted - CAST(? AS INTEGER)) * 100 <= counted * CAST(? AS INTEGER)"
        " ORDER BY mailing DESC LIMIT 1",
        terms.slot,
        moment.at,
        actor.user,
        terms.new_packages,
        counted,
        EVERY_TIME_DIFFERS_PERCENT,
    )
    return next(map(_approval, found), None)


def beyond(ledger: Ledger, slot: str | None, moment: Moment) -> Approval | None:
    """Return the newest yes for every time that slots have, whatever the figures."""
    newest = "SELECT * FROM approvals WHERE slot = ? AND holds_until > ? ORDER BY mailing DESC LIMIT 1"
    return next(map(_approval, ledger.records(newest, slot, moment.at)), None)


def hold_for_every_slot(ledger: Ledger, mailing: int, moment: Moment) -> str:
    """Let a yes hold for the later slots too, in the open transaction; return until when."""
    until = _later(moment.at, _EVERY_TIME)
    ledger.write("UPDATE approvals SET holds_until = ? WHERE mailing = ?", until, mailing)
    return until


def hold_no_longer(ledger: Ledger, mailing: int, moment: Moment) -> bool:
    """Let each later slot wait again, in the open transaction; False where none goes without."""
    end = "UPDATE approvals SET holds_until = ? WHERE mailing = ? AND holds_until > ?"
    return bool(ledger.write(end, moment.at, mailing, moment.at))


def for_every_time(ledger: Ledger, now: str) -> tuple[Approval, ...]:
    """Return those whose yes holds for the later slots too."""
    found = ledger.records("SELECT * FROM approvals WHERE holds_until > ? ORDER BY mailing", now)
    return tuple(map(_approval, found))


def over(ledger: Ledger, now: str) -> frozenset[int]:
    """Return the mailings that nobody has approved in time, and that no writer has ended wholly yet."""
    return frozenset(ledger.column(OVER, now))


def end_expired(ledger: Ledger, moment: Moment, actor: Actor) -> dict[int, int]:
    """Cancel what nobody has approved in time, and give its key back; return what is cancelled, by mailing.

    Nothing of them has left, nor can: each claim asks for the yes, and it is too late for one. A large one is
    cancelled in several commits; where a process dies in between, the next one goes on. So may two at once:
    either tells of all, and not of its own share.
    """
    ended: dict[int, int] = {}
    for one in sorted(over(ledger, moment.at)):
        mailing = mailings.get(ledger, one)
        with ledger.transaction():
            if ledger.write(_END, moment.at, one, moment.at):
                detail = f"messages: {counts.number_in(ledger, mailing, Status.PENDING)}"
                audit.record(ledger, moment, actor, "expire", audit.mailing_subject(one), detail)
            elif one not in over(ledger, moment.at):
                continue  # somebody has approved it just now, or ended it
        for some in ledger.in_pieces(corrections.all_in(ledger, mailing, Status.PENDING)):
            with ledger.transaction():
                both = Status.PENDING, Status.CANCELLED
                corrections.move(ledger, mailing, dict(some), *both, moment, UNAPPROVED)
                ledger.write(_GIVE_BACK, one)
                ended[one] = counts.number_in(ledger, mailing, Status.CANCELLED)
    return ended


def same_text(
    ledger: Ledger, municipality: str, body_hash: str, moment: Moment, *, apart_from: int = 0
) -> int:
    """Return how many messages of a municipality had a text within 20 hours, or are still to have it.

    So nobody sends a large mailing as several small ones.
    """
    return ledger.number(
        _SAME_TEXT, body_hash, municipality, apart_from, *([_later(moment.at, -WINDOW)] * 2), moment.at
    )


def of(ledger: Ledger, mailing: int) -> Approval | None:
    """Return what is known of a mailing's approval; None where it needs none."""
    found = ledger.records("SELECT * FROM approvals WHERE mailing = ?", mailing)
    return next(map(_approval, found), None)


def most_new_packages(ledger: Ledger, mailing: int, most: int | None) -> int | None:
    """Return how many packages may be opened, of `most` or of any: no more than a second person approved."""
    asked = of(ledger, mailing)
    return asked.most_new_packages(most) if asked else most


def open_ones(ledger: Ledger) -> tuple[Approval, ...]:
    """Return those that nobody has decided, oldest first."""
    found = ledger.records("SELECT * FROM approvals WHERE decision IS NULL ORDER BY mailing")
    return tuple(map(_approval, found))


def of_several(ledger: Ledger, mailings: Iterable[int]) -> dict[int, Approval]:
    """Return what is known of the approvals of some mailings; those that need none are left out."""
    found = ledger.rows_of("SELECT mailing FROM approvals WHERE mailing IN (?)", mailings)
    return {mailing: approval for (mailing,) in found if (approval := of(ledger, mailing))}


def must_be_given(mailing: int, at_once: int | None, decision: str | None) -> None:
    """Raise RuleError where a mailing waits for a second person; asked in the transaction of every claim.

    `at_once` is None where nobody was asked.
    """
    if at_once == 0 and decision != ApprovalDecision.APPROVED:
        raise still_waits(mailing).error


def decide(ledger: Ledger, mailing: int, decision: ApprovalDecision, moment: Moment, actor: Actor) -> bool:
    """Decide, in the open transaction; False where somebody has decided before, or it is too late for a yes.

    What left at once is not cancelled: a second person is still to read it. The table itself refuses the yes
    of whoever asked.
    """
    return bool(
        ledger.write(
            "UPDATE approvals SET decision = ?, decided_at = ?, decided_by = ?"
            " WHERE mailing = ? AND decision IS NULL"
            " AND ((? = 'cancelled' AND at_once = 0)"
            " OR (? = 'approved' AND (at_once = 1 OR expires_at > ?)))",
            decision.value,
            moment.at,
            actor.user,
            mailing,
            decision.value,
            decision.value,
            moment.at,
        )
    )


def _hash_of(ledger: Ledger, mailing: Mailing) -> str:
    row = ledger.one("SELECT body_hash FROM mailings WHERE id = ?", mailing.id)
    return str(row[0]) if row else ""


def _later(at: str, by: timedelta) -> str:
    return stamp(datetime.fromisoformat(at) + by)


def _approval(row: dict[str, Any]) -> Approval:
    decision = row["decision"]
    return Approval(
        **row | {"at_once": bool(row["at_once"]), "decision": decision and ApprovalDecision(decision)}
    )
