"""What smsctl has to say of a request or a message: a code that is kept, and words that follow from it."""

import pytest

from smsctl.domain.remark import Event, Remark, restored, stored


@pytest.mark.parametrize("event", Event)
def test_every_event_has_words_and_survives_the_ledger(event: Event) -> None:
    remark = Remark(event, "HTTP 401")
    assert str(remark)
    assert ("HTTP 401" in str(remark)) is ("{said}" in remark.template)
    kept = restored(*stored(remark))
    assert isinstance(kept, Remark)
    assert (kept.event, kept.said) == (event, "HTTP 401")


@pytest.mark.parametrize(("told", "kept"), [("Invalid RCV", (None, "Invalid RCV")), ("", (None, None))])
def test_foreign_text_is_kept_as_it_is(told: str, kept: tuple[None, str | None]) -> None:
    assert stored(told) == kept
    assert restored(*kept) == told


def test_what_is_kept_has_an_end() -> None:
    assert stored("x" * 600) == (None, "x" * 500)
    assert stored(Remark(Event.NO_ANSWER, "x" * 600)) == (Event.NO_ANSWER, "x" * 500)
