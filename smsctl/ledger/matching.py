"""Which message a delivery report is about: by our reference, by the gateway's own, or by number and time.

What must stay true: where there is doubt, no message is found.
"""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from smsctl.domain.message import Answer, Receipt, Status, SubmitVerdict
from smsctl.domain.remark import Event, Remark
from smsctl.domain.report import Report
from smsctl.ledger.seam.engine import Row
from smsctl.ledger.store import Ledger

_GIVES_OUR_REFERENCE_BACK = frozenset({"intelecom"})
_ANOTHERS = Remark(Event.ANOTHERS_NAME)


class ReportedMessage(NamedTuple):
    """What is looked at of a message that a report may be about."""

    id: int
    mailing: int
    number: str
    state: Status
    batch: int
    gateway_id: str
    earlier_batch: int  # 0: none that a person's word took it out of
    names_another: bool = False  # the report is about another submission of it than the last


def find(ledger: Ledger, report: Report, at: str, wait: timedelta) -> ReportedMessage | None:
    """Return the one message that the report is about; None where there is none, or doubt.

    `at`: when the report was taken; `wait`: how long after the sending one may come, the validity apart.
    """
    if report.gateway in _GIVES_OUR_REFERENCE_BACK:
        return _by_reference(ledger, report)
    owner = _owner(ledger, report.gateway_id)
    if owner is not None:
        return _agreeing(ledger, _message(ledger, owner), report)
    return _by_number(ledger, report, at, wait)


def believed(ledger: Ledger, gateway: str, messages: Sequence[int], answer: Answer) -> Answer:
    """Return the answer as far as it can be believed; `messages` are the ids, in the batch's order.

    A name that the gateway has given to another message comes from another answer, one that was kept in a
    cache or went astray: then nobody can tell what became of this message.
    """
    if gateway in _GIVES_OUR_REFERENCE_BACK:
        return answer
    told = Counter(receipt.gateway_id for receipt in answer.receipts if receipt.gateway_id)
    if not told:
        return answer
    receipts = [
        receipt
        if not receipt.gateway_id
        or (told[receipt.gateway_id] == 1 and _owner(ledger, receipt.gateway_id) in {None, message})
        else Receipt(receipt.reference, Status.UNKNOWN, text=_ANOTHERS)
        for message, receipt in zip(messages, answer.receipts, strict=True)
    ]
    if receipts == list(answer.receipts):
        return answer
    return answer._replace(verdict=SubmitVerdict.UNCLEAR, receipts=receipts, text=_ANOTHERS)


def remember_batch(ledger: Ledger, gateway: str, first: int, last: int) -> None:
    """Remember the gateway's names for the messages of a batch, where its reports carry nothing of ours.

    Whose name another message has is not believed before it comes here, so that nothing clashes.
    """
    if gateway not in _GIVES_OUR_REFERENCE_BACK:
        ledger.write(
            "INSERT INTO gateway_ids (gateway_id, message) SELECT gateway_id, id FROM messages m"
            " WHERE id BETWEEN ? AND ? AND gateway_id IS NOT NULL AND NOT EXISTS"
            " (SELECT 1 FROM gateway_ids k WHERE k.gateway_id = m.gateway_id AND k.message = m.id)",
            first,
            last,
        )


def remember(ledger: Ledger, report: Report, message: int) -> None:
    """Remember the gateway's name for a message, learnt from its report, which was found to be about it."""
    if report.gateway not in _GIVES_OUR_REFERENCE_BACK:
        remember_another(ledger, report, message)


def remember_another(ledger: Ledger, report: Report, message: int) -> None:
    """Remember a name of the message beside the one that it has, whatever the gateway's reports carry."""
    ledger.write(
        "INSERT INTO gateway_ids (gateway_id, message) SELECT ?, ? WHERE NOT EXISTS"
        " (SELECT 1 FROM gateway_ids WHERE gateway_id = ? AND message = ?)",
        *(report.gateway_id, message) * 2,
    )


def _owner(ledger: Ledger, gateway_id: str) -> int | None:
    """Return the message that the gateway gave this name; None where it never did."""
    found = ledger.one("SELECT message FROM gateway_ids WHERE gateway_id = ?", gateway_id)
    return found[0] if found else None


def find_all(ledger: Ledger, reports: Sequence[Report]) -> list[ReportedMessage | None]:
    """Return for each report the message that it names; None where it names none, but may be about one."""
    names = {one.gateway_id for one in reports if one.gateway not in _GIVES_OUR_REFERENCE_BACK}
    owners: dict[str, int] = dict(
        ledger.rows_of("SELECT gateway_id, message FROM gateway_ids WHERE gateway_id IN (?)", names)
    )
    known: dict[tuple[str, str], Row | None] = {}
    ids = [
        _place(ledger, one, known) if one.gateway in _GIVES_OUR_REFERENCE_BACK else owners.get(one.gateway_id)
        for one in reports
    ]
    messages = {
        row[0]: _found(row) for row in ledger.rows_of(f"{_MESSAGE} IN (?)", {one for one in ids if one})
    }
    return [
        _agreeing(ledger, messages.get(message or 0), report)
        for message, report in zip(ids, reports, strict=True)
    ]


def _by_reference(ledger: Ledger, report: Report) -> ReportedMessage | None:
    message = _place(ledger, report, {})
    return _agreeing(ledger, _message(ledger, message), report) if message else None


