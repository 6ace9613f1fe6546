"""What a recipients file comes to: who gets the message, who does not and why, and what must be mended."""

from collections.abc import Callable, Container, Iterator, Mapping
from enum import StrEnum
from typing import Final, NamedTuple

from smsctl.domain.audience import OutsideRows
from smsctl.domain.mailing import CostShare
from smsctl.domain.number import NumberReader
from smsctl.domain.people import People
from smsctl.domain.personal import PersonalTexts
from smsctl.domain.wording import TextRules
from smsctl.errors import Sentence


class SkipReason(StrEnum):
    """Why a row gets no message, in the order in which it is judged."""

    INVALID = "invalid"  # a bad row, where bad rows are to be left out
    NO_NUMBER = "no-number"
    NOT_MOBILE = "not-mobile"
    COUNTRY = "country"
    PROTECTED = "protected"  # a protected identity; told and counted with the blocked, but on a screen
    BLOCKED = "blocked"
    TERMS = "terms"
    DUPLICATE = "duplicate"
    ALREADY_SENT = "already-sent"
    NOT_IN_USE = "not-in-use"  # a report said so of the mailing that is sent again


BEFORE_TERMS: Final = frozenset(list(SkipReason)[: list(SkipReason).index(SkipReason.TERMS)])
"""The reasons that are found before anybody asks for the terms."""


class RowRules(NamedTuple):
    """What rows are judged by, beside the audience."""

    numbers: NumberReader
    require_terms: bool = True
    skip_invalid: bool = False  # bad rows are skipped, instead of stopping the mailing
    is_blocked: Callable[[str], bool] | None = None  # takes E.164
    already_sent: Container[object] | None = None
    """Integers, E.164 without the plus; where texts differ, numbers (E.164) with their text."""

    texts: TextRules | None = None  # None: all get the same


class Recipients(NamedTuple):
    """A file, judged: every row is in one place, and every number of the audience's rows in one.

    `rows` = ready + all skipped + `bad_count`: one entry for each number, and one for a row without any.
    `file_rows` = `audience_rows` + outside. Bad rows stop the mailing; with `skip_invalid` they are skipped
    as invalid instead, and `bad_count` is 0. Sentences are those of `Findings`.
    """

    rows: int
    audience_rows: int
    ready: People
    skipped: Mapping[SkipReason, People]  # in the order of SkipReason; none of them empty
    bad_count: int = 0
    bad: tuple[Sentence, ...] = ()  # also of those that are skipped as invalid
    outside: tuple[OutsideRows, ...] = ()  # in the order of Outside; none of them empty
    outside_bad_count: int = 0  # bad entries of rows outside
    outside_bad: tuple[Sentence, ...] = ()
    notices: tuple[Sentence, ...] = ()  # what was repaired
    groups: tuple[str, ...] = ()  # that the file has
    number_columns: tuple[str, ...] = ()  # their headers, where there are several
    refused: frozenset[tuple[int, int]] = frozenset()
    """Row and column of those skipped for a reason that is judged before the terms, and had not accepted."""

    stopped: tuple[int, ...] = ()  # rows of blocked numbers that have answered STOP
    newly_split: int = 0  # ready or skipped only for a group that older versions did not see in its cell
    newly_split_cells: tuple[str, ...] = ()  # the first of those cells
    cost_shares: tuple[CostShare, ...] = ()  # in the order of `ready`
    untold: tuple[Sentence, ...] = ()  # of values that have no text, where a column chooses it
    texts: PersonalTexts | None = None  # of those who are ready, in their order; None: all get the same

    @property
    def file_rows(self) -> int:
        """The rows of the whole file; empty ones are nobody."""
        return self.audience_rows + sum(one.rows for one in self.outside)

    @property
    def protected_rows(self) -> tuple[int, ...]:
        """The rows that get no message for a protected identity."""
        people = self.skipped.get(SkipReason.PROTECTED)
        return tuple(dict.fromkeys(people.rows)) if people else ()

    @property
    def counted(self) -> dict[str, int]:
        """How many are skipped by reason, as machines are told: the protected are among the blocked."""
        return told_counts({str(reason): len(people) for reason, people in self.skipped.items()})

    def pairs(self) -> Iterator[object]:
        """Yield what must not go out twice: numbers, each with its text where these differ."""
        numbers = (person.number for person in self.ready)
        return numbers if self.texts is None else zip(numbers, self.texts.bodies(), strict=True)

    def outside_by_reason(self) -> dict[str, int]:
        """How many rows are outside, by reason."""
        found: dict[str, int] = {}
        for one in self.outside:
            found[one.reason] = found.get(one.reason, 0) + one.rows
        return {str(reason): rows for reason, rows in found.items()}


def told(reason: str) -> str:
    """Return a reason as machines are told it: `blocked` stands for `protected` too."""
    return SkipReason.BLOCKED if reason == SkipReason.PROTECTED else reason


def told_counts(skipped: Mapping[str, int]) -> dict[str, int]:
    """Return counts by reason with the protected among the blocked: who they are is told on a screen only."""
    found: dict[str, int] = {}
    for reason, n in skipped.items():
        found[told(reason)] = found.get(told(reason), 0) + n
    return found
