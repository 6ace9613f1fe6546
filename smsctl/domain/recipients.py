"""The rows of a recipients file -> who gets the message, who does not and why, and what must be mended.

Every row is judged once, in one pass, and ends in exactly one place: ready, skipped for one reason, or bad.
The judgement is the law (`_Judge.weigh`); beside it stands a short cut for the rows that plainly
pass or plainly belong to another audience (`_Judge.hear`), because there may be a million of them. The short
cut takes only what is plain; everything else goes to the law, so the two cannot come to differ.
"""

from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from enum import StrEnum
from functools import partial
from types import MappingProxyType
from typing import Final, NamedTuple

from smsctl.domain.audience import Audience, titled
from smsctl.domain.columns import Columns, MisfitError
from smsctl.domain.number import NumberFault, NumberReader, Reading, why
from smsctl.domain.people import People, PeopleWriter
from smsctl.domain.standing import Standing, Standings
from smsctl.errors import Sentence, joined, say, say_n

FIRST_ROW: Final = 2  # the spreadsheet's own count: the header is row 1
SHOWN: Final = 50
"""How many sentences of a kind are kept; all are counted."""


class SkipReason(StrEnum):
    """Why a row gets no message, in the order in which it is judged (design.md 2)."""

    INVALID = "invalid"  # a bad row, where bad rows are to be left out
    NO_NUMBER = "no-number"
    NOT_MOBILE = "not-mobile"
    COUNTRY = "country"
    BLOCKED = "blocked"
    TERMS = "terms"
    DUPLICATE = "duplicate"
    ALREADY_SENT = "already-sent"


class Rules(NamedTuple):
    """What rows are judged by, beside the audience."""

    numbers: NumberReader
    require_terms: bool = True
    skip_invalid: bool = False  # bad rows are skipped, instead of stopping the mailing
    is_blocked: Callable[[str], bool] | None = None  # takes E.164
    already_sent: Container[str] | None = None  # E.164


class Recipients(NamedTuple):
    """The rows of the audience, judged: rows = ready + all skipped + bad_count.

    Bad rows stop the mailing; with `skip_invalid` they are skipped as invalid instead, and bad_count is 0.
    Sentences are the first `SHOWN` of their kind.
    """

    rows: int
    ready: People
    skipped: Mapping[SkipReason, People]  # in the order of SkipReason; none of them empty
    bad_count: int
    bad: tuple[Sentence, ...]  # also of those that are skipped as invalid
    outside_bad_count: int  # bad rows of other audiences, not part of `rows`
    outside_bad: tuple[Sentence, ...]
    unplaced_count: int  # rows left out, and no part of `rows`, only because they name no municipality
    notices: tuple[Sentence, ...]  # what was repaired
    groups: tuple[str, ...]  # that the file has
    sheet_rows: int  # of any audience; empty ones are nobody


def judge(
    header: Sequence[str],
    rows: Iterable[Sequence[str]],
    columns: Columns,
    audience: Audience,
    rules: Rules,
) -> Recipients:
    """Judge all rows below a header.

    Raises MisfitError: a column that the audience needs is missing, or a group it asks for has nobody.
    """
    case = _Judge(header, columns, audience, rules)
    case.hear(rows)
    return case.verdict()


_NAMES_SHOWN = 20
_WRITTEN_SHOWN = 40  # characters of a number that could not be read

_SKIPPED_FAULTS = {
    NumberFault.EMPTY: SkipReason.NO_NUMBER,
    NumberFault.NOT_MOBILE: SkipReason.NOT_MOBILE,
    NumberFault.MACHINE: SkipReason.NOT_MOBILE,
    NumberFault.COUNTRY: SkipReason.COUNTRY,
}
"""The numbers that can be read but not sent to. All other faults make a bad row."""


_Tell = Callable[[], Sentence]


