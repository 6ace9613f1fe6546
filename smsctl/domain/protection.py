"""Whether a cell says that a person's identity is protected (skyddade personuppgifter).

Only what plainly says no is no. Anything else protects: a number that gets no message costs a telephone
call, one that shows where somebody is may cost more.
"""

import re
from collections import Counter
from collections.abc import Container, Iterable, Sequence
from functools import lru_cache, partial
from itertools import combinations
from typing import Final

from smsctl.domain.cells import VEIL, bare, plain, veiled
from smsctl.domain.columns import NumberColumn
from smsctl.domain.headings import may_mean_name, words_of
from smsctl.domain.identity_number import PLAINLY
from smsctl.domain.number import FEWEST, NumberReader
from smsctl.domain.number_plan import LONGEST
from smsctl.domain.people import People, PeopleWriter
from smsctl.domain.recipients import SkipReason
from smsctl.errors import Sentence, say_n

NO: Final = frozenset({"", "nej", "n", "no", "ej", "☐", "0", "false", "falskt", "ingen"})
YES: Final = frozenset({"ja", "j", "yes", "y", "1", "true", "sant", "x"})


def is_protected(cell: str) -> bool:
    """Tell whether the cell protects."""
    return bare(cell) not in NO


def is_known(cell: str) -> bool:
    """Tell whether the cell is one of the usual yes and no; any other is told, for it may be a mistake."""
    return bare(cell) in YES | NO


@lru_cache(1000)  # many rows have the same: Ej skyddad
def _told_by(cell: str, *, is_name: bool) -> Sentence | None:
    """Return what a cell of any column says: that it protects, that it speaks of it, or nothing.

    It protects where it says nothing else (Sekretessmarkering, Skyddad adress), a name among other words
    too. What plainly says no (Ej skyddad, Sekretess: nej) counts for nothing.
    """
    text = plain(cell)
    if not any(map(text.__contains__, SIGNS)):
        return None
    denied = re.search(_DENIED, text)
    if denied and not (is_name and re.search(_MAY_BE_A_NAME, denied[0])):
        text = text[: denied.start()]
    words = words_of(text.replace("=", " ")) if len(text) <= _LONGEST else set[str]()
    says_so = not words.isdisjoint(_SAYS) and words <= _SAYS | _BESIDE
    if says_so or (is_name and re.search(_NAME, text)):
        return _PROTECTED_BY
    return _SPOKEN_OF if re.search(_SPEAKS_OF_IT, text) else None


