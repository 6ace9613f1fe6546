"""Mailings and their messages: opened in one transaction, read back as they were frozen."""

import os
from collections import Counter
from collections.abc import Iterable
from datetime import datetime, timedelta
from itertools import chain, islice
from typing import Any, NamedTuple

from smsctl.domain.audience import AudienceRule, rule_of
from smsctl.domain.mailing import Ceilings, Mailing, MailingTotals
from smsctl.domain.message import Letter, Priority, Status
from smsctl.domain.moment import ALWAYS, Actor, Moment, Period
from smsctl.domain.municipality import Municipality
from smsctl.domain.package import PackageTerms
from smsctl.domain.recipients import OutsideRows
from smsctl.domain.remark import Words, restored
from smsctl.domain.text import Encoding, MessageText, TextSize
from smsctl.errors import InputError, LedgerError, say
from smsctl.ledger import counts, packages, run_keys
from smsctl.ledger.skipped import SkippedEntry
from smsctl.ledger.skipped import write as write_skipped
from smsctl.ledger.store import Ledger

Addressee = tuple[int | None, str, str | None]  # row in the file, E.164 number, name


class NewMailing(NamedTuple):
    """What a mailing is made of, before the ledger has given it an id."""

    kind: str
    municipality: Municipality
    gateway: str
    letter: Letter
    size: TextSize
    audience: AudienceRule
    source: str | None
    rows: int
    ceilings: Ceilings
    run_key: str | None = None
    again: bool = False  # also to people who have had this text
    urgent: bool = False  # also in quiet hours
    over_day: bool = False  # also beyond the ceilings of the day
    number_column: str | None = None  # asked for, folded; empty: recognised by itself
    reason: str | None = None  # why a rule was overruled
    audience_rows: int | None = None
    outside: tuple[OutsideRows, ...] = ()
    terms_required: bool = True


def create(
    ledger: Ledger,
    new: NewMailing,
    ready: Iterable[Addressee],
    skipped: Iterable[SkippedEntry],
    moment: Moment,
    actor: Actor,
) -> Mailing:
    """Write the mailing, its messages and its skipped rows in the open transaction."""
    row = ledger.one("SELECT COALESCE(MAX(id), 0) + 1 FROM messages")
    first = int(row[0]) if row else 1
    mailing = ledger.insert(_INSERT, *_columns(new, first, moment, actor))
    people = iter(ready)
    while together := list(islice(people, _TOGETHER)):
        rows = ", ".join(["(?, ?, ?, ?, 'pending')"] * len(together))
        values = chain.from_iterable((mailing, line, number, name or None) for line, number, name in together)
        ledger.write(_MESSAGES.replace("(?)", rows), *values)
    row = ledger.one("SELECT COALESCE(MAX(id), 0) FROM messages")
    messages = (int(row[0]) if row else 0) - first + 1
    ledger.write("UPDATE mailings SET messages = ? WHERE id = ?", messages, mailing)
    write_skipped(ledger, mailing, skipped, new.outside)
    made = get(ledger, mailing)
    counts.move(ledger, made, moment.day, Counter(), Counter({Status.PENDING: messages}))
    return made


def get(ledger: Ledger, mailing: int) -> Mailing:
    """Return one mailing; raises InputError when there is none with that number."""
    found = ledger.records("SELECT * FROM mailings WHERE id = ?", mailing)
    if not found:
        raise InputError(
            say("There is no mailing {mailing} in {path}.", mailing=mailing, path=ledger.path),
            hint=say("The numbers stand in: smsctl mailings list"),
        )
    return _mailing(found[0])


def of_key(ledger: Ledger, run_key: str) -> Mailing | None:
    """Return the mailing that was made under this key, also when its name is blanked."""
    found = run_keys.mailing_of(ledger, run_key)
    return None if found is None else get(ledger, found)


