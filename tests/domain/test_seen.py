"""What was met before is told like a set tells it, also beyond every growth of the table."""

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
