import pytest
from hypothesis import given
from hypothesis import strategies as st

from smsctl.domain.people import PeopleWriter, Recipient

NUMBER = 46701740605


def test_people_come_back_as_they_were_added() -> None:
    writer = PeopleWriter()
    writer.add(2, NUMBER, "Åsa Ek")
    writer.add_as_written(3, "4,67E+10", "Bo")
    writer.add(4, NUMBER + 1, "")
    assert list(writer.people()) == [
        Recipient(row=2, number="+46701740605", name="Åsa Ek"),
        Recipient(row=3, number="4,67E+10", name="Bo"),
        Recipient(row=4, number="+46701740606", name=""),
    ]


@pytest.mark.parametrize("size", [0, 1, 4095, 4096, 4097, 9000])
def test_many_people_are_counted_and_gone_through_again_and_again(size: int) -> None:
    writer = PeopleWriter()
    for row in range(size):
        writer.add(row, NUMBER + row, f"Namn {row}")
    people = writer.people()
    assert len(people) == size
    assert list(people) == list(people) == [(n, f"+{NUMBER + n}", f"Namn {n}") for n in range(size)]


@given(st.lists(st.tuples(st.text(max_size=5), st.booleans()), max_size=20))
def test_no_name_shifts_the_names_of_others(names: list[tuple[str, bool]]) -> None:
    names = [(name.encode("utf-8", "replace").decode(), is_read) for name, is_read in names]
    writer = PeopleWriter()
    for row, (name, is_read) in enumerate(names):
        if is_read:
            writer.add(row, NUMBER, name)
        else:
            writer.add_as_written(row, name, name)
    expected = [
        (
            row,
            "+46701740605" if is_read else name.replace("\x1f", " ").replace("\0", " "),
            name.replace("\0", " ").strip(),
        )
        for row, (name, is_read) in enumerate(names)
    ]
    assert list(writer.people()) == expected


def test_numbers_and_names_stay_out_of_tracebacks() -> None:
    writer = PeopleWriter()
    writer.add(2, NUMBER, "Åsa")
    assert repr(writer.people()) == "<1 people>"
