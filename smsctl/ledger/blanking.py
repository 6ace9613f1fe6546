"""What people wrote into the ledger, reasons and the names of keys: listed by id, and blanked by id.

What must stay true: of each blanked row of the audit another one says so; under a blanked key nothing is sent
once more; the file is marked until the words are gone from it.
"""

from collections.abc import Iterator, Sequence
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
    rows: int  # of the audit


class _NamedKey(NamedTuple):
    """A row of the audit whose mailing has a key, or that itself names one."""

    row: int
    text: str  # with the slot as its place
    run_key: str
    mailing: int | None


def written(ledger: Ledger) -> tuple[Written, ...]:
    """Return what people wrote and nobody has blanked, newest first."""
    keys: dict[str, list[int]] = {}
    for one in _named_keys(ledger):
        keys.setdefault(one.text, []).append(one.row)
    found = [(rows[0], WrittenKind.KEY, text, len(rows)) for text, rows in keys.items()]
    for text, newest, rows in ledger.rows(_REASONS, *_OF_SMSCTL):
        found.append((newest, WrittenKind.REASON, text, rows))
    return tuple(_told(ledger, *one) for one in sorted(found, reverse=True))


def find(ledger: Ledger, row: int, kind: WrittenKind) -> Written | None:
    """Return what stands in a row of the audit; None where it is blanked already.

    Raises InputError where there is no such row, or nothing in it that a person wrote.
    """
    text = _words_in(ledger, row, kind)
    if text is not None:
        return next(one for one in written(ledger) if (one.kind, one.text) == (kind, text))
    hint = say("The ids stand in: smsctl purge --written")
    if ledger.one("SELECT 1 FROM audit WHERE id = ?", row) is None:
        raise InputError(say("The audit has no row {id}.", id=row), hint=hint)
    if any(one.action == _BLANK and one.detail == kind for one in audit.of(ledger, f"audit {row}")):
        return None
    if kind is WrittenKind.KEY:
        raise InputError(say("Row {id} of the audit names no key.", id=row), hint=hint)
    raise InputError(say("Row {id} of the audit has no reason that a person wrote.", id=row), hint=hint)


def words_of(ledger: Ledger, what: Written) -> tuple[str, ...]:
    """Return what must stand nowhere in the file once the words are blanked."""
    if what.kind is WrittenKind.REASON:
        return (what.text,)
    return tuple(one.run_key for one in _named_keys(ledger) if one.text == what.text)


def blank(ledger: Ledger, what: Written, moment: Moment, actor: Actor, why: str, most: int) -> bool:
    """Blank the words in so many rows, in the open transaction; False: they stood nowhere any more."""
    if what.kind is WrittenKind.KEY:
        named = [one for one in _named_keys(ledger) if one.text == what.text][:most]
        rows = [one.row for one in named]
    else:
        found = ledger.rows("SELECT id FROM audit WHERE reason = ? ORDER BY id LIMIT ?", what.text, most)
        named, rows = [], [row for (row,) in found]
    for row in rows:
        audit.record(ledger, moment, actor, _BLANK, f"audit {row}", what.kind, why)
    if not rows:
        return False
    purging.mark(ledger, f"blank.{what.id}")
    if named:
        _blank_keys(ledger, named)
        return True
    ledger.write_many("UPDATE audit SET reason = NULL WHERE id = ?", [(row,) for row in rows])
    for copy in _COPIES:
        ledger.write(copy, what.text)
    return True


def _blank_keys(ledger: Ledger, named: Sequence[_NamedKey]) -> None:
    key = keyfile.find_or_make(ledger)
    for one in named:
        if one.mailing is None:
            subject = run_keys.blanked_subject_of(key, one.run_key)
            ledger.write("UPDATE audit SET subject = ? WHERE id = ?", subject, one.row)
        else:
            by_hash = "UPDATE mailings SET run_key = NULL, run_key_hash = ? WHERE id = ?"
            ledger.write(by_hash, run_keys.hash_of(key, one.run_key), one.mailing)


_OF_SMSCTL = (BY_STOP, audit.TEST_NOT_SENT)
_BY_A_PERSON = f"reason <> '' AND reason NOT IN ({', '.join('?' * len(_OF_SMSCTL))})"
_REASONS = f"SELECT reason, MAX(id), COUNT(*) FROM audit WHERE {_BY_A_PERSON} GROUP BY reason"  # noqa: S608 - ours
_REASON = f"SELECT reason FROM audit WHERE {_BY_A_PERSON} AND id = ?"  # noqa: S608 - ours


def _told(ledger: Ledger, row: int, kind: WrittenKind, text: str, rows: int) -> Written:
    (told,) = ledger.records("SELECT id, at, by_whom AS user, action, subject FROM audit WHERE id = ?", row)
    return Written(**told, kind=kind, text=text, rows=rows)


def _words_in(ledger: Ledger, row: int, kind: WrittenKind) -> str | None:
    if kind is WrittenKind.KEY:
        return next((one.text for one in _named_keys(ledger) if one.row == row), None)
    found = ledger.one(_REASON, *_OF_SMSCTL, row)
    return None if found is None else str(found[0])


def _named_keys(ledger: Ledger) -> Iterator[_NamedKey]:
    """Yield where keys are named, newest first."""
    rows = ledger.rows(
        "SELECT a.id, a.subject, g.run_key, g.id FROM audit a LEFT JOIN mailings g"
        " ON g.id = CAST(CASE a.action WHEN 'send' THEN substr(a.subject, 9) END AS INTEGER)"
        " AND g.run_key IS NOT NULL"
        " WHERE g.id IS NOT NULL OR substr(a.subject, 1, 4) = 'key ' ORDER BY a.id DESC"
    )
    for row, subject, run_key, mailing in rows:
        if named := run_key or run_keys.in_subject(subject):
            yield _NamedKey(row=row, text=health.without_slot(named), run_key=named, mailing=mailing)
