"""Delivery reports: matched to their messages, and the ones that fit none, which stay in sight.

What must stay true: a report moves a message forward or not at all, never out of a final state and never
back to pending; a report that is told twice changes nothing the second time; what cannot be matched is
kept, not guessed (I8 of never-twice.md). A report that was applied stands in its message alone.
"""

from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import timedelta
from enum import StrEnum
from typing import Any, NamedTuple

from smsctl.domain.mailing import Mailing
from smsctl.domain.message import FINAL, Status
from smsctl.domain.moment import Actor, Moment
from smsctl.domain.report import Cause, CodeMeaning, Report, next_state
from smsctl.ledger import audit, corrections, counts, mailings, matching, packages
from smsctl.ledger.matching import ReportedMessage
from smsctl.ledger.store import Ledger

_ALL = 1 << 62
_OWNERS = (
    "SELECT r.id, g.municipality FROM reports r JOIN messages m ON m.id = r.message"
    " JOIN mailings g ON g.id = m.mailing"
)
_WAIT = timedelta(hours=72)
"""How long a report may take that had come before the answer to its batch."""


class ReportFate(StrEnum):
    """What became of one report."""

    APPLIED = "applied"  # the message has moved, or its report without an outcome is noted
    REPEATED = "repeated"  # known already, or no news
    WAITING = "waiting"  # its message is still on the wire: applied when that is answered
    UNMATCHED = "unmatched"  # fits no message of this ledger, or more than one
    TWICE = "twice"  # an earlier submission was taken too: both count, and the state stays
    CONTRADICTS = "contradicts"  # the message's final state says otherwise, and stands


class IntakeSource(StrEnum):
    """How reports and incoming SMS came in."""

    PUSHED = "pushed"
    POLLED = "polled"
    IMPORTED = "imported"


class ReportIntake(NamedTuple):
    """How what comes in is taken: from where, when, and how long after its sending a report may come."""

    source: IntakeSource
    moment: Moment
    wait: timedelta


class KeptReport(NamedTuple):
    """A report that was not applied."""

    id: int
    at: str
    source: IntakeSource
    report: Report
    fate: ReportFate


def take(ledger: Ledger, report: Report, intake: ReportIntake) -> ReportFate:
    """Match one report and apply it, or keep it; in the open transaction."""
    message = matching.find(ledger, report, intake.moment.at, intake.wait)
    if message is None:
        return _keep(ledger, report, intake, ReportFate.UNMATCHED)
    if message.state is Status.SENDING:
        return _keep(ledger, report, intake, ReportFate.WAITING, message.id)
    return _apply(ledger, report, intake, message)


def answered(ledger: Ledger, mailing: Mailing, messages: Sequence[int], moment: Moment) -> None:
    """Apply the reports that came before the answer to their batch, in the transaction that settles it.

    `messages` are the batch's ids. The gateway's names for them are remembered where its reports carry
    no reference of ours.
    """
    if not messages:
        return
    first, last = messages[0], messages[-1]
    matching.remember_batch(ledger, mailing.gateway, first, last)
    if ledger.one("SELECT 1 FROM reports WHERE gateway = ? LIMIT 1", mailing.gateway) is None:
        return
    early = ledger.records(
        "SELECT * FROM reports WHERE fate = 'waiting' AND message BETWEEN ? AND ?"
        " UNION SELECT r.* FROM messages m JOIN reports r ON r.gateway = ? AND r.gateway_id = m.gateway_id"
        " WHERE m.id BETWEEN ? AND ? AND r.fate = 'unmatched'"
        " UNION SELECT r.* FROM messages m JOIN reports r ON r.gateway = ? AND r.number = m.number"
        " WHERE m.id BETWEEN ? AND ? AND (m.state = 'unknown' OR m.earlier_batch IS NOT NULL)"
        " AND r.fate = 'unmatched' ORDER BY id",
        *(first, last, *(mailing.gateway, first, last) * 2),
    )
    _take_again(ledger, early, moment)


