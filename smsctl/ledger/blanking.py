"""What people wrote into the ledger, reasons and the names of keys: listed by id, and blanked by id.

What must stay true: of each blanked row of the audit another one says so; under a blanked key nothing is sent
once more; the file is marked until the words are gone from it.
"""

from collections.abc import Iterator
from enum import StrEnum
from typing import NamedTuple

from smsctl.domain.moment import Actor, Moment
from smsctl.errors import InputError, say
from smsctl.ledger import audit, health, keyfile, purging, run_keys
from smsctl.ledger.blocklist import BY_STOP
from smsctl.ledger.store import Ledger

_BLANK = "blank"
_COPIES = (
    "UPDATE holds SET reason = '' WHERE reason = ?",
    "UPDATE blocked SET reason = '' WHERE reason = ?",
    "UPDATE purges SET decision = '' WHERE decision = ?",
)
"""What repeats the reason of a row of the audit."""


class WrittenKind(StrEnum):
    """What somebody wrote."""

    REASON = "reason"
    KEY = "key"


class Written(NamedTuple):
    """The same words, wherever they stand; told of by the newest row of the audit that has them."""

    id: int
    at: str
    user: str
    action: str
    subject: str
    kind: WrittenKind
    text: str  # a key with the slot as its place, `weekly-{week}`
    rows: int = 1  # of the audit


class _Place(NamedTuple):
    """One row of the audit that has the words, or whose mailing has them as its key."""

    told: Written
    run_key: str
    mailing: int | None


def written(ledger: Ledger) -> tuple[Written, ...]:
    """Return what people wrote and nobody has blanked, newest first."""
    found: dict[tuple[WrittenKind, str], Written] = {}
    for told, _, _ in _places(ledger):
        known = found.get((told.kind, told.text))
        found[told.kind, told.text] = known._replace(rows=known.rows + 1) if known else told
    return tuple(found.values())


def find(ledger: Ledger, row: int, kind: WrittenKind) -> Written | None:
    """Return what stands in a row of the audit; None where it is blanked already.

    Raises InputError where there is no such row, or nothing in it that a person wrote.
    """
    there = next((one.told for one in _places(ledger) if one.told.id == row and one.told.kind is kind), None)
    if there:
        return next(one for one in written(ledger) if (one.kind, one.text) == (kind, there.text))
    hint = say("The ids stand in: smsctl purge --written")
    if ledger.one("SELECT 1 FROM audit WHERE id = ?", row) is None:
        raise InputError(say("The audit has no row {id}.", id=row), hint=hint)
    if any(one.action == _BLANK and one.detail == kind for one in audit.of(ledger, f"audit {row}")):
        return None
    if kind is WrittenKind.KEY:
        raise InputError(say("Row {id} of the audit names no key.", id=row), hint=hint)
    raise InputError(say("Row {id} of the audit has no reason that a person wrote.", id=row), hint=hint)


def blank(ledger: Ledger, what: Written, moment: Moment, actor: Actor, why: str) -> tuple[str, ...]:
    """Blank the words wherever they stand, in the open transaction; return what to look for in the file."""
    key = keyfile.find_or_make(ledger) if what.kind is WrittenKind.KEY else None
    places = [one for one in _places(ledger) if (one.told.kind, one.told.text) == (what.kind, what.text)]
    for told, run_key, mailing in places:
        audit.record(ledger, moment, actor, _BLANK, f"audit {told.id}", what.kind, why)
        if key is None:
            ledger.write("UPDATE audit SET reason = NULL WHERE id = ?", told.id)
        elif mailing is None:
            subject = run_keys.blanked_subject_of(key, run_key)
            ledger.write("UPDATE audit SET subject = ? WHERE id = ?", subject, told.id)
        else:
            known_by = run_keys.hash_of(key, run_key)
            ledger.write(
                "UPDATE mailings SET run_key = NULL, run_key_hash = ? WHERE id = ?", known_by, mailing
            )
    for copy in _COPIES if key is None else ():
        ledger.write(copy, what.text)
    purging.mark(ledger, f"blank.{what.id}")
    return (what.text,) if key is None else tuple(one.run_key for one in places)


def _places(ledger: Ledger) -> Iterator[_Place]:
    """Yield each row of the audit with words that a person wrote, newest first; one may have both kinds."""
    rows = ledger.rows(
        "SELECT a.id, a.at, a.by_whom, a.action, a.subject, a.reason, g.run_key, g.id FROM audit a"
        " LEFT JOIN mailings g ON a.action = 'send' AND g.id = CAST(substr(a.subject, 9) AS INTEGER)"
        " AND g.run_key IS NOT NULL"
        " WHERE a.reason <> '' OR g.id IS NOT NULL OR substr(a.subject, 1, 4) = 'key ' ORDER BY a.id DESC"
    )
    for id_, at, user, action, subject, reason, run_key, mailing in rows:
        told = Written(
            id=id_, at=at, user=user, action=action, subject=subject, kind=WrittenKind.REASON, text=reason
        )
        if reason and reason != BY_STOP:
            yield _Place(told=told, run_key="", mailing=None)
        if named := run_key or run_keys.in_subject(subject):
            text = health.without_slot(named)
            yield _Place(told=told._replace(kind=WrittenKind.KEY, text=text), run_key=named, mailing=mailing)
