"""The faults that no test can find, as `proof/equivalent.toml` has them, are of the program as it is."""

import tomllib
from collections import Counter
from pathlib import Path

from .proof.site import ROOT

LISTED = tomllib.loads(
    Path(__file__).with_name("proof").joinpath("equivalent.toml").read_text(encoding="utf-8")
)["mutant"]


def as_one_line(file: str) -> str:
    lines = (ROOT / file).read_text(encoding="utf-8").splitlines()
    return " ".join(line.strip() for line in lines)


def test_what_is_listed_as_equivalent_stands_in_its_file() -> None:
    files = {one["file"]: as_one_line(one["file"]) for one in LISTED}
    assert not [one for one in LISTED if one["is"] not in files[one["file"]]]


def test_no_fault_is_listed_twice_or_without_a_reason() -> None:
    times = Counter((one["file"], one["is"], one["mutant"]) for one in LISTED)
    assert not [one for one, n in times.items() if n > 1]
    assert not [one for one in LISTED if one["is"] == one["mutant"] or not one["why"].strip()]
