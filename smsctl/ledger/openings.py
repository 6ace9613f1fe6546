"""Opening a mailing: its rows are written first, and itself last, so that it is there whole or not at all.

A large one takes several commits, and others get in between. Its ids are kept for it meanwhile. Until the
last commit no command finds a mailing: nothing can be sent, and its key is not used. Whoever opens it holds
its lock, so that a free lock proves that the opening was broken off. What is left of it goes then.
"""

import os
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import NamedTuple

from smsctl.domain.mailing import Mailing
from smsctl.domain.message import Status
from smsctl.domain.moment import Actor, Moment
from smsctl.errors import LedgerError, say
from smsctl.ledger import carried, costs, counts, lock, mailings, skipped, texts
from smsctl.ledger.counts import Sum
from smsctl.ledger.mailings import Addressee, NewMailing
from smsctl.ledger.skipped import SkippedEntry
from smsctl.ledger.store import Ledger


class Opening(NamedTuple):
    """A mailing that is not there yet, and the ids that are kept for it."""

    mailing: int
    reference: str
    first_message: int


def new_reference() -> str:
    """Return a reference that no mailing of any ledger has."""
    return os.urandom(5).hex()


def at_once(ledger: Ledger) -> Opening:
    """Return the ids of a mailing that is written in the one transaction that is open."""
    used = (
        "SELECT MAX(id) AS used FROM mailings UNION ALL SELECT MAX(mailing) FROM openings",
        "SELECT MAX(id) AS used FROM messages UNION ALL SELECT MAX(first_message + kept - 1) FROM openings",
    )
    next_id = "SELECT COALESCE(MAX(used), 0) + 1 FROM ([USED]) AS ids"
    mailing, first = (int(ledger.rows(next_id.replace("[USED]", one))[0][0]) for one in used)
    return Opening(mailing=mailing, reference=new_reference(), first_message=first)


def keep(ledger: Ledger, reference: str, rows: int) -> Opening:
    """Keep ids for a mailing of so many rows at most, in the open transaction; its lock is held."""
    opening = at_once(ledger)._replace(reference=reference)
    ledger.insert("openings", **opening._asdict(), kept=rows)
    return opening


PeopleColumns = dict[str, Sequence[object]]


def in_columns(people: list[Addressee]) -> PeopleColumns:
    """Return people by column, as their messages keep them."""
    sheet_rows, numbers, names = zip(*people, strict=True) if people else ((), (), ())
    return {"sheet_row": sheet_rows, "number": numbers, "name": [name or None for name in names]}


def write_messages(
    ledger: Ledger,
    opening: Opening,
    people: PeopleColumns,
    written: int,
    own: Iterator[tuple[str, int]] | None = None,
) -> int:
    """Write messages behind those that are written, in the open transaction; return how many there are.

    `own` gives the text of each and its parts, where they differ.
    """
    first, most = opening.first_message + written, len(people["number"])
    columns: PeopleColumns = {
        "id": range(first, first + most),
        "mailing": [opening.mailing] * most,
        "state": ["pending"] * most,
        **people,
    }
    if own is None:
        ledger.load("messages", columns)
    else:
        bodies, parts = zip(*islice(own, most), strict=True)
        ledger.load("messages", columns | {"parts": parts})
        texts.write(ledger, first, bodies)
    return written + most


def write_in_pieces(
    ledger: Ledger,
    opening: Opening,
    ready: Iterable[Addressee],
    left_out: Iterable[SkippedEntry],
    new: NewMailing,
) -> Iterator[tuple[int, int]]:
    """Write all rows of a mailing that ids are kept for, in commits; yield how many messages, and rows."""
    messages, rows = 0, 0
    own = None if new.texts is None else zip(new.texts.bodies(), new.texts.parts, strict=True)
    for people in ledger.in_pieces(ready, in_columns):
        with ledger.transaction():
            _must_be_kept(ledger, opening)
            rows = messages = write_messages(ledger, opening, people, messages, own)
        yield messages, rows
    for rest in ledger.in_pieces(left_out):
        with ledger.transaction():
            _must_be_kept(ledger, opening)
            skipped.write(ledger, opening.mailing, rest)
        rows += len(rest)
        yield messages, rows
    for some in ledger.in_pieces(new.carried.rows):
        with ledger.transaction():
            _must_be_kept(ledger, opening)
            carried.write(ledger, opening.mailing, some)
        yield messages, rows


