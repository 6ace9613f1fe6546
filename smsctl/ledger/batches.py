"""Batches: claimed durably before a byte leaves, settled with what the gateway answered.

What must stay true: a message is handed out only from `pending`, in the transaction that marks it; an
answer is stored only for the batch it belongs to; a claimed batch never goes back to `pending` without
proof that the gateway did not take it.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import islice
from typing import NamedTuple

from smsctl.domain.mailing import Ceilings, Mailing
from smsctl.domain.message import Answer, Batch, Receipt, Status, alike, references, statuses
from smsctl.domain.moment import Moment
from smsctl.domain.remark import stored
from smsctl.ledger import (
    accounts,
    approvals,
    blocklist,
    cancelling,
    ceilings,
    costs,
    counts,
    hosts,
    late_answers,
    marking,
    matching,
    packages,
    reports,
    restoring,
    texts,
    under_way,
)
from smsctl.ledger.host_mark import name_of
from smsctl.ledger.repeats import Repeats
from smsctl.ledger.store import Ledger


class Claim(NamedTuple):
    """One batch that this process, and no other, may submit."""

    id: int
    batch: Batch
    messages: Sequence[int]  # ids, in the batch's order
    day: str  # the local day it is counted on
    by: hosts.Claimant | None = None  # None: the ledger is a file
    parts: counts.Parts | None = None  # of its messages and others, where texts differ; None: not read yet
    until: str | None = None  # it may be under way; None: the ledger is a file


class ClaimRequest(NamedTuple):
    """What a run wants of each claim."""

    mailing: Mailing
    most: int  # messages in one batch
    ceilings: Ceilings
    repeats: Repeats
    account: str = ""  # at the gateway, through which the batches leave
    billed: str = ""  # the same, whatever the address of the gateway; empty: not told
    request_s: float = 90  # in which a request ends, whatever the gateway does


def claim(ledger: Ledger, want: ClaimRequest, after: int, moment: Moment, slots: int = 1) -> list[Claim]:
    """Mark the next pending messages with ids above `after` as sending, in the open transaction.

    They make as many batches as there are `slots`, at most; what may be sent is asked once for all of them.
    Messages whose number has had the text meanwhile, or is on the block list, are cancelled instead.
    Returns none when nothing is pending. Raises RuleError when a ceiling leaves room for none, LedgerError
    when the ledger was put back from an older copy, HaltError when this run may claim nothing more.
    """
    mailing = want.mailing
    host = hosts.admit(ledger, mailing.reference, moment)
    _must_be_sendable(ledger, mailing.id, want.billed)
    if after < mailing.first_message:  # the first claim of a run
        marking.must_agree(ledger, mailing)
    while (waiting := _pending(ledger, want, after, slots * want.most)).messages:
        messages, numbers = waiting.messages, waiting.numbers
        blocked = blocklist.among(ledger, numbers, (mailing.municipality.key,))
        paired = zip(messages, numbers, strict=True)
        stopped = {message for message, number in paired if number in blocked} if blocked else set()
        repeated = want.repeats.among(ledger, messages, numbers, moment) - stopped
        if not stopped and not repeated:
            break
        _withdraw(ledger, mailing, sorted(stopped), "blocked")
        _withdraw(ledger, mailing, sorted(repeated), "already-sent")
    else:
        return []
    parts = waiting.own and waiting.own.parts
    room = ceilings.room(ledger, mailing, want.ceilings, messages, moment, parts)
    made = _batches(ledger, want, waiting, room, slots, moment)
    until = under_way.until(host.at, want.request_s) if host else None
    claims = [one._replace(by=host, parts=parts, until=until) for one in made]
    for one in claims:
        _mark(ledger, want, one, moment)
    marked = counts.total(ledger, mailing, [message for one in claims for message in one.messages], parts)
    counts.move(ledger, mailing, moment.day, {Status.PENDING: marked}, {Status.SENDING: marked})
    newest = claims[-1]
    restoring.watch(
        ledger,
        before=claims[0].id - 1,
        newest=newest.id,
        reference=name_of(newest.batch.reference, moment.at),
        at=host.at if host else None,
    )
    return claims


def settle(ledger: Ledger, mailing: Mailing, done: Claim, answer: Answer, moment: Moment) -> Answer:
    """Store what was answered, draw the parts that cost, close the batch; in the open transaction.

    Returns the answer as it was stored: as far as it can be believed. The batch is known by id and reference:
    where a ledger was put back, another may have got its id.
    """
    answer = matching.believed(ledger, mailing.gateway, done.messages, answer)
    answer = cancelling.not_pending_again(ledger, mailing, answer)
    closed = ledger.write(
        "UPDATE batches SET settled_at = ?, verdict = ?, event = ?, answer = ?"
        " WHERE id = ? AND reference = ? AND settled_at IS NULL",
        moment.at,
        answer.verdict,
        *stored(answer.text),
        done.id,
        done.batch.reference,
    )
    before = Status.SENDING if closed else Status.UNKNOWN  # a late answer: recovery was quicker
    must_have_its_receipts(done.batch, answer.receipts)
    messages, receipts = done.messages, answer.receipts
    if not closed:
        paired = list(zip(messages, receipts, strict=True))
        taken = {message for message, receipt in paired if receipt.status in late_answers.PROVES}
        late_answers.overrule(ledger, mailing, done.id, done.batch.reference, taken, moment)
        paired = late_answers.told_still(ledger, done.id, done.batch.reference, done.until, paired)
        messages, receipts = [message for message, _ in paired], [receipt for _, receipt in paired]
    _store(ledger, messages, receipts, done.id)
    after = counts.of(ledger, mailing, messages, statuses(receipts), done.parts)
    counts.move(ledger, mailing, done.day, {before: counts.whole(after)}, after)
    drawn = {} if closed else {before: counts.whole(after)}  # what is sending is reserved
    packages.book_change(ledger, mailing, done.id, drawn, after, moment, "sent")
    reports.answered(ledger, mailing, done.messages, moment)
    return answer


def _must_be_sendable(ledger: Ledger, mailing: int, billed: str) -> None:
    """Raise RuleError: a second person has not said yes, it is cancelled, or another account pays for it."""
    row = ledger.one(
        "SELECT a.at_once, a.decision, g.cancelled_at, g.half_cancelled, g.account FROM mailings g"
        " LEFT JOIN approvals a ON a.mailing = g.id WHERE g.id = ?",
        mailing,
    )
    if row is not None:  # asked at once: on a server each question is a way
        approvals.must_be_given(mailing, row[0], row[1])
        cancelling.must_not_be_cancelled(mailing, row[2], in_part=row[3] == 1)
        if billed:
            accounts.must_be_its(ledger, mailing, row[4], billed)
            if row[4] != billed:
                accounts.note(ledger, mailing, billed)


class Waiting(NamedTuple):
    """Pending messages, the number of each, and their texts, where each has its own."""

    messages: Sequence[int]
    numbers: Sequence[str]
    own: texts.OwnTexts | None = None


def _pending(ledger: Ledger, want: ClaimRequest, after: int, most: int) -> Waiting:
    mailing = want.mailing
    sql, first = _PENDING_TEXTS if mailing.personal else _PENDING, max(after, mailing.first_message - 1)
    rows = ledger.rows(sql, first, mailing.last_message, most)
    if not rows:
        return Waiting(messages=(), numbers=())
    messages, numbers, *of_texts = map(list, zip(*rows, strict=True))
    if not of_texts:
        return Waiting(messages=messages, numbers=numbers)
    bodies, parts = (dict(zip(messages, column, strict=True)) for column in of_texts)
    return Waiting(messages=messages, numbers=numbers, own=texts.OwnTexts(bodies=bodies, parts=parts))


_PENDING = (
    "SELECT id, number FROM messages WHERE id > ? AND id <= ? AND state = 'pending' ORDER BY id LIMIT ?"
)
_PENDING_TEXTS = (  # a text that is not there is an error, and its message no less pending
    "SELECT m.id, m.number, t.body, m.parts FROM messages m LEFT JOIN texts t ON t.message = m.id"
    " WHERE m.id > ? AND m.id <= ? AND m.state = 'pending' ORDER BY m.id LIMIT ?"
)


def _batches(
    ledger: Ledger, want: ClaimRequest, waiting: Waiting, room: int, slots: int, moment: Moment
) -> Iterator[Claim]:
    """Yield the batches that the first `room` messages make, as they will be marked."""
    mailing, newest = want.mailing, ledger.newest_id("batches")
    letter = mailing.letter.leaving(datetime.fromisoformat(moment.at))
    stem, last = _newest_reference(ledger, mailing)
    pieces = (
        (cost_centre, slice(at, min(at + want.most, end)))
        for cost_centre, first, end in costs.by_share(ledger, mailing, waiting.messages[:room])
        for at in range(first, end, want.most)
    )
    for n, (cost_centre, piece) in enumerate(islice(pieces, slots), 1):
        ids = waiting.messages[piece]
        batch = Batch(
            reference=f"{stem}{last + n}",
            letter=costs.letter_of(letter, cost_centre),
            references=mailing.message_references(ids),
            numbers=waiting.numbers[piece],
            bodies=[waiting.own.bodies[message] for message in ids] if waiting.own else [],
        )
        yield Claim(id=newest + n, batch=batch, messages=ids, day=moment.day)


def _newest_reference(ledger: Ledger, mailing: Mailing) -> tuple[str, int]:
    """Return that of the newest batch, and its number apart: to count them takes longer with each batch."""
    row = ledger.one("SELECT reference FROM batches WHERE mailing = ? ORDER BY id DESC LIMIT 1", mailing.id)
    newest = row[0] if row else f"{mailing.reference}-b0"
    stem = newest.rstrip("0123456789")
    return stem, int(newest.removeprefix(stem))


def _withdraw(ledger: Ledger, mailing: Mailing, messages: Sequence[int], code: str) -> None:
    """Cancel pending messages, for a reason that is no fault; nothing was sent and nothing costs."""
    ledger.write_many(
        "UPDATE messages SET state = 'cancelled', code = ? WHERE id = ? AND state = 'pending'",
        [(code, message) for message in messages],
    )
    moved, day = counts.total(ledger, mailing, messages), mailing.created_day  # they were never in a batch
    counts.move(ledger, mailing, day, {Status.PENDING: moved}, {Status.CANCELLED: moved})


def _mark(ledger: Ledger, want: ClaimRequest, claim: Claim, moment: Moment) -> None:
    """Write a batch and mark its messages."""
    mailing, ids, host = want.mailing, claim.messages, claim.by
    boot, boot_s = moment.up or (None, None)
    batch = {
        "id": claim.id,
        "reference": claim.batch.reference,
        "mailing": mailing.id,
        "municipality": mailing.municipality.key,
        "first_message": ids[0],
        "last_message": ids[-1],
        **counts.total(ledger, mailing, ids, claim.parts)._asdict(),
        "digest": claim.batch.digest(want.account),
        "claimed_at": moment.at,
        "claimed_day": moment.day,
        "boot": boot,
        "boot_s": boot_s,
        "cost_centre": claim.batch.letter.cost_centre,
        "host": host.host if host else None,
        "under_way_until": claim.until,
    }
    marking.mark(ledger, ids, batch)


def must_have_its_receipts(batch: Batch, receipts: Sequence[Receipt]) -> None:
    """Raise AssertionError where a gateway has not told of each message, in the order of the batch."""
    if list(references(receipts)) != list(batch.references):
        message = "the gateway's receipts are not those of the batch"
        raise AssertionError(message)


def _store(ledger: Ledger, messages: Sequence[int], receipts: Sequence[Receipt], batch: int) -> None:
    """Write the answers into the messages; only one that is given back leaves its batch.

    What was said alike is one statement: most batches are wholly accepted, and a statement for each
    message takes twice as long.
    """
    for said in alike(messages, receipts):
        table, told = ledger.table(("INTEGER", "TEXT"), (said.messages, said.gateway_ids))
        ledger.write_later(
            _STORE.replace("[ROWS]", table),
            said.status.value,  # plain: sqlite3 would look for an adapter first
            said.code,
            *stored(said.text),
            None if said.status is Status.PENDING else batch,
            *told,
            batch,
        )


_STORE = (
    "UPDATE messages SET state = ?, gateway_id = told.column2, code = ?, event = ?, answer = ?, batch = ?"
    " FROM [ROWS] AS told WHERE messages.id = told.column1 AND messages.batch = ?"
)
