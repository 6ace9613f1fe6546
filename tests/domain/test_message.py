from datetime import UTC, datetime, timedelta

import pytest

from smsctl.domain.message import AllAccepted, Letter, Receipt, Status, alike, references, statuses
from smsctl.domain.text import MessageText

ACCEPTED = [
    Receipt("a-1", Status.ACCEPTED, gateway_id="id-1", code="1"),
    Receipt("a-2", Status.ACCEPTED, gateway_id="id-2", code="1"),
]


def test_receipts_kept_by_column_are_those_of_each_message() -> None:
    kept = AllAccepted(["a-1", "a-2"], ["id-1", "id-2"], "1")
    assert [*kept] == ACCEPTED
    assert (kept[-1], [*kept[1:]], len(kept), len(kept[2:])) == (ACCEPTED[1], ACCEPTED[1:], 2, 0)
    assert (statuses(kept), references(kept)) == (statuses(ACCEPTED), references(ACCEPTED))
    assert alike([7, 8], kept) == alike([7, 8], ACCEPTED)


def test_what_was_said_alike_is_together_and_each_message_beside_its_own_name() -> None:
    rejected = Receipt("a-3", Status.REJECTED, code="5", text="unknown number")
    one, other = alike([7, 8, 9], [ACCEPTED[0], rejected, ACCEPTED[1]])
    assert (one.messages, one.gateway_ids, one.code) == ([7, 9], ["id-1", "id-2"], "1")
    assert (other.messages, other.gateway_ids, other.text) == ([8], [None], "unknown number")


AT = datetime(2026, 3, 1, 8, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("before_s", "told"),
    [
        (3600, AT),
        (60, AT),
        (59, AT + timedelta(minutes=1)),  # it would be there when its time has passed
        (0.001, AT + timedelta(minutes=1)),
        (0, None),
        (-3600, None),
    ],
)
def test_no_letter_leaves_for_a_time_that_has_passed(before_s: float, told: datetime | None) -> None:
    letter = Letter(MessageText("Hej"), send_at=AT)
    assert letter.due(AT - timedelta(seconds=before_s)).send_at == told
    assert Letter(MessageText("Hej")).due(AT).send_at is None


def test_a_letter_that_is_held_is_valid_from_its_time_on() -> None:
    letter = Letter(MessageText("Hej"), send_at=AT, validity=timedelta(hours=2))
    assert letter.leaving(AT - timedelta(hours=9)).validity == timedelta(hours=11)
    assert letter.leaving(AT).validity == timedelta(hours=2)
    assert letter._replace(send_at=None).leaving(AT).validity == timedelta(hours=2)
    assert letter._replace(validity=None).leaving(AT - timedelta(hours=9)).validity is None
    assert letter.leaving(AT - timedelta(days=7)).validity is None  # none would last until then
    assert letter.leaving(AT - timedelta(days=6)).validity == timedelta(days=6, hours=2)