class ProtectedNumbers:
    """The numbers in protected rows, as integers: no row that has one of them gets anything.

    Whatever cell of such a row they stand in: the column that is not used may be used in another row.
    """

    __slots__ = ("_columns", "_reader", "_rows", "_width", "found", "said")

    def __init__(self, columns: Sequence[NumberColumn], reader: NumberReader, width: int) -> None:
        """Start with none; `width` is that of the header."""
        self._columns = columns
        self._reader = reader
        self._width = width
        self._rows: set[int] = set()  # that say it: neither name nor number is kept
        self.said: list[Sentence] = []
        self.found: set[int] = set()

    def note(self, row: Sequence[str], protected: Sequence[bool]) -> None:
        """Take the numbers of a row, but of columns whose people are not protected."""
        if any(protected):
            free = {one.number for one, shut in zip(self._columns, protected, strict=True) if not shut}
            self._take(row, free)

    def note_left_out(self, rows: Iterable[Sequence[str]]) -> None:
        """Take the numbers of those rows that are not judged and protect."""
        for row in rows:
            cells = dict(enumerate(row))
            shut = [any(is_protected(cells.get(at, "")) for at in one.protected) for one in self._columns]
            self.note(row, shut)

    def note_said(
        self, rows: Iterable[tuple[int, Sequence[str]]], header: Sequence[str], name_at: int | None
    ) -> None:
        """Take the numbers of those rows that say it in a column that is not for that, and tell which do.

        So does a cell beyond the header. Of rows that speak of it among other words it is told that they do.
        """
        own = {at for one in self._columns for at in one.protected}
        people = {at for at, title in enumerate(header) if at == name_at or may_mean_name(title)}
        counts, under = Counter[Sentence](), {_PROTECTED_BY: dict[str, None](), _SPOKEN_OF: dict[str, None]()}
        names = 0
        for row_number, row in rows:
            cells = ((at, cell) for at, cell in enumerate(row) if cell and at not in own)
            said = {at: one for at, cell in cells if (one := _told_by(cell, is_name=at in people))}
            told = _PROTECTED_BY if _PROTECTED_BY in said.values() else _SPOKEN_OF
            if told is _PROTECTED_BY:
                self._rows.add(row_number)
                if not self._take(row, ()):
                    continue
                names += name_at is not None and said.get(name_at) is told
            places = [at for at, one in said.items() if one is told and (at != name_at or told is _SPOKEN_OF)]
            if places:
                counts[told] += 1
                under[told] |= {veiled(header[at]) if at < len(header) else VEIL: None for at in places}
        self.said = [told.given(n=n, columns=", ".join(under[told])) for told, n in counts.items()]
        if names:
            self.said.append(_PROTECTED_BY_NAME.given(n=names))

    def note_misfit(self, row: Sequence[str]) -> None:
        """Take the numbers of a row of another width, if any cell that may be the mark protects."""
        shift = len(row) - self._width
        for position in {position for one in self._columns for position in one.protected}:
            first, last = sorted((position, position + shift))
            if any(map(is_protected, row[max(first, 0) : max(last, 0) + 1])):
                self._take(row, ())

    def shut_out(self, ready: People, skipped: dict[SkipReason, People], *, by_column: bool) -> People:
        """Return who is ready without those numbers, and move every row of one among the protected."""
        own = skipped[SkipReason.PROTECTED]
        for reason in _UNREAD if self._rows or self.found else ():
            numbers = self.found if reason is SkipReason.INVALID else set[int]()
            skipped[reason] = skipped[reason].without_words_of(partial(self._is_protected, numbers))
        if not self.found:
            return ready
        positions = set(zip(own.rows, own.columns, strict=True))
        for reason in _READ:
            if found := skipped[reason].positions_of(self.found):
                positions.update(found)
                skipped[reason] = skipped[reason].without(self.found)
        if found := ready.positions_of(self.found):
            positions.update(found)
            ready = ready.without(self.found)
        shut = PeopleWriter(by_column=by_column)
        for row, column in sorted(positions):
            shut.add_as_written(row, "", "", column)
        skipped[SkipReason.PROTECTED] = shut.people()
        return ready

    def _is_protected(self, numbers: set[int], row: int, written: str) -> bool:
        """Tell whether somebody stands in a row that says it, or has a number of one that does."""
        return row in self._rows or bool(numbers and numbers & self._numbers_in(written, is_phone=True))

    def _take(self, row: Sequence[str], free: Container[int]) -> bool:
        """Take every number in the cells, even of one that cannot be read as one; say if there is any."""
        phones = {one.number for one in self._columns}
        cells = ((at, cell) for at, cell in enumerate(row) if at not in free)
        taken = [self._numbers_in(cell, is_phone=at in phones) for at, cell in cells]
        self.found.update(*taken)
        return any(taken)

    def _numbers_in(self, cell: str, *, is_phone: bool) -> set[int]:
        if re.search(_SOME_NUMBER, cell) is None:
            return set()
        written = cell.translate(PLAINLY)
        whole = self._reader.read(written)
        pieces = re.split(_BETWEEN, written) + (_runs(written) if is_phone else [])
        readings = [whole] if whole.number else map(self._reader.read, pieces)
        return {int(one.number) for one in readings if one.number is not None}


def _runs(cell: str) -> list[str]:
    """Return all that may be a number in a cell that is none: its figures in a row, with + and without."""
    figures = re.findall(r"\d+", cell)[:_MOST_FIGURES]
    spans = combinations(range(len(figures) + 1), 2)
    runs = ["".join(figures[first:last]) for first, last in spans]
    return [sign + run for run in runs if FEWEST <= len(run) <= LONGEST for sign in ("", "+")]