def apply_to_unknown(ledger: Ledger, mailing: Mailing, moment: Moment) -> None:
    """Apply the reports on messages that are unknown now because the ledger had forgotten that it sent them.

    When the reports came it took the messages for pending, so they seemed to contradict it.
    """
    kept = ledger.records(
        "SELECT r.* FROM reports r JOIN messages m ON m.id = r.message"
        " WHERE r.fate = 'contradicts' AND m.id BETWEEN ? AND ? AND m.state = 'unknown' ORDER BY r.id",
        *mailing.span,
    )
    _take_again(ledger, kept, moment)


def kept(ledger: Ledger, *, most: int = _ALL, of: Collection[str] | None = None) -> tuple[KeptReport, ...]:
    """Return the reports that were not applied, newest first.

    `of`: only those on messages of these municipalities; None: of all, and those that fit no message.
    """
    found = map(_kept, ledger.records("SELECT * FROM reports ORDER BY id DESC LIMIT ?", most))
    if of is None:
        return tuple(found)
    theirs = {report for report, municipality in ledger.rows(_OWNERS) if municipality in of}
    return tuple(one for one in found if one.id in theirs)


def kept_counts(ledger: Ledger) -> dict[ReportFate, int]:
    """Return how many reports were not applied, by what became of them."""
    return {
        ReportFate(fate): n for fate, n in ledger.rows("SELECT fate, COUNT(*) FROM reports GROUP BY fate")
    }


def _take_again(ledger: Ledger, rows: Sequence[dict[str, Any]], moment: Moment) -> None:
    for one in map(_kept, rows):
        ledger.write("DELETE FROM reports WHERE id = ?", one.id)
        take(ledger, one.report, ReportIntake(one.source, moment._replace(at=one.at), _WAIT))


def _apply(ledger: Ledger, report: Report, intake: ReportIntake, message: ReportedMessage) -> ReportFate:
    if message.names_another:
        return _taken_besides(ledger, report, intake, message)
    mailing = mailings.get(ledger, message.mailing)
    if message.state in NEVER_TAKEN and message.earlier_batch:
        # A person's word took it out of its batch, and was wrong: it goes back there, never to be sent again.
        these = {message.id: message.batch}
        corrections.move(ledger, mailing, these, message.state, Status.PENDING, intake.moment, "report")
        message = message._replace(state=Status.PENDING, batch=0)
    before, after = message.state, next_state(message.state, report.told.status)
    if after is None:
        if before is Status.ACCEPTED:
            return _note(ledger, report, intake, message)
        says_otherwise = before in FINAL and report.told.status is not before
        if says_otherwise and report.told.status is not Status.ACCEPTED:
            return _keep(ledger, report, intake, ReportFate.CONTRADICTS, message.id)
        return ReportFate.REPEATED
    if before is Status.PENDING:
        batch = message.earlier_batch or _latest_batch(ledger, mailing, message.id)
        if batch is None:
            return _keep(ledger, report, intake, ReportFate.CONTRADICTS, message.id)
        corrections.put_back(ledger, {message.id: batch})
        message = message._replace(batch=batch)
    corrections.move(ledger, mailing, {message.id: message.batch}, before, after, intake.moment, "report")
    return _note(ledger, report, intake, message)


NEVER_TAKEN = frozenset({Status.CANCELLED, Status.REJECTED})
"""Of what is so by a person's word, and was wrong, a report or a late answer may tell otherwise."""


def _taken_besides(
    ledger: Ledger, report: Report, intake: ReportIntake, message: ReportedMessage
) -> ReportFate:
    """Count what a person took for not sent, and sent once more: the gateway has taken it both times."""
    if not message.earlier_batch:
        return ReportFate.REPEATED
    mailing = mailings.get(ledger, message.mailing)
    booking = packages.on_account_of(mailing, message.earlier_batch)
    parts = counts.total(ledger, mailing, (message.id,)).parts
    packages.book(ledger, booking, parts, intake.moment, "report")
    ledger.write(
        "UPDATE messages SET taken_besides = taken_besides + 1, earlier_batch = NULL WHERE id = ?", message.id
    )
    matching.remember_another(ledger, report, message.id)
    audit.record(
        ledger,
        intake.moment,
        Actor(user="a delivery report", host=report.gateway),
        "taken-twice",
        audit.mailing_subject(mailing.id),
        f"message {mailing.message_reference(message.id)}: {parts} parts more",
    )
    return ReportFate.TWICE


