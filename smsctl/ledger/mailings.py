"""Mailings as they were frozen when they were opened, and what has come of them."""

from collections.abc import Container, Iterable, Iterator
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from smsctl.domain.mailing import Carried, Ceilings, CostShare, Label, Mailing, MailingTotals
from smsctl.domain.message import Letter, Priority, Status
from smsctl.domain.moment import ALWAYS, Moment, Period
from smsctl.domain.municipality import Municipality
from smsctl.domain.package import PackageTerms
from smsctl.domain.remark import Words, restored
from smsctl.errors import InputError, LedgerError, say
from smsctl.ledger import counts, packages
from smsctl.ledger.store import ROWS_IN_A_COMMIT, Ledger

if TYPE_CHECKING:  # what `usage` does without
    from smsctl.domain.approval import ApprovalTerms
    from smsctl.domain.audience import AudienceRule, OutsideRows
    from smsctl.domain.personal import PersonalTexts
    from smsctl.domain.text import TextSize

EVERY = 1 << 31
"""More mailings than a ledger has: a limit that is none."""

Addressee = tuple[int | None, str, str | None]  # row in the file, E.164 number, name


class NewMailing(NamedTuple):
    """What a mailing is made of, before the ledger has given it an id."""

    kind: str
    municipality: Municipality
    gateway: str
    letter: Letter
    size: "TextSize"
    audience: "AudienceRule"
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
    outside: tuple["OutsideRows", ...] = ()
    cost_shares: tuple[CostShare, ...] = ()  # the messages are in this order
    terms_required: bool = True
    label: Label = Label()
    texts: "PersonalTexts | None" = None  # of each who is ready; the letter's is their template
    carried: Carried = Carried()
    retry_of: int | None = None
    approval: "ApprovalTerms | None" = None  # None: nobody else is asked


def get(ledger: Ledger, mailing: int) -> Mailing:
    """Return one mailing. Raises InputError when there is none with that number."""
    found = ledger.records("SELECT * FROM mailings WHERE id = ?", mailing)
    if not found:
        raise InputError(
            say("There is no mailing {mailing} in {path}.", mailing=mailing, path=ledger.engine.place),
            hint=say("The numbers stand in: smsctl mailings list"),
        )
    return _mailing(found[0])


def of_key(ledger: Ledger, run_key: str) -> Mailing | None:
    """Return the mailing that was made under this key, also when its name is blanked."""
    from smsctl.ledger import run_keys  # who only counts asks for no key

    found = run_keys.mailing_of(ledger, run_key)
    return None if found is None else get(ledger, found)


def newest(
    ledger: Ledger, *, most: int = EVERY, municipality: str | None = None, period: Period = ALWAYS
) -> tuple[Mailing, ...]:
    """Return the newest mailings of one municipality or of all, newest first."""
    found = ledger.records(
        "SELECT * FROM mailings WHERE municipality = COALESCE(?, municipality)"
        " AND created_day >= COALESCE(?, '') AND created_day <= COALESCE(?, '9999') ORDER BY id DESC LIMIT ?",
        municipality,
        *period,
        most,
    )
    return tuple(_mailing(one) for one in found)


def put_off(ledger: Ledger, mailing: int, send_at: datetime) -> None:
    """Let the gateway hold what is still pending until then, in the open transaction."""
    ledger.write("UPDATE mailings SET send_at = ? WHERE id = ?", send_at.isoformat(), mailing)


def parts_waiting_of(ledger: Ledger, user: str, now: Moment) -> int:
    """Return the parts still to be sent of the mailings that a user has begun on this local day or later.

    Not of what nobody has approved in time.
    """
    return ledger.number(_WAITING, user, now.day, now.at)


_WAITING = (
    "SELECT COALESCE(SUM(c.parts), 0) FROM mailings g JOIN mailing_counts c ON c.mailing = g.id"
    " WHERE g.created_by = ? AND g.created_day >= ? AND c.state = 'pending' AND g.id NOT IN ([OVER])"
).replace("[OVER]", packages.OVER)


def tally(ledger: Ledger, mailing: Mailing) -> MailingTotals:
    """Return what has come of a mailing."""
    found = counts.of_mailing(ledger, mailing.id)
    return MailingTotals(
        states={state: one.messages for state, one in found.items()},
        state_parts={state: one.parts for state, one in found.items()},
        draws=packages.draws_of_mailing(ledger, mailing.id),
        reserved_parts=packages.parts_in_flight(ledger, mailing.municipality.key, mailing.id),
        rate=mailing.municipality.rate,
    )