_MOST_FIGURES: Final = 30
_READ: Final = (SkipReason.BLOCKED, SkipReason.TERMS, SkipReason.DUPLICATE, SkipReason.ALREADY_SENT)
"""The reasons of those whose number was read and may be sent to."""

_UNREAD: Final = (SkipReason.INVALID, SkipReason.NO_NUMBER, SkipReason.NOT_MOBILE, SkipReason.COUNTRY)
"""The reasons of those whose number was not."""

SIGNS: Final = ("skyddad", "skyddat", "sekretess", "kvarskriv", "rrmarker")
"""No cell says it without one of these, in whatever case."""
_SAID: Final = """
    skyddad skyddade skyddat sekretess sekretessmarkering sekretessmarkerad sekretessmarkerade
    sekretessmarkerat sekretesskyddad sekretessskyddad sekretesskydd sekretessskydd
    sekretesskyddade sekretessskyddade sekretessmark sekretessbelagd sekretessbelagda sekretessbelagt
    skyddadidentitet skyddadid skyddadadress skyddadfolkbokforing skyddadepersonuppgifter skyddadeuppgifter
    kvarskriven kvarskrivning sparrmarkerad sparrmarkering
"""
_WITH_IT: Final = """
    identitet id adress folkbokforing person personuppgift personuppgifter uppgift uppgifter nummer telefon
    telefonnummer mobil mobilnummer namn elev barn ja har
    j 1 x obs adr folkbok folkbokf personuppg uppg personnummer bostadsadress hemadress postadress
    vardnadshavare vh foralder pers ident folkb tel tfn nr
"""
_SAYS, _BESIDE = frozenset(_SAID.split()), frozenset(_WITH_IT.split())
_LONGEST: Final = 60
_SPEAKS_OF_IT: Final = (
    r"\bskydda(?:de?|t) (?:id|adr|(?:i )?folkb|pers(?:on|\b)|uppg|enligt|\d)|\bär skyddad"
    r"|\bsekretess(?:mark|mär|skydd|kydd|bel|grad|kod)|\b(?:kvarskriv|spärrmark)"
    r"|(?:\A|[^\w ]) ?(?:skyddad|sekretess)(?= ?(?:\Z|[^\w ]))"
)
_MARK: Final = (
    r"\b(?:skydda(?:de?|t)|sekretess\w*|kvarskriv\w*|spärrmarker\w*)"
    r"(?: (?:id|adr|folkb|pers|uppg)\w*)?(?!\w)[\s:=.,;()/\-\u2013\u2014]*"
)
_DENIED: Final = (
    rf"(?:(?:\A|[^\w ] ?)(?:ej|inte|icke|ingen|inga|utan) {_MARK}"
    rf"|{_MARK}(?:inga|{'|'.join(sorted(NO - {''}))})\W*)\Z"
)
"""What says no, at the end of a cell. Skyddad, inga SMS does not, nor Visa inte skyddad adress."""
_MAY_BE_A_NAME: Final = r"\b(?:inga|no?)\b"
"""In the place of a name these say nothing: Skyddad, Inga; Inga Sekretess; Skyddad N."""
_PROTECTED_BY: Final = say_n(
    "{n} row says under {columns} that an identity is protected: no row with its number gets a message.",
    "{n} rows say under {columns} that an identity is protected: no row with their numbers gets a message.",
    n=0,
    columns="",
)
_PROTECTED_BY_NAME: Final = say_n(
    "{n} name says that an identity is protected: no row with the number gets a message.",
    "{n} names say that an identity is protected: no row with their numbers gets a message.",
    n=0,
)
_SPOKEN_OF: Final = say_n(
    "{n} row speaks under {columns} of a protected identity, among other words, which keep no message back:"
    " read it first.",
    "{n} rows speak under {columns} of a protected identity, among other words, which keep no message back:"
    " read them first.",
    n=0,
    columns="",
)
_NAME: Final = r"(?i)(?<![^\W_])(?:skydda(?:de?|t)|sekretess\w*)(?![^\W_])"
"""As school registers write it in the place of a name."""
_SOME_NUMBER: Final = r"\d(?:\D*\d){6}"
_BETWEEN: Final = r"[^0-9+()\s.\-]+|[/\n]"
