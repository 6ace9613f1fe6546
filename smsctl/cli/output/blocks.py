"""What a screen is made of, before anyone decides how it looks: lines, facts, tables, bars.

Commands answer with blocks; only `screen` knows whether there is a terminal.
"""

from collections.abc import Sequence
from enum import StrEnum
from typing import NamedTuple

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


class TextLine(NamedTuple):
    """One line of text; an empty one is a gap."""

    text: Text = ""
    tone: Tone = Tone.PLAIN
    indent: int = 0
    whole: bool = False  # never folded: to be copied


class Quote(NamedTuple):
    """The text of an SMS, line by line, set apart by a bar at its margin."""

    body: str


class Fact(NamedTuple):
    """A label and what it says; several values stand below each other."""

    label: Text
    values: Sequence[Text]
    tone: Tone = Tone.PLAIN


class FactList(NamedTuple):
    """Facts with their labels in one column."""

    facts: Sequence[Fact]


class Column(NamedTuple):
    """One column of a table; figures stand to the right."""

    title: Text
    right: bool = False
    cut: bool = False  # on a terminal at the end of one line, instead of folded into several


class Table(NamedTuple):
    """Rows under column titles."""

    columns: Sequence[Column]
    rows: Sequence[Sequence[Text]]


class Bar(NamedTuple):
    """One bar of a chart: its label, its share of the longest (0 to 1), and its figure."""

    label: Text
    share: float
    caption: Text
    tone: Tone = Tone.PLAIN


class Bars(NamedTuple):
    """Bars with their labels in one column."""

    bars: Sequence[Bar]


Block = TextLine | Quote | FactList | Table | Bars
GAP = TextLine()