def tally_of_one_look(ledger: Ledger, mailing: Mailing) -> MailingTotals:
    """Return what `tally` does, of one moment, where no transaction is open and somebody may be sending."""
    with ledger.snapshot():
        return tally(ledger, mailing)


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
        *mailing.span,
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


def pieces(first: int, last: int) -> Iterator[tuple[int, int]]:
    """Yield the first and the last id of each piece of some messages.

    Of many, what is read is read in pieces: nobody can commit while a file is read.
    """
    for begin in range(first, last + 1, ROWS_IN_A_COMMIT):
        yield begin, min(begin + ROWS_IN_A_COMMIT - 1, last)


def body_hash(body: str) -> str:
    """Return the hash by which the same text is recognised."""
    import hashlib  # costs a start 3 ms, and most commands need no hash

    return hashlib.sha256(body.encode()).hexdigest()


def _mailing(row: dict[str, Any]) -> Mailing:
    from smsctl.domain.audience import rule_of
    from smsctl.domain.text import Encoding, TextSize

    rate = None
    if row["rate_parts"]:
        rate = PackageTerms(size=row["rate_parts"], price_ore=row["rate_ore"])
    municipality = Municipality(
        key=row["municipality"], name=row["municipality"], rate=rate, in_packages=bool(row["in_packages"])
    )
    return Mailing(
        **{name: row[name] for name in (*_FOUND_FIRST, *AS_IT_IS)},
        **{name: row[name] == 1 for name in (*FLAGS, "personal", "half_cancelled")},
        municipality=municipality,
        letter=_letter(row),
        size=TextSize(encoding=Encoding(row["encoding"]), units=row["units"], parts=row["parts_each"]),
        audience=rule_of(row["audience"], tuple((row["audience_groups"] or "").splitlines())),
        rows=row["rows_total"],
        ceilings=Ceilings(max_parts=row["max_parts"], max_new_packages=row["max_new_packages"]),
        terms_required=bool(row["terms_required"] in (None, 1)),
        label=Label(title=row["title"], case=row["case_number"]),
    )


_FOUND_FIRST = (
    *("id", "reference", "first_message", "messages"),
    *("created_at", "created_day", "created_by", "cancelled_at", "account"),
)
AS_IT_IS = ("kind", "gateway", "source", "run_key", "number_column", "audience_rows", "retry_of")
FLAGS = ("again", "urgent", "over_day")
"""The facts of a mailing that have the same name and value in its row, and those that are 0 or 1 there."""


def _letter(row: dict[str, Any]) -> Letter:
    from smsctl.domain.text import MessageText

    priority, validity_s, send_at = row["priority"], row["validity_s"], row["send_at"]
    return Letter(
        text=MessageText(body=row["body"] or ""),
        sender=row["sender"],
        priority=None if priority is None else Priority(priority),
        validity=None if validity_s is None else timedelta(seconds=validity_s),
        send_at=None if send_at is None else datetime.fromisoformat(send_at),
        want_report=bool(row["want_report"]),
        invoice_node=row["invoice_node"],
    )


def retried_by(ledger: Ledger, mailing: int, over: Container[int] = ()) -> int | None:
    """Return the newest mailing by which another is sent again; one that is wholly cancelled does not count.

    Nor does what is `over`, for nobody approved it in time: it is cancelled by whoever writes next.
    """
    again = ledger.column(
        "SELECT g.id FROM mailings g WHERE g.retry_of = ? AND EXISTS (SELECT 1 FROM mailing_counts c"
        " WHERE c.mailing = g.id AND c.messages > 0 AND c.state <> 'cancelled') ORDER BY g.id DESC",
        mailing,
    )
    return next((one for one in again if one not in over), None)


def labels(ledger: Ledger, mailings: Iterable[int]) -> dict[int, Label]:
    """Return what some mailings are called."""
    found = ledger.rows_of("SELECT id, title, case_number FROM mailings WHERE id IN (?)", mailings)
    return {mailing: Label(title=title, case=case) for mailing, title, case in found}


def has_text(ledger: Ledger, mailing: Mailing, body: str) -> bool:
    """Say whether a mailing was made with this text, also when its own is purged."""
    found = ledger.one("SELECT 1 FROM mailings WHERE id = ? AND body_hash = ?", mailing.id, body_hash(body))
    return found is not None


def must_have_body(mailing: Mailing) -> None:
    """Raise LedgerError when the text was purged: nothing can be sent from this mailing any more."""
    if not mailing.letter.text.body:
        raise LedgerError(
            say("The text of mailing {mailing} was purged.", mailing=mailing.id),
            hint=say("Send it anew, where it is needed."),
        )
