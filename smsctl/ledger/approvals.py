"""A second person's yes: asked for in the transaction that makes a mailing, looked at in every claim.

What must stay true: of a mailing that waits for a second person nothing is marked as sending, however the
claim came about; whoever asked is not whoever approved; a decision is made once.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from smsctl.domain.approval import Approval, ApprovalDecision, ApprovalTerms, still_waits
from smsctl.domain.mailing import Mailing
from smsctl.domain.moment import Actor, Moment
from smsctl.ledger import audit
from smsctl.ledger.store import Ledger
from smsctl.ledger.window import WINDOW


def ask(ledger: Ledger, mailing: Mailing, terms: ApprovalTerms, moment: Moment, actor: Actor) -> None:
    """Ask for a second person where a mailing that was just made is large, in the open transaction."""
    counted = mailing.messages + same_text(
        ledger, mailing.municipality.key, _hash_of(ledger, mailing), moment, apart_from=mailing.id
    )
    if counted <= terms.above:
        return
    ledger.write(
        "INSERT INTO approvals"
        " (mailing, asked_at, asked_by, above, counted, new_packages, expires_at, at_once)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        mailing.id,
        moment.at,
        actor.user,
        terms.above,
        counted,
        terms.new_packages,
        _later(moment.at, terms.expires),
        int(terms.at_once),
    )
    action = "at-once" if terms.at_once else "ask"
    audit.record(ledger, moment, actor, action, audit.mailing_subject(mailing.id), f"counted: {counted}")


def same_text(
    ledger: Ledger, municipality: str, body_hash: str, moment: Moment, *, apart_from: int = 0
) -> int:
    """Return how many messages of a municipality had a text within 20 hours, or are still to have it.

    So nobody sends a large mailing as several small ones.
    """
    row = ledger.one(
        "SELECT COALESCE(SUM(c.messages), 0) FROM mailings g JOIN mailing_counts c ON c.mailing = g.id"
        " WHERE g.body_hash = ? AND g.kind = 'send' AND g.municipality = ? AND g.id <> ?"
        " AND c.state NOT IN ('cancelled', 'rejected')"
        " AND (c.state = 'pending' OR g.created_at >= ? OR COALESCE(g.send_at, '') >= ?)",
        body_hash,
        municipality,
        apart_from,
        *([_later(moment.at, -WINDOW)] * 2),
    )
    return int(row[0]) if row else 0


def of(ledger: Ledger, mailing: int) -> Approval | None:
    """Return what is known of a mailing's approval; None where it needs none."""
    found = ledger.records("SELECT * FROM approvals WHERE mailing = ?", mailing)
    return _approval(found[0]) if found else None


def open_ones(ledger: Ledger) -> tuple[Approval, ...]:
    """Return those that nobody has decided, oldest first."""
    found = ledger.records("SELECT * FROM approvals WHERE decision IS NULL ORDER BY mailing")
    return tuple(map(_approval, found))


def approvers(ledger: Ledger, mailings: Iterable[int]) -> dict[int, str]:
    """Return who has approved each of some mailings."""
    sql = "SELECT mailing, decided_by FROM approvals WHERE decision = 'approved' AND mailing IN (?)"
    return dict(ledger.rows_of(sql, mailings))


def must_be_given(ledger: Ledger, mailing: int) -> None:
    """Raise RuleError where a mailing waits for a second person; asked in the transaction of every claim."""
    row = ledger.one("SELECT at_once, decision FROM approvals WHERE mailing = ?", mailing)
    if row is not None and not row[0] and row[1] != ApprovalDecision.APPROVED:
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
    return (datetime.fromisoformat(at) + by).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _approval(found: dict[str, Any]) -> Approval:
    decision = found["decision"]
    return Approval(
        **found | {"at_once": bool(found["at_once"]), "decision": decision and ApprovalDecision(decision)}
    )
