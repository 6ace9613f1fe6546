import pytest

from smsctl.domain.message import FINAL, Status
from smsctl.domain.report import next_state

TOLD = (Status.DELIVERED, Status.EXPIRED, Status.FAILED)


@pytest.mark.parametrize("before", sorted(FINAL))
@pytest.mark.parametrize("told", [*TOLD, Status.ACCEPTED])
def test_a_final_state_is_final(before: Status, told: Status) -> None:
    assert next_state(before, told) is None


@pytest.mark.parametrize("before", [Status.ACCEPTED, Status.UNKNOWN, Status.HELD, Status.PENDING])
@pytest.mark.parametrize("told", TOLD)
def test_an_open_state_becomes_what_is_told(before: Status, told: Status) -> None:
    assert next_state(before, told) is told


@pytest.mark.parametrize("told", [*TOLD, Status.ACCEPTED])
def test_what_is_on_the_wire_waits_for_its_own_answer(told: Status) -> None:
    assert next_state(Status.SENDING, told) is None


@pytest.mark.parametrize("before", [Status.UNKNOWN, Status.HELD, Status.PENDING])
def test_a_report_without_an_outcome_proves_that_the_gateway_took_it(before: Status) -> None:
    assert next_state(before, Status.ACCEPTED) is Status.ACCEPTED


def test_a_report_without_an_outcome_is_no_news_of_what_was_accepted() -> None:
    assert next_state(Status.ACCEPTED, Status.ACCEPTED) is None