def finish(
    ledger: Ledger, opening: Opening, new: NewMailing, messages: int, moment: Moment, actor: Actor
) -> Mailing:
    """Write the mailing itself, whose rows are written, in the open transaction."""
    ledger.insert(
        "mailings",
        id=opening.mailing,
        reference=opening.reference,
        first_message=opening.first_message,
        messages=messages,
        **_columns(new, moment, actor),
    )
    skipped.write_outside(ledger, opening.mailing, new.outside)
    costs.write_shares(ledger, opening.mailing, opening.first_message, new.cost_shares)
    made = mailings.get(ledger, opening.mailing)
    pending = Sum(messages=messages, parts=_parts(ledger, made))
    counts.move(ledger, made, moment.day, {}, {Status.PENDING: pending})
    return made


def _parts(ledger: Ledger, made: Mailing) -> int:
    if not made.personal:
        return made.messages * made.size.parts
    return ledger.number("SELECT SUM(parts) FROM messages WHERE id BETWEEN ? AND ?", *made.span)


def keep_no_longer(ledger: Ledger, opening: Opening, messages: int, rows: int) -> None:
    """End the keeping of ids, in the transaction that writes the mailing itself.

    Raises LedgerError where somebody has taken the opening for one that was broken off, or it lacks any of
    the messages and other rows that were written.
    """
    if not (
        ledger.write("DELETE FROM openings WHERE reference = ? AND kept >= ?", opening.reference, messages)
        and _is_whole(ledger, opening, messages, rows)
    ):
        raise _removed()


def _is_whole(ledger: Ledger, opening: Opening, messages: int, rows: int) -> bool:
    found = ledger.number(
        "SELECT (SELECT COUNT(*) FROM messages WHERE id >= ? AND id < ?)"
        " + (SELECT COUNT(*) FROM skipped WHERE mailing = ?)",
        opening.first_message,
        opening.first_message + messages,
        opening.mailing,
    )
    return found == rows


def _must_be_kept(ledger: Ledger, opening: Opening) -> None:
    """Raise LedgerError where another host took the opening for broken off: its rows would be nobody's."""
    if not ledger.rows("SELECT 1 FROM openings WHERE reference = ?", opening.reference):
        raise _removed()


def _removed() -> LedgerError:
    return LedgerError(
        say("What was written of a new mailing was removed by another process; nothing was sent."),
        hint=say("Run the same command again."),
    )


def create(
    ledger: Ledger,
    new: NewMailing,
    ready: Iterable[Addressee],
    left_out: Iterable[SkippedEntry],
    moment: Moment,
    actor: Actor,
) -> Mailing:
    """Write the mailing, its messages, its skipped rows and what is kept beside, in the open transaction."""
    opening = at_once(ledger)
    own = None if new.texts is None else zip(new.texts.bodies(), new.texts.parts, strict=True)
    messages = write_messages(ledger, opening, in_columns([*ready]), 0, own)
    skipped.write(ledger, opening.mailing, left_out)
    carried.write(ledger, opening.mailing, new.carried.rows)
    return finish(ledger, opening, new, messages, moment, actor)