def newest(
    ledger: Ledger, *, most: int, municipality: str | None = None, period: Period = ALWAYS
) -> tuple[Mailing, ...]:
    """Return the newest mailings of one municipality or of all, newest first."""
    found = ledger.records(
        "SELECT * FROM mailings WHERE (? IS NULL OR municipality = ?) AND created_day >= COALESCE(?, '')"
        " AND created_day <= COALESCE(?, '9999') ORDER BY id DESC LIMIT ?",
        municipality,
        municipality,
        *period,
        most,
    )
    return tuple(_mailing(one) for one in found)


def put_off(ledger: Ledger, mailing: int, send_at: datetime) -> None:
    """Let the gateway hold what is still pending until then, in the open transaction."""
    ledger.write("UPDATE mailings SET send_at = ? WHERE id = ?", send_at.isoformat(), mailing)


def parts_waiting_of(ledger: Ledger, user: str, day: str) -> int:
    """Return the parts still to be sent of the mailings that a user has begun on a local day or later."""
    row = ledger.one(
        "SELECT COALESCE(SUM(c.messages * g.parts_each), 0) FROM mailings g"
        " JOIN mailing_counts c ON c.mailing = g.id"
        " WHERE g.created_by = ? AND g.created_day >= ? AND c.state = 'pending'",
        user,
        day,
    )
    return int(row[0]) if row else 0


def tally(ledger: Ledger, mailing: Mailing) -> MailingTotals:
    """Return what has come of a mailing."""
    found = ledger.rows(
        "SELECT state, messages FROM mailing_counts WHERE mailing = ? AND messages > 0", mailing.id
    )
    return MailingTotals(
        states={Status(state): messages for state, messages in found},
        draws=packages.draws_of_mailing(ledger, mailing.id),
        reserved_parts=packages.parts_in_flight(ledger, mailing.municipality.key, mailing.id),
        rate=mailing.municipality.rate,
    )


class AnsweredRow(NamedTuple):
    """A message that was not simply taken, and what was told of it."""

    row: int | None
    number: str
    state: Status
    answer: Words


def answers(ledger: Ledger, mailing: Mailing, *, most: int) -> tuple[AnsweredRow, ...]:
    """Return the first messages that were rejected, held or failed, or whose fate is unknown."""
    found = ledger.rows(
        "SELECT sheet_row, number, state, event, answer FROM messages WHERE id BETWEEN ? AND ?"
        " AND state IN ('rejected', 'held', 'failed', 'expired', 'unknown') ORDER BY id LIMIT ?",
        mailing.first_message,
        mailing.last_message,
        most,
    )
    return tuple(
        AnsweredRow(row=row, number=number or "", state=Status(state), answer=restored(event, answer))
        for row, number, state, event, answer in found
    )


def answer_to(ledger: Ledger, message: int) -> Words | None:
    """Return what was told of one message, or of its batch."""
    row = ledger.one(
        "SELECT m.event, m.answer, b.event, b.answer FROM messages m LEFT JOIN batches b ON b.id = m.batch"
        " WHERE m.id = ?",
        message,
    )
    return None if row is None else restored(*row[:2]) or restored(*row[2:]) or None


def body_hash(body: str) -> str:
    """Return the hash by which the same text is recognised."""
    import hashlib  # costs a start 3 ms, and most commands need no hash

    return hashlib.sha256(body.encode()).hexdigest()


_MESSAGES = "INSERT INTO messages (mailing, sheet_row, number, name, state) VALUES (?)"
_TOGETHER = 500
"""So many messages are written by one statement: half the time of a statement for each."""

_INSERT = (
    "INSERT INTO mailings (reference, kind, municipality, gateway, created_at, created_day, created_by,"
    " created_host, run_key, again, urgent, over_day, number_column, body, body_hash, encoding, units,"
    " parts_each, sender, priority, validity_s, send_at, want_report, invoice_node, audience, source,"
    " rows_total, first_message, messages, max_parts, max_new_packages, in_packages, rate_parts, rate_ore,"
    " audience_rows, terms_required, audience_groups)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0, ?, ?, ?,"
    " ?, ?, ?, ?, ?)"
)


