from pathlib import Path

import pytest

from smsctl.errors import say


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("Relay denied", "It said no: Relay denied."),
        ("Relay denied.", "It said no: Relay denied."),
        ("Wait...", "It said no: Wait..."),
        (say("{n} tries.", n=3), "It said no: 3 tries."),
        (OSError("No route."), "It said no: No route."),
        (Path("a.."), "It said no: a..."),  # of a name, the dot is a part
    ],
)
def test_a_foreign_text_that_ends_with_a_full_stop_gets_no_second_one(value: object, expected: str) -> None:
    assert str(say("It said no: {text}.", text=value)) == expected


def test_a_full_stop_inside_a_sentence_stays() -> None:
    told = say("{text} at {path}. {first}", text="a.", path="/x/..", first="b.")
    assert str(told) == "a. at /x/.. b."
    assert str(say("Looking for {name}...", name="A.")) == "Looking for A...."
