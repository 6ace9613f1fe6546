from hypothesis import given
from hypothesis import strategies as st

from smsctl.domain.costs import DrawnParts, PartSource, costs, shared_out
from smsctl.domain.package import share_ore

SOURCE = PartSource(municipality="town", package=1, size=10_000, price_ore=490_000)


def drawn(slot: str, parts: int, cost_centre: str = "", source: PartSource = SOURCE) -> DrawnParts:
    return DrawnParts(source=source, slot=slot, parts=parts, cost_centre=cost_centre)


def test_months_add_up_whatever_was_rounded_in_each() -> None:
    thirds = SOURCE._replace(size=3, price_ore=100)
    found = costs([drawn("2026-10", 1, source=thirds), drawn("2026-11", 1, source=thirds)])
    assert found == {("town", "2026-10", ""): 33, ("town", "2026-11", ""): 34}


def test_what_came_before_is_a_slot_of_its_own() -> None:
    found = costs([drawn("2026-11", 100), drawn("", 9_900)])
    assert found == {("town", "", ""): 485_100, ("town", "2026-11", ""): 4_900}


def test_a_correction_in_a_later_month_takes_back_the_cost() -> None:
    found = costs([drawn("2026-10", 3), drawn("2026-11", -3)])
    assert found == {("town", "2026-10", ""): 147, ("town", "2026-11", ""): -147}


def test_a_month_is_shared_out_by_the_largest_remainder() -> None:
    odd = SOURCE._replace(size=10, price_ore=55)
    found = costs([drawn("2026-10", 1, name, odd) for name in ("b", "a", "c")])
    # 3 parts cost 16.5, so 17 öre: each has 5 whole ones, and the two that are left go to the first by name
    assert {cost_centre: ore for (_, _, cost_centre), ore in found.items()} == {"a": 6, "b": 6, "c": 5}


def test_parts_without_a_price_cost_nothing_here() -> None:
    assert costs([drawn("2026-10", 5, source=SOURCE._replace(size=0, price_ore=0))]) == {}


@given(
    st.integers(1, 10_000),
    st.integers(0, 1_000_000),
    st.integers(0, 9_999),
    st.dictionaries(st.text("abc", max_size=2), st.integers(-50, 50), min_size=1),
)
def test_shares_add_up_and_are_off_by_less_than_an_ore(
    size: int, price_ore: int, before: int, parts: dict[str, int]
) -> None:
    source = SOURCE._replace(size=size, price_ore=price_ore)
    after = before + sum(parts.values())
    cost = share_ore(after, size, price_ore) - share_ore(before, size, price_ore)
    shares = shared_out(cost, parts, source)
    assert sum(shares.values()) == cost
    assert all(abs(shares[name] * size - n * price_ore) < size for name, n in parts.items())
