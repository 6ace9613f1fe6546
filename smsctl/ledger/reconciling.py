"""What `reconcile` goes by: unknown batches, rebuilt from frozen rows, and the proof of refused repeats.

A batch is rebuilt with the same references in the same order, and compared with the hash of its message
list taken when it was claimed. The request itself is never kept: it holds the password.
"""

from datetime import datetime
from typing import NamedTuple

from smsctl.domain.mailing import Mailing
from smsctl.domain.message import Batch
from smsctl.domain.moment import Moment, Uptime
from smsctl.ledger import costs, texts
from smsctl.ledger.batches import Claim
from smsctl.ledger.store import Ledger

_PROVED, _PROVED_AFTER = "dedup-proved", "dedup-proved-after"
_NEVER = 1 << 62


class Unknown(NamedTuple):
    """A batch of which nothing is known, and when it was claimed."""

    claim: Claim
    claimed: Moment


def unknown_batches(
    ledger: Ledger, mailing: Mailing, account: str, *, batch: int | None = None
) -> list[Unknown]:
    """Return the batches of which every message is unknown; or this one `batch`, if it is one of them.

    Only those that left through this account: no other knows anything of them.
    """
    found = []
    for batch_id, reference, first, last, messages, day, kept, at, boot, boot_s, cost_centre in ledger.rows(
        "SELECT id, reference, first_message, last_message, messages, claimed_day, digest, claimed_at, boot,"
        " boot_s, cost_centre FROM batches WHERE mailing = ? AND verdict = 'unclear' ORDER BY id",
        mailing.id,
    ):
        if batch not in (None, batch_id):
            continue
        rows = ledger.rows(
            "SELECT id, number FROM messages WHERE id BETWEEN ? AND ? AND batch = ? AND state = 'unknown'"
            " AND number IS NOT NULL ORDER BY id",  # none that is purged
            first,
            last,
            batch_id,
        )
        ids = [message for message, _ in rows]
        again = Batch(
            reference=reference,
            letter=costs.letter_of(mailing.letter.leaving(datetime.fromisoformat(at)), cost_centre),
            references=mailing.message_references(ids),
            numbers=[number for _, number in rows],
            bodies=texts.of(ledger, mailing, ids),
        )
        if len(rows) == messages and again.digest(account) == kept:
            up = Uptime(boot=boot, s=boot_s) if boot else None
            claim = Claim(id=batch_id, batch=again, messages=ids, day=day)
            found.append(Unknown(claim=claim, claimed=Moment(at=at, day=day, up=up)))
    return found


def repeat_none(ledger: Ledger, mailing: Mailing) -> None:
    """Remove the digests of a cancelled mailing's batches, so that none is submitted again.

    Runs in the open transaction. Only a batch with a digest can be rebuilt.
    """
    ledger.write("UPDATE batches SET digest = '' WHERE mailing = ?", mailing.id)


def proved_at(ledger: Ledger, account: str) -> str | None:
    """Return when it was proved that this account refuses repeats; None where it never was."""
    return ledger.fact(f"{_PROVED} {account}")


def proved_after(ledger: Ledger, account: str) -> int:
    """Return the newest batch when that was proved: whether its references were kept, nobody can tell."""
    return int(ledger.fact(f"{_PROVED_AFTER} {account}") or 0)


def prove(ledger: Ledger, account: str, moment: Moment) -> None:
    """Write that the account refused a repeat, in the open transaction."""
    ledger.keep_fact(f"{_PROVED} {account}", moment.at)
    ledger.keep_fact(f"{_PROVED_AFTER} {account}", str(ledger.newest_id("batches")))


def disprove(ledger: Ledger, account: str) -> None:
    """Forget the proof, in the open transaction: the account has taken a repeat.

    A run that began with the proof submits nothing again either: no batch is newer than this.
    """
    ledger.write("DELETE FROM facts WHERE name = ?", f"{_PROVED} {account}")
    ledger.keep_fact(f"{_PROVED_AFTER} {account}", str(_NEVER))
