"""The first hour on a real terminal looks as it did when somebody read it line by line."""

import pytest

from ..first_hour import SIZES, kept, walk


@pytest.mark.parametrize("size", SIZES, ids=str)
def test_the_screens_are_those_that_were_read(size: tuple[int, int]) -> None:
    columns, _ = size
    seen = walk(*size)
    # Only a line to be copied may be wider: the terminal breaks it, and it stays one.
    wide = [line for line in seen.splitlines() if len(line) > columns and not line.startswith("smsctl ")]
    assert wide == []
    assert seen.splitlines() == kept(*size).read_text(encoding="utf-8").splitlines()
