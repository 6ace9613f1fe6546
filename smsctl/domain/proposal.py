"""Which columns may be the ones that no heading tells: those whose cells are mobile numbers, or yes and no.

They are proposed, with the words that name them. Nothing is taken unless a person says so.
"""

import re
from collections.abc import Callable, Collection, Sequence
from typing import Final, NamedTuple

from smsctl.domain.cells import may_name_somebody, plain
from smsctl.domain.headings import HEADERS, flag_of, fold, is_heading, means
from smsctl.domain.number import NumberReader, NumberReading
from smsctl.domain.number_plan import NumberFault
from smsctl.domain.terms import NO, YES, has_accepted
from smsctl.errors import Sentence, say, say_n

SAMPLE: Final = 200
"""So many rows are looked at."""
_FEWEST: Final = 0.5  # of the cells that are not empty
_OF_IDENTITIES: Final = ("personn", "persnr", "personid", "pnr", "samordningsn", "fodelse", "identitetsn")
_ANSWERS: Final = ("ja", "nej", "yes", "sant", "falskt", "true", "false")  # no: No. is a heading
_ABOUT_TERMS: Final = ("villkor", "godk", "terms", "accept", "avtal")


class Proposal(NamedTuple):
    """The headings that one of our columns may go by."""

    column: str  # number or accepted_terms
    headers: tuple[str, ...]

    @property
    def told(self) -> Sentence:
        """How they are named, on the command line and in the config."""
        flags = " ".join(flag_of(self.column, header) for header in self.headers)
        listed = ", ".join(f'"{header}"' for header in self.headers)
        line = f"{self.column} = {listed if len(self.headers) == 1 else f'[{listed}]'}"
        if self.column == "number":
            return say_n(
                "It may be this column, whose cells are mobile numbers: {flags} or under [columns] in the"
                " config: {line}",
                "It may be one or several of these, whose cells are mobile numbers: {flags} or under"
                " [columns] in the config: {line}",
                n=len(self.headers),
                flags=flags,
                line=line,
            )
        return say_n(
            "It may be this column, whose cells are yes and no: {flags} or under [columns] in the config:"
            " {line}",
            "It may be one of these, whose cells are yes and no: {flags} or under [columns] in the config:"
            " {line}",
            n=len(self.headers),
            flags=flags,
            line=line,
        )


def beside(
    used: str, header: Sequence[str], rows: Sequence[Sequence[str]], reader: NumberReader
) -> Sentence | None:
    """Say which other columns hold mobile numbers; None: none does."""
    others = proposal("number", header, rows, reader).headers
    if not others:
        return None
    return say(
        "Only the numbers under {used} get a message, though mobile numbers stand under {others} too. Name"
        " each column that is meant, or {used} alone: {flags}",
        used=used,
        others=", ".join(others),
        flags=" ".join(flag_of("number", title) for title in (used, *others)),
    )


def proposal(
    column: str, header: Sequence[str], rows: Sequence[Sequence[str]], reader: NumberReader
) -> Proposal:
    """Return the headings whose cells fit a column of ours; perhaps none."""
    fits = _mobile(reader) if column == "number" else _yes_or_no
    found = [
        title
        for position, title in enumerate(header)
        if title
        and not may_name_somebody(title)  # not to be repeated
        and not _is_known(title)
        and _most(fits, title, [row[position] for row in rows if position < len(row)])
    ]
    return Proposal(column=column, headers=tuple(found))


def holds_people(header: Sequence[str], rows: Sequence[Sequence[str]], reader: NumberReader) -> bool:
    """Tell whether the first row is somebody's too.

    A column of numbers has a number, or nothing, on top then; one of yes and no has one of the two, beside
    nothing that names a column: in a survey, Ja may be a heading.
    """
    fits, names_columns = _mobile(reader), any(map(_is_known, header))
    width = max(map(len, rows), default=0)
    for position, top in enumerate([*header, *[""] * (width - len(header))]):
        cells = [row[position] for row in rows if position < len(row)]
        if (not top or _is_number(reader.read(top))) and _most(fits, top, cells):
            return True
        if plain(top) in _ANSWERS and not names_columns and _most(_yes_or_no, top, cells):
            return True
    return False


def _is_number(reading: NumberReading) -> bool:
    return reading.number is not None or reading.fault in {NumberFault.EXCEL, NumberFault.SEVERAL}


def heading_below(rows: Sequence[Sequence[str]], named: Collection[str]) -> int | None:
    """Return which of the first rows looks like the heading, from 0: it names a column of numbers."""
    wanted = {fold(one) for one in named}
    for position, row in enumerate(rows[:_TITLE_ROWS]):
        cells = [
            part for cell in row for part in (cell, *re.split(_MARKS, cell))
        ]  # the title may have others
        of_columns = sum(any(fold(cell) in names for cell in row) for names in HEADERS.values())
        if any(map(may_name_somebody, row)) and of_columns < _SURELY:
            continue  # a person's, with a cell such as Mobile in it
        if is_heading(cells) and any(means(cell, "number") or fold(cell) in wanted for cell in cells):
            return position
    return None


_TITLE_ROWS: Final = 20
_SURELY: Final = 2  # so many columns nobody's row names, also beside Klass 2026/2027
_MARKS: Final = "[;,\t]"
"""The rows are cut by the marks of the title, which may be others than the heading's."""


def _is_known(title: str) -> bool:
    """Tell whether a heading means something else: a protected identity is no accepted term.

    And the identity number of somebody born in 2007 looks like a mobile number (070101-…).
    """
    return any(means(title, name) for name in HEADERS) or fold(title).startswith(_OF_IDENTITIES)


def _most(fits: Callable[[str, str], bool], title: str, cells: Sequence[str]) -> bool:
    filled = [cell for cell in cells if cell.strip()]
    return bool(filled) and sum(fits(title, cell) for cell in filled) > _FEWEST * len(filled)


def _mobile(reader: NumberReader) -> Callable[[str, str], bool]:
    return lambda _title, cell: reader.read(cell).number is not None


def _yes_or_no(title: str, cell: str) -> bool:
    about = any(word in fold(title) for word in _ABOUT_TERMS)
    return plain(cell) in YES | NO or (about and has_accepted(cell) is not None)
