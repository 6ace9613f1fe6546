"""What a screen is made of, before anyone decides how it looks: lines, facts, tables, bars.

Commands answer with blocks; only `screen` knows whether there is a terminal.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from smsctl.errors import Sentence

Text = Sentence | str
"""A `str` is foreign or already formatted text: shown as it is, never translated or interpreted."""


class Tone(StrEnum):
    """How loudly a thing is said."""

    PLAIN = "plain"
    STRONG = "strong"
    GOOD = "good"
    WARN = "warn"
    BAD = "bad"
    FAINT = "faint"


@dataclass(frozen=True, slots=True)
class Line:
    """One line of text; an empty one is a gap."""

    text: Text = ""
    tone: Tone = Tone.PLAIN
    indent: int = 0


@dataclass(frozen=True, slots=True)
class Fact:
    """A label and what it says; several values stand below each other."""

    label: Text
    values: Sequence[Text]
    tone: Tone = Tone.PLAIN


@dataclass(frozen=True, slots=True)
class Facts:
    """Facts with their labels in one column."""

    facts: Sequence[Fact]


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table; figures stand to the right."""

    title: Text
    right: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under column titles."""

    columns: Sequence[Column]
    rows: Sequence[Sequence[Text]]


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar of a chart: its label, its share of the longest (0 to 1), and its figure."""

    label: Text
    share: float
    caption: Text
    tone: Tone = Tone.PLAIN


@dataclass(frozen=True, slots=True)
class Bars:
    """Bars with their labels in one column."""

    bars: Sequence[Bar]


Block = Line | Facts | Table | Bars
GAP = Line()