def _columns(new: NewMailing, first: int, moment: Moment, actor: Actor) -> list[object]:
    letter, rate = new.letter, new.municipality.rate
    return [
        os.urandom(5).hex(),
        new.kind,
        new.municipality.key,
        new.gateway,
        moment.at,
        moment.day,
        actor.user,
        actor.host,
        new.run_key,
        int(new.again),
        int(new.urgent),
        int(new.over_day),
        new.number_column,
        letter.text.body,
        body_hash(letter.text.body),
        new.size.encoding,
        new.size.units,
        new.size.parts,
        letter.sender,
        letter.priority,
        None if letter.validity is None else int(letter.validity.total_seconds()),
        None if letter.send_at is None else letter.send_at.isoformat(),
        int(letter.want_report),
        letter.invoice_node,
        str(new.audience),
        new.source,
        new.rows,
        first,
        new.ceilings.max_parts,
        new.ceilings.max_new_packages,
        int(new.municipality.in_packages),
        None if rate is None else rate.size,
        None if rate is None else rate.price_ore,
        new.audience_rows,
        int(new.terms_required),
        "\n".join(new.audience.groups) or None,
    ]


def _mailing(found: dict[str, Any]) -> Mailing:
    rate = None
    if found["rate_parts"]:
        rate = PackageTerms(size=found["rate_parts"], price_ore=found["rate_ore"])
    municipality = Municipality(
        key=found["municipality"],
        name=found["municipality"],
        rate=rate,
        in_packages=bool(found["in_packages"]),
    )
    return Mailing(
        id=found["id"],
        reference=found["reference"],
        kind=found["kind"],
        municipality=municipality,
        gateway=found["gateway"],
        letter=_letter(found),
        size=TextSize(encoding=Encoding(found["encoding"]), units=found["units"], parts=found["parts_each"]),
        audience=rule_of(found["audience"], tuple((found["audience_groups"] or "").splitlines())),
        source=found["source"],
        rows=found["rows_total"],
        first_message=found["first_message"],
        messages=found["messages"],
        ceilings=Ceilings(max_parts=found["max_parts"], max_new_packages=found["max_new_packages"]),
        created_at=found["created_at"],
        created_day=found["created_day"],
        created_by=found["created_by"],
        run_key=found["run_key"],
        again=bool(found["again"]),
        urgent=bool(found["urgent"]),
        over_day=bool(found["over_day"]),
        number_column=found["number_column"],
        audience_rows=found["audience_rows"],
        terms_required=bool(found["terms_required"] in (None, 1)),
    )


def _letter(found: dict[str, Any]) -> Letter:
    priority, validity_s, send_at = found["priority"], found["validity_s"], found["send_at"]
    return Letter(
        text=MessageText(body=found["body"] or ""),
        sender=found["sender"],
        priority=None if priority is None else Priority(priority),
        validity=None if validity_s is None else timedelta(seconds=validity_s),
        send_at=None if send_at is None else datetime.fromisoformat(send_at),
        want_report=bool(found["want_report"]),
        invoice_node=found["invoice_node"],
    )


def has_text(ledger: Ledger, mailing: Mailing, body: str) -> bool:
    """Say whether a mailing was made with this text, also when its own is purged."""
    found = ledger.one("SELECT 1 FROM mailings WHERE id = ? AND body_hash = ?", mailing.id, body_hash(body))
    return found is not None


def must_have_body(mailing: Mailing) -> None:
    """Raise LedgerError when the text was purged: nothing can be sent from this mailing any more."""
    if not mailing.letter.text.body:
        raise LedgerError(say("The text of mailing {mailing} was purged.", mailing=mailing.id))
