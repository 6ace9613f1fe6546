from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smsctl.domain.package import (
    ConsumptionPace,
    Draw,
    Package,
    PackageTerms,
    are_nearly_used,
    draw,
    next_drawn,
    runs_out,
    share_ore,
)

TERMS = PackageTerms(size=10, price_ore=4900)
TODAY = date(2026, 11, 22)


def package(number: int, used: int, reserved: int = 0) -> Package:
    return Package(number=number, size=10, price_ore=4900, used=used, reserved=reserved)


def test_the_next_part_comes_from_the_first_package_with_room_or_the_last() -> None:
    assert next_drawn([package(1, 10), package(2, 9), package(3, 0)]) == package(2, 9)
    assert next_drawn([package(1, 10), package(2, 9, reserved=1)]) == package(2, 9, reserved=1)
    assert next_drawn([]) is None


def taken(draws: tuple[Draw, ...]) -> list[tuple[int, int, bool]]:
    return [(one.package, one.parts, one.opens) for one in draws]


@pytest.mark.parametrize(
    ("packages", "parts", "expected"),
    [
        ([], 0, []),
        ([], 1, [(1, 1, True)]),
        ([package(1, 0)], 10, [(1, 10, False)]),  # exactly full: none is opened
        ([package(1, 0)], 11, [(1, 10, False), (2, 1, True)]),
        ([package(1, 7)], 25, [(1, 3, False), (2, 10, True), (3, 10, True), (4, 2, True)]),
        ([package(1, 10)], 1, [(2, 1, True)]),
        ([package(1, 8), package(2, 5)], 4, [(1, 2, False), (2, 2, False)]),  # a correction left room
        ([package(1, 2, reserved=6)], 5, [(1, 2, False), (2, 3, True)]),
    ],
)
def test_parts_come_from_the_lowest_package_with_room(
    packages: list[Package], parts: int, expected: list[tuple[int, int, bool]]
) -> None:
    assert taken(draw(packages, parts, TERMS)) == expected


@pytest.mark.parametrize(
    ("used", "reserved", "near"),
    [(0, 0, False), (8, 0, False), (9, 0, True), (8, 1, True), (10, 0, True), (0, 10, True)],
)
def test_a_package_is_nearly_used_by_what_is_drawn_or_reserved(
    used: int, reserved: int, *, near: bool
) -> None:
    assert are_nearly_used([package(1, used, reserved)], 0.9) is near


@pytest.mark.parametrize(
    ("used", "parts", "near"),
    [
        *(([9, 5], 0, False), ([9, 9], 0, False), ([10, 9], 0, True), ([5, 10], 0, False)),
        *(([10, 8], 1, True), ([9, 8], 1, False), ([9, 8], 2, True), ([5, 10], 4, True)),
    ],
)
def test_what_a_correction_left_in_an_earlier_package_counts_before_the_next(
    used: list[int], parts: int, *, near: bool
) -> None:
    packages = [package(number, drawn) for number, drawn in enumerate(used, 1)]
    assert are_nearly_used(packages, 0.9, parts) is near


def test_a_package_that_opens_has_the_terms_of_now() -> None:
    (old, opened) = draw([package(1, 9)], 3, PackageTerms(size=5, price_ore=100))
    assert (old.size, old.price_ore) == (10, 4900)
    assert (opened.size, opened.price_ore) == (5, 100)


@given(
    used=st.lists(st.integers(0, 10), max_size=5),
    parts=st.integers(0, 100),
    size=st.integers(1, 20),
)
def test_every_part_has_one_place_and_no_package_is_opened_in_vain(
    used: list[int], parts: int, size: int
) -> None:
    packages = [package(number, n) for number, n in enumerate(used, start=1)]
    draws = draw(packages, parts, PackageTerms(size=size, price_ore=1))
    assert sum(one.parts for one in draws) == parts
    assert all(one.parts > 0 for one in draws)
    assert [one.package for one in draws] == sorted({one.package for one in draws})
    room = sum(one.left for one in packages)
    opened = [one for one in draws if one.opens]
    assert len(opened) == -(-max(parts - room, 0) // size)
    assert [one.package for one in opened] == list(range(len(packages) + 1, len(packages) + 1 + len(opened)))


@pytest.mark.parametrize(
    ("parts", "size", "price_ore", "expected"),
    [
        (0, 10_000, 490_000, 0),
        (1204, 10_000, 490_000, 58_996),
        (1, 3, 100, 33),
        (2, 3, 100, 67),
        (1, 2, 1, 1),  # half up
        (-1, 10, 4900, -490),
        (10_000, 10_000, 490_000, 490_000),
    ],
)
def test_a_share_is_whole_ore_rounded_half_up(parts: int, size: int, price_ore: int, expected: int) -> None:
    found = share_ore(parts, size, price_ore)
    assert found == expected
    assert type(found) is int


@pytest.mark.parametrize(
    ("left", "pace", "expected"),
    [
        (0, ConsumptionPace(parts=90, days=90), TODAY),
        (0, ConsumptionPace(parts=0, days=90), TODAY),
        (10, ConsumptionPace(parts=90, days=90), date(2026, 12, 2)),
        (611, ConsumptionPace(parts=1800, days=90), date(2026, 12, 22)),
        (10, ConsumptionPace(parts=0, days=90), None),
        (10, ConsumptionPace(parts=-5, days=90), None),  # nothing but corrections
        (10_000, ConsumptionPace(parts=90, days=90), None),  # years away
        (1, ConsumptionPace(parts=900, days=90), TODAY),
    ],
)
def test_the_day_it_runs_out_follows_from_the_pace(
    left: int, pace: ConsumptionPace, expected: date | None
) -> None:
    assert runs_out(left, pace, TODAY) == expected