def _place(ledger: Ledger, report: Report, known: dict[tuple[str, str], Row | None]) -> int | None:
    """Return the id of the message that has this reference; `known` are the mailings that were looked up."""
    stem, _, place = report.reference.rpartition("-")
    if not (place.isascii() and place.isdecimal() and len(place) < len("1000000000")):
        return None
    key = stem, report.gateway
    if key not in known:
        known[key] = ledger.one(
            "SELECT first_message, messages FROM mailings WHERE reference = ? AND gateway = ?", *key
        )
    row, nth = known[key], int(place)
    return row[0] + nth - 1 if row and 1 <= nth <= row[1] else None


def _agreeing(ledger: Ledger, message: ReportedMessage | None, report: Report) -> ReportedMessage | None:
    """Return the message unless the report names another number, or a name that it has never had.

    One that was submitted before, by a person's word, may have had another name then.
    """
    if message is None or (report.number and message.number and report.number != message.number):
        return None
    if not (report.gateway_id and message.gateway_id) or report.gateway_id == message.gateway_id:
        return message
    if message.earlier_batch or _owner(ledger, report.gateway_id) == message.id:
        return message._replace(names_another=True)
    return None


def _by_number(ledger: Ledger, report: Report, at: str, wait: timedelta) -> ReportedMessage | None:
    """Return the one message to the number that the report may be about, by the time it was sent.

    The reply that would have named it was lost (wire/pswincom.md): it is unknown, or a person took it for
    sent or not. Doubt comes from a second message that fits, one on the wire included, and from a second
    report.
    """
    if not report.number or not report.gateway_id:
        return None
    given = (report.number, report.gateway) * 4
    fitting = {
        message: Status(state)
        for message, state, claimed_at, send_at, validity_s in ledger.rows(_SENT_TO, *given)
        if _fits(report, at, claimed_at, send_at, timedelta(seconds=validity_s or 0) + wait)
    }
    rival = ledger.one(
        "SELECT 1 FROM reports WHERE fate = 'unmatched' AND gateway = ? AND number = ? AND gateway_id <> ?",
        report.gateway,
        report.number,
        report.gateway_id,
    )
    if len(fitting) != 1 or rival or Status.SENDING in fitting.values():
        return None
    return _agreeing(ledger, _message(ledger, next(iter(fitting))), report)


_SENT_TO = (
    "SELECT m.id, m.state, b.claimed_at, g.send_at, g.validity_s FROM messages m"
    " JOIN mailings g ON g.id = m.mailing JOIN batches b ON b.id = m.batch"
    " WHERE m.number = ? AND m.state = 'unknown' AND m.gateway_id IS NULL AND g.gateway = ?"
    " UNION ALL"
    " SELECT m.id, m.state, b.claimed_at, g.send_at, g.validity_s FROM messages m"
    " JOIN mailings g ON g.id = m.mailing JOIN batches b ON b.id = m.batch"
    " WHERE m.number = ? AND m.state = 'accepted' AND m.gateway_id IS NULL AND g.gateway = ?"
    " UNION ALL"
    " SELECT m.id, m.state, b.claimed_at, g.send_at, g.validity_s FROM messages m"
    " JOIN mailings g ON g.id = m.mailing JOIN batches b ON b.id = m.earlier_batch"
    " WHERE m.number = ? AND m.earlier_batch IS NOT NULL AND g.gateway = ?"
    " UNION ALL"
    " SELECT m.id, m.state, b.claimed_at, g.send_at, g.validity_s FROM batches b"
    " JOIN mailings g ON g.id = b.mailing"
    " JOIN messages m ON m.id BETWEEN b.first_message AND b.last_message AND m.batch = b.id"
    " WHERE b.settled_at IS NULL AND m.number = ? AND m.state = 'sending' AND g.gateway = ?"
)


def _fits(report: Report, at: str, claimed_at: str, send_at: str | None, patience: timedelta) -> bool:
    claimed, taken = datetime.fromisoformat(claimed_at), datetime.fromisoformat(at)
    sent = max(claimed, datetime.fromisoformat(send_at)) if send_at else claimed  # held until then
    if not claimed <= taken <= sent + patience:
        return False
    # The operator's clock is of an unknown zone; the day before is the earliest that can be meant.
    day = "".join(filter(str.isdecimal, report.told_at))[: len("20260301")]
    return not day or day >= (claimed - timedelta(days=1)).strftime("%Y%m%d")


_MESSAGE = (
    "SELECT id, mailing, COALESCE(number, ''), state, COALESCE(batch, 0), COALESCE(gateway_id, ''),"
    " COALESCE(earlier_batch, 0) FROM messages WHERE id"
)


def _message(ledger: Ledger, message: int) -> ReportedMessage | None:
    row = ledger.one(f"{_MESSAGE} = ?", message)
    return _found(row) if row else None


_STATES = {str(state): state for state in Status}  # to ask the enumeration takes as long as all else here


def _found(row: Row) -> ReportedMessage:
    message, mailing, number, state, batch, gateway_id, earlier_batch = row
    return ReportedMessage(
        id=message,
        mailing=mailing,
        number=number,
        state=_STATES[state],
        batch=batch,
        gateway_id=gateway_id,
        earlier_batch=earlier_batch,
    )