def clear(ledger: Ledger) -> Iterator[tuple[int, int]]:
    """Remove what is left of openings whose process is gone; yield how many rows are gone, of how many."""
    for mailing, reference, first, kept in ledger.rows(
        "SELECT mailing, reference, first_message, kept FROM openings"
    ):
        own = reference.removesuffix(_TAKEN)
        with lock.if_nobody_sends(ledger, own) as free:
            if not free or _has_become(ledger, mailing) or not _take_away(ledger, own):
                continue
            done, most = 0, ledger.rows_in_a_commit
            while _remove_some(
                ledger,
                Opening(mailing=mailing, reference=f"{own}{_TAKEN}", first_message=first + done),
                min(most, kept - done),
                most,
            ):
                done = min(done + most, kept)
                yield done, kept
                ledger.give_way()
                most = ledger.rows_in_a_commit


def _has_become(ledger: Ledger, mailing: int) -> bool:
    """Say whether an opening's mailing is there; it is forgotten then, as one that a backup brought along."""
    is_there = ledger.number("SELECT COUNT(*) FROM mailings WHERE id = ?", mailing) > 0
    if is_there:
        with ledger.transaction():
            ledger.write("DELETE FROM openings WHERE mailing = ?", mailing)
    return is_there


def _take_away(ledger: Ledger, reference: str) -> bool:
    """Let an opening be its owner's no longer, before anything of it goes; say whether it is there still.

    On a server the owner may have lost a session only, and go on.
    """
    taken = f"{reference}{_TAKEN}"
    with ledger.transaction():
        ledger.write("UPDATE openings SET reference = ? WHERE reference = ?", taken, reference)
        return bool(ledger.rows("SELECT 1 FROM openings WHERE reference = ?", taken))


def _remove_some(ledger: Ledger, left: Opening, messages: int, most: int) -> bool:
    """Remove some rows of an opening that was broken off, or the last of it; say whether anything is left.

    Its next messages, and where there are none, at most so many of each other kind.
    """
    with ledger.transaction():
        # Another host may go on with the rest, where the session that held the lock is gone.
        if not ledger.rows("SELECT 1 FROM openings WHERE reference = ?", left.reference):
            return False
        first, end = left.first_message, left.first_message + messages
        if first < end:
            texts.remove(ledger, first, end - 1)
            ledger.write(
                "DELETE FROM messages WHERE id >= ? AND id < ? AND mailing = ?", first, end, left.mailing
            )
        elif not any(table.remove_some(ledger, left.mailing, most) for table in (skipped, carried)):
            ledger.write("DELETE FROM openings WHERE reference = ?", left.reference)
            return False
    return True


_TAKEN = "-taken"


def _columns(new: NewMailing, moment: Moment, actor: Actor) -> dict[str, object]:
    letter, rate, body = new.letter, new.municipality.rate, new.letter.text.body
    return {
        **{name: getattr(new, name) for name in mailings.AS_IT_IS},
        **{name: int(getattr(new, name)) for name in mailings.FLAGS},
        "municipality": new.municipality.key,
        "created_at": moment.at,
        "created_day": moment.day,
        "created_by": actor.user,
        "created_host": actor.host,
        "body": body,
        "body_hash": mailings.body_hash(body),
        "encoding": new.size.encoding,
        "units": new.size.units,
        "parts_each": new.size.parts,
        "personal": int(new.texts is not None),
        "sender": letter.sender,
        "priority": letter.priority,
        "validity_s": None if letter.validity is None else int(letter.validity.total_seconds()),
        "send_at": None if letter.send_at is None else letter.send_at.isoformat(),
        "want_report": int(letter.want_report),
        "invoice_node": letter.invoice_node,
        "audience": str(new.audience),
        "audience_groups": "\n".join(new.audience.groups) or None,
        "rows_total": new.rows,
        "max_parts": new.ceilings.max_parts,
        "max_new_packages": new.ceilings.max_new_packages,
        "in_packages": int(new.municipality.in_packages),
        "rate_parts": None if rate is None else rate.size,
        "rate_ore": None if rate is None else rate.price_ore,
        "terms_required": int(new.terms_required),
        "title": new.label.title,
        "case_number": new.label.case,
        "carry": "\n".join(new.carried.headings) or None,
    }
