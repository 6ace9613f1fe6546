"""What was met before is told like a set tells it, also beyond every growth of the table."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smsctl.domain.seen import Seen


@given(
    pieces=st.lists(st.lists(st.integers(2, 40) | st.text(min_size=1, max_size=1), max_size=30), max_size=6)
)
def test_places_of_what_was_met_before_are_those_that_a_set_finds(pieces: list[list[int | str]]) -> None:
    seen, met = Seen(), set[int | str]()
    for piece in pieces:
        again = [place for place, one in enumerate(piece) if one in met or one in piece[:place]]
        assert seen.repeated(piece) == again
        met.update(piece)
        assert all(one in seen for one in met)
    assert "another" not in seen


def test_many_are_known_again_after_the_table_has_grown() -> None:
    seen = Seen()
    assert all(seen.is_new(number) for number in range(1, 20_000))
    assert not any(seen.is_new(number) for number in range(1, 20_000))
    assert seen.repeated(range(19_999, 20_002)) == [0]


def test_few_and_many_are_told_alike_also_where_they_become_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("smsctl.domain.seen._FEW", 5)
    seen = Seen()
    assert seen.repeated([2, 3, 3, 4]) == [2]
    assert seen.repeated([4, 5]) == [0]
    assert seen.repeated([5, 6, 7, 7]) == [0, 3]
    assert seen.repeated([8, 8, 2]) == [1, 2]
    assert all(one in seen for one in range(2, 9))
