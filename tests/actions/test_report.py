from collections import Counter

from smsctl.actions.report import NOTHING, IntakeCounts
from smsctl.ledger.inbox import IncomingKind
from smsctl.ledger.reports import ReportFate


def test_what_was_taken_in_adds_up_each_by_itself() -> None:
    some = IntakeCounts(
        reports=Counter({ReportFate.APPLIED: 3}),
        incoming=Counter({IncomingKind.OURS: 4}),
        repeated=5,
        dropped=6,
        blocked=7,
    )
    assert NOTHING + some == some == some + NOTHING
    assert some + some == IntakeCounts(
        reports=Counter({ReportFate.APPLIED: 6}),
        incoming=Counter({IncomingKind.OURS: 8}),
        repeated=10,
        dropped=12,
        blocked=14,
    )