def taken_twice(ledger: Ledger, mailing: Mailing) -> int:
    """Return how often the gateway took a message of the mailing beside the submission that it is in."""
    sql = "SELECT SUM(taken_besides) FROM messages WHERE mailing = ? AND taken_besides > 0"
    return ledger.number(sql, mailing.id)


def note(ledger: Ledger, pairs: Sequence[tuple[Report, ReportedMessage]], intake: ReportIntake) -> None:
    """Write what reports say on their messages; on one whose number is purged, only what became of it.

    What is said alike is one statement.
    """
    alike: defaultdict[tuple[Status, str, CodeMeaning, str, str], list[int]] = defaultdict(list)
    for report, message in pairs:
        text, name = (report.text, report.gateway_id) if message.number else ("", "")
        alike[message.state, report.code, report.told, text, "" if message.gateway_id else name].append(
            message.id
        )
    for (before, code, meaning, text, name), ids in alike.items():
        ledger.write_of(
            "UPDATE messages SET state = ?, code = ?, event = NULL, answer = ?, cause = ?, reported_at = ?,"
            " gateway_id = COALESCE(gateway_id, ?) WHERE id IN (?)",
            str(next_state(before, meaning.status) or before),
            code,
            text or None,
            meaning.cause,
            intake.moment.at,
            name or None,
            keys=ids,
        )
    for gateway in {report.gateway for report, _ in pairs}:
        ledger.write(
            "INSERT INTO facts (name, value) VALUES (?, ?) ON CONFLICT (name) DO NOTHING",
            f"reports:{gateway}",
            intake.moment.at,
        )


def _note(ledger: Ledger, report: Report, intake: ReportIntake, message: ReportedMessage) -> ReportFate:
    note(ledger, [(report, message)], intake)
    if message.number and report.gateway_id:
        matching.remember(ledger, report, message.id)
    return ReportFate.APPLIED


def _latest_batch(ledger: Ledger, mailing: Mailing, message: int) -> int | None:
    """Return the batch in which a message that is pending again has left last; None: it never has."""
    found = ledger.one(
        "SELECT MAX(id) FROM batches"
        " WHERE mailing = ? AND ? BETWEEN first_message AND last_message AND settled_at IS NOT NULL",
        mailing.id,
        message,
    )
    return found[0] if found else None


def _keep(
    ledger: Ledger, report: Report, intake: ReportIntake, fate: ReportFate, message: int | None = None
) -> ReportFate:
    """Keep a report that is not applied; one that is told again is kept once."""
    ledger.write(
        "INSERT INTO reports (id, at, source, gateway, reference, gateway_id, number, state, cause, code,"
        " answer, told_at, fate, message)"
        " VALUES ((SELECT COALESCE(MAX(id), 0) + 1 FROM reports), ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
        " ON CONFLICT (gateway, gateway_id, reference, number, code) DO NOTHING",
        intake.moment.at,
        intake.source,
        report.gateway,
        report.reference,
        report.gateway_id,
        report.number,
        report.told.status,
        report.told.cause,
        report.code,
        report.text,
        report.told_at,
        fate,
        message,
    )
    return fate


def _kept(row: dict[str, Any]) -> KeptReport:
    cause = row["cause"]
    report = Report(
        gateway=row["gateway"],
        told=CodeMeaning(Status(row["state"]), Cause(cause) if cause else None),
        code=row["code"],
        reference=row["reference"],
        gateway_id=row["gateway_id"],
        number=row["number"],
        text=row["answer"],
        told_at=row["told_at"],
    )
    return KeptReport(row["id"], row["at"], IntakeSource(row["source"]), report, ReportFate(row["fate"]))