class _Judge:
    """One file before its rules."""

    def __init__(self, header: Sequence[str], columns: Columns, audience: Audience, rules: Rules) -> None:
        self._header = header
        self._columns = columns
        self._rules = rules
        self._standings = Standings(header, columns, audience, require_terms=rules.require_terms)
        self._cells = self._standings.picker()
        self._sent: Container[str] = rules.already_sent or ()
        self._seen: set[int] = set()  # the numbers of those who are ready, as integers: a third of the memory
        self._ready = PeopleWriter()
        self._skipped = {reason: PeopleWriter() for reason in SkipReason}
        self._bad = _Found()
        self._outside_bad = _Found()
        self._unplaced_count = 0
        self._notices = _Found()
        self._last_row = FIRST_ROW - 1
        self._empty_rows = 0

    def hear(self, rows: Iterable[Sequence[str]]) -> None:
        """Go through the rows.

        Written for speed: what is used for every row is a local name, cells are compared only when their
        combination is new, and a number is one look-up in `fast`.
        """
        width, number_at, name_at = len(self._header), self._columns.number, self._columns.name
        cells, standings, fast = self._cells, self._standings, self._rules.numbers.fast
        is_blocked, sent = self._rules.is_blocked, self._sent
        seen, see = self._seen, self._seen.add
        add_ready, add_duplicate = self._ready.add, self._skipped[SkipReason.DUPLICATE].add
        welcome, outside = Standing.WELCOME, Standing.OUTSIDE
        row_number = self._last_row
        for row_number, row in enumerate(rows, FIRST_ROW):
            number = fast(row[number_at]) if len(row) == width else None
            if number is not None:
                standing = standings[cells(row)]
                if standing is outside:
                    continue
                if standing is welcome and number not in sent and not (is_blocked and is_blocked(number)):
                    known = len(seen)
                    see(digits := int(number))
                    add = add_ready if len(seen) > known else add_duplicate
                    add(row_number, digits, "" if name_at is None else row[name_at])
                    continue
            self.weigh(row_number, row, number)
        self._last_row = row_number

    def weigh(self, row_number: int, row: Sequence[str], number: str | None) -> None:
        """Judge one row by every rule; `number` is what the short cut made of it. Empty cells are nobody."""
        if not any(map(str.strip, row)):
            self._empty_rows += 1
            return
        if len(row) != len(self._header):
            inside = self._standings.may_admit(row, len(self._header))
            self._note_bad(row_number, row, partial(self._wrong_width, row), inside=inside)
            return
        standing = self._standings[self._cells(row)]
        reading = Reading(number) if number else self._rules.numbers.read(row[self._columns.number])
        problem = self._problem(row, standing, reading)
        if problem:
            self._note_bad(row_number, row, problem, inside=standing.is_inside)
        elif standing is Standing.UNPLACED:
            self._unplaced_count += 1
        elif standing.is_inside:
            self._place(row_number, row, reading, self._reason(standing, reading))

    def verdict(self) -> Recipients:
        """Return what became of all rows."""
        self._refuse_unmet_groups()
        self._refuse_unmet_municipality()
        self._seen.clear()
        skipped = {reason: writer.people() for reason, writer in self._skipped.items() if len(writer)}
        ready = self._ready.people()
        bad_count = 0 if self._rules.skip_invalid else self._bad.count
        return Recipients(
            rows=len(ready) + sum(map(len, skipped.values())) + bad_count,
            ready=ready,
            skipped=MappingProxyType(skipped),
            bad_count=bad_count,
            bad=tuple(self._bad.sentences),
            outside_bad_count=self._outside_bad.count,
            outside_bad=tuple(self._outside_bad.sentences),
            unplaced_count=self._unplaced_count,
            notices=tuple(self._notices.sentences),
            groups=tuple(self._standings.groups.values()),
            sheet_rows=self._last_row - FIRST_ROW + 1 - self._empty_rows,
        )

    def _refuse_unmet_groups(self) -> None:
        if unmet := ", ".join(self._standings.unmet.values()):
            groups, more = _first(self._standings.groups)
            raise MisfitError(
                say("Nobody in the file is in the group {unmet}.", unmet=unmet),
                hint=say("The groups in the file are: {groups}{more}.", groups=groups, more=more),
            )

    def _refuse_unmet_municipality(self) -> None:
        """Refuse a file that spells ours otherwise, or is another one's: nobody in it would be reached."""
        if self._standings.lacks_ours and not self._bad.count:
            there, more = _first(self._standings.municipalities)
            named = say(
                "The municipalities in the file are: {municipalities}{more}. Write `name` in the config as"
                " the file does, or choose another one with --municipality.",
                municipalities=there,
                more=more,
            )
            empty = say("Its column of municipalities is empty.")
            raise MisfitError(
                say("Nobody in the file belongs to the municipality that sends."),
                hint=named if self._standings.municipalities else empty,
            )

    def _wrong_width(self, row: Sequence[str]) -> Sentence:
        return say_n(
            "it has {n} cell where the header has {width}; look for a missing or stray delimiter.",
            "it has {n} cells where the header has {width}; look for a missing or stray delimiter.",
            n=len(row),
            width=len(self._header),
        )

    def _unclear_terms(self, row: Sequence[str], place: int) -> Sentence:
        return say(
            '"{cell}" under {header} does not tell if the terms are accepted; write a date, ja or nej.',
            cell=row[place][:_WRITTEN_SHOWN],
            header=self._header[place],
        )

    def _problem(self, row: Sequence[str], standing: Standing, reading: Reading) -> _Tell | None:
        """Return what tells why the row is bad; None when it is not."""
        if reading.fault is not None and reading.fault not in _SKIPPED_FAULTS:
            return partial(why, reading.fault, row[self._columns.number])
        if self._columns.terms is not None and not standing.is_readable:
            return partial(self._unclear_terms, row, self._columns.terms)
        return None

    def _note_bad(self, row_number: int, row: Sequence[str], tell: _Tell, *, inside: bool) -> None:
        (self._bad if inside else self._outside_bad).add(row_number, tell)
        if inside and self._rules.skip_invalid:
            self._skip(SkipReason.INVALID, row_number, row, None)

    def _place(
        self, row_number: int, row: Sequence[str], reading: Reading, reason: SkipReason | None
    ) -> None:
        if (notice := reading.notice) is not None:
            self._notices.add(row_number, lambda: notice)
        if reason is not None:
            self._skip(reason, row_number, row, reading.number)
        elif reading.number is not None:
            digits = int(reading.number)
            self._seen.add(digits)
            self._ready.add(row_number, digits, self._cell(row, self._columns.name))

    def _skip(self, reason: SkipReason, row_number: int, row: Sequence[str], number: str | None) -> None:
        name = self._cell(row, self._columns.name)
        if number is not None:
            self._skipped[reason].add(row_number, int(number), name)
        else:
            written = self._cell(row, self._columns.number)[:_WRITTEN_SHOWN]
            self._skipped[reason].add_as_written(row_number, written, name)

    def _cell(self, row: Sequence[str], place: int | None) -> str:
        return row[place].strip() if place is not None and place < len(row) else ""

    def _reason(self, standing: Standing, reading: Reading) -> SkipReason | None:
        """Return why the row is skipped, in the order of SkipReason; None when it is not."""
        number = reading.number
        if number is None:
            return _SKIPPED_FAULTS[reading.fault or NumberFault.EMPTY]
        if self._rules.is_blocked and self._rules.is_blocked(number):
            return SkipReason.BLOCKED
        if standing is Standing.REFUSED:
            return SkipReason.TERMS
        if int(number) in self._seen:
            return SkipReason.DUPLICATE
        if number in self._sent:
            return SkipReason.ALREADY_SENT
        return None


def _first(names: Mapping[str, str]) -> tuple[Sentence, Sentence | str]:
    """Return the first names that a file has, as they are told, and how many more there are."""
    shown = joined(*map(titled, list(names.values())[:_NAMES_SHOWN]))
    more = len(names) - _NAMES_SHOWN
    return shown, say(" and {n} more", n=more) if more > 0 else ""


class _Found:
    """Sentences of one kind: all counted, the first ones made and kept."""

    __slots__ = ("count", "sentences")

    def __init__(self) -> None:
        self.count = 0
        self.sentences: list[Sentence] = []

    def add(self, row_number: int, tell: _Tell) -> None:
        self.count += 1
        if self.count <= SHOWN:
            self.sentences.append(say("row {row}: {told}", row=row_number, told=tell()))
