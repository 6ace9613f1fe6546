"""Many delivery reports at once: most tell of a message that was taken what became of it, and nothing else.

Those are looked up and written together, and their sums are moved once. All others are taken one by one.
"""

from collections import Counter, defaultdict
from collections.abc import Sequence

from smsctl.domain.message import FINAL, Status
from smsctl.domain.report import Report
from smsctl.ledger import counts, mailings, matching, reports
from smsctl.ledger.matching import ReportedMessage
from smsctl.ledger.reports import ReportFate, ReportIntake
from smsctl.ledger.store import Ledger

_Pair = tuple[Report, ReportedMessage]


def take_all(ledger: Ledger, taken: Sequence[Report], intake: ReportIntake) -> Counter[ReportFate]:
    """Match the reports and apply or keep them, in the open transaction; those on one message in their order.

    What is known of a message that was taken decides of no other, so that such reports may be taken first.
    """
    fates: Counter[ReportFate] = Counter()
    while taken:
        plain, taken = _sorted(taken, matching.find_all(ledger, taken))
        fates += _apply(ledger, plain, intake)
        if len(plain) <= len(taken):  # to look up all the others once more would take longer
            break
    return fates + Counter(reports.take(ledger, one, intake) for one in taken)


def _sorted(
    reports: Sequence[Report], messages: Sequence[ReportedMessage | None]
) -> tuple[list[_Pair], list[Report]]:
    """Return the reports that can be taken together, at most one on a message, and the rest."""
    plain: list[_Pair] = []
    rest: list[Report] = []
    seen: set[int] = set()
    for report, message in zip(reports, messages, strict=True):
        if message and message.id not in seen and _is_plain(report, message):
            plain.append((report, message))
        else:
            rest.append(report)
        if message:
            seen.add(message.id)
    return plain, rest


def _is_plain(report: Report, message: ReportedMessage) -> bool:
    if message.earlier_batch or message.names_another:
        return False
    is_known = message.state in FINAL and report.told.status in {message.state, Status.ACCEPTED}
    return is_known or message.state is Status.ACCEPTED


def _apply(ledger: Ledger, plain: Sequence[_Pair], intake: ReportIntake) -> Counter[ReportFate]:
    news = [(report, message) for report, message in plain if message.state is Status.ACCEPTED]
    reports.note(ledger, news, intake)
    days: dict[int, str] = dict(
        ledger.rows_of(
            "SELECT id, claimed_day FROM batches WHERE id IN (?)", {message.batch for _, message in news}
        )
    )
    moved: defaultdict[tuple[int, str], dict[int, Status]] = defaultdict(dict)
    for report, message in news:
        status = report.told.status
        if status is not Status.ACCEPTED:
            moved[message.mailing, days[message.batch]][message.id] = status
    for (number, day), states in moved.items():  # both before and after it costs, so nothing is booked
        mailing = mailings.get(ledger, number)
        after = counts.of(ledger, mailing, states, list(states.values()))
        before = {Status.ACCEPTED: counts.total(ledger, mailing, states)}
        counts.move(ledger, mailing, day, before, after)
    return Counter({ReportFate.APPLIED: len(news), ReportFate.REPEATED: len(plain) - len(news)})
