"""Mailings that a person keeps from every purge."""

from typing import NamedTuple

from smsctl.domain.mailing import Mailing
from smsctl.domain.moment import Actor, Moment
from smsctl.errors import InputError, say
from smsctl.ledger import audit
from smsctl.ledger.store import Ledger


class Hold(NamedTuple):
    """A mailing that no purge touches."""

    mailing: int
    at: str
    by_whom: str
    reason: str


def holds(ledger: Ledger) -> tuple[Hold, ...]:
    """Return the mailings that no purge touches."""
    found = ledger.records("SELECT mailing, at, by_whom, reason FROM holds ORDER BY mailing")
    return tuple(Hold(**one) for one in found)


def hold(ledger: Ledger, mailing: Mailing, moment: Moment, actor: Actor, reason: str) -> bool:
    """Keep a mailing from every purge; False where it is held already. InputError when it is purged."""
    with ledger.transaction():
        if ledger.rows("SELECT 1 FROM mailings WHERE purge IS NOT NULL AND id = ?", mailing.id):
            raise InputError(
                say("Mailing {id} is purged already: there is nothing left to keep.", id=mailing.id)
            )
        kept = ledger.write(
            "INSERT INTO holds (mailing, at, by_whom, reason) VALUES (?, ?, ?, ?)"
            " ON CONFLICT (mailing) DO NOTHING",
            mailing.id,
            moment.at,
            actor.shown,
            reason,
        )
        if kept > 0:
            audit.record(ledger, moment, actor, "hold", audit.mailing_subject(mailing.id), reason=reason)
    return kept > 0


def release(ledger: Ledger, mailing: Mailing, moment: Moment, actor: Actor, reason: str | None) -> bool:
    """Let purges touch a mailing again; False where nothing kept it."""
    with ledger.transaction():
        released = ledger.write("DELETE FROM holds WHERE mailing = ?", mailing.id) > 0
        if released:
            audit.record(ledger, moment, actor, "release", audit.mailing_subject(mailing.id), reason=reason)
    return released
