"""Which column of a recipients file holds what: Swedish and English headers, or what the config says.

Nothing is guessed beyond the known headings, and two columns that could both be meant are an error: one
question is better than a mailing to everybody's other telephone.
"""

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from smsctl.domain.cells import veiled
from smsctl.domain.headings import (
    EXAMPLE,
    HEADERS,
    PLAINLY_MUNICIPALITY,
    flag_of,
    fold,
    is_heading,
    may_mean_number,
    means,
    words_of,
)
from smsctl.errors import InputError, Sentence, say

Named = Mapping[str, str | tuple[str, ...]]
"""Columns as a person named them: the names of `HEADERS` -> a header, or several."""


class MisfitError(InputError):
    """The columns or groups of a file are not those that are asked for.

    Its sentence does not name the file, which is not known here; whoever opened it does.
    """


class UnfoundError(MisfitError):
    """A column that must be there is not recognised; its cells may still tell which it is."""

    def __init__(self, column: str, sentence: Sentence, hint: Sentence) -> None:
        """Keep which of ours it is."""
        super().__init__(sentence, hint=hint)
        self.column = column


class NumberColumn(NamedTuple):
    """One column of mobile numbers, with what is said of its people beside it; positions from 0."""

    number: int
    terms: int | None = None
    protected: tuple[int, ...] = ()  # any of them protects
    title: str = ""  # its header, where there are several


class Columns(NamedTuple):
    """The position of each column in a row, from 0; None where the file has none."""

    number: int
    name: int | None = None
    group: int | None = None
    municipality: int | None = None
    terms: int | None = None
    protected: tuple[int, ...] = ()
    title: str = ""
    beside: tuple[NumberColumn, ...] = ()  # further columns of numbers
    reason: int | None = None  # why smsctl gave no message, in a file that it wrote itself

    @property
    def numbers(self) -> tuple[NumberColumn, ...]:
        """All columns of numbers."""
        first = NumberColumn(number=self.number, terms=self.terms, protected=self.protected, title=self.title)
        return (first, *self.beside)


_WRITTEN = ({"row", "rad"}, {"reason", "orsak", "skal"}, {"number", "nummer"}, {"name", "namn"})
_FAILED = (
    {"row", "rad"},
    {"number", "nummer"},
    {"name", "namn"},
    {"state", "tillstand", "lage"},
    {"why", "varfor"},
)
"""How the files begin that smsctl writes of those who got no message, and of whose message failed."""


def find_columns(
    header: Sequence[str], overrides: Named | None = None, *, require_terms: bool = True
) -> Columns:
    """Return where the columns are; `overrides` maps names of `HEADERS` to headers of this file.

    Raises InputError for an override of a column that smsctl does not use, and MisfitError: a first row that
    is no heading, an override that does not fit, no number column, two columns for the same, or (with
    `require_terms`) none that says who has accepted the terms.
    """
    named = {name: (one,) if isinstance(one, str) else one for name, one in (overrides or {}).items()}
    _refuse_unknown(named)
    refuse_people(header)
    titles = tuple(position_of(header, one) for one in named.get("number", ()))
    numbers = titles or _one_of_numbers(header)
    if not numbers:
        raise UnfoundError(
            "number",
            say("No column with mobile numbers was recognised. {seen}", seen=seen_in(header)),
            _NAME_IT,
        )
    terms = _terms(header, numbers, named.get("accepted_terms", ()))
    written = _written_here(header)
    if None in terms and require_terms and written is None:
        raise UnfoundError(
            "accepted_terms",
            say("No column says who has accepted the terms. {seen}", seen=seen_in(header)),
            _NAME_TERMS,
        )
    protected = _protected(header, numbers, named.get("protected", ()))
    several = len(numbers) > 1
    first, *beside = (
        NumberColumn(number=position, terms=said, protected=shut, title=header[position] if several else "")
        for position, said, shut in zip(numbers, terms, protected, strict=True)
    )
    name, group, municipality = (
        _one_or_none(header, name, named.get(name, ())) for name in ("name", "group", "municipality")
    )
    return Columns(
        number=first.number,
        name=name,
        group=group,
        municipality=municipality,
        terms=first.terms,
        protected=first.protected,
        title=first.title,
        beside=tuple(beside),
        reason=written if None in terms else None,
    )


def position_of(header: Sequence[str], wanted: str) -> int:
    """Return the position of the one column with this header; MisfitError if there is none, or several."""
    exact = [position for position, text in enumerate(header) if text == wanted.strip()]
    found = exact or [position for position, text in enumerate(header) if fold(text) == fold(wanted)]
    if len(found) == 1:
        return found[0]
    if found:
        raise MisfitError(
            say(
                "{count} columns are called {wanted}. {seen}",
                count=len(found),
                wanted=wanted,
                seen=seen_in(header),
            ),
            hint=_RENAME if exact else None,
        )
    raise MisfitError(say("No column is called {wanted}. {seen}", wanted=wanted, seen=seen_in(header)))


def seen_in(header: Sequence[str]) -> Sentence:
    """Say which columns the file has."""
    return say("The file has these columns: {columns}.", columns=", ".join(map(veiled, header)))


def refuse_people(header: Sequence[str]) -> None:
    """Raise MisfitError, which repeats none of its cells, for a first row that is somebody's."""
    if not is_heading(header):
        raise MisfitError(
            say("The first row is no heading: it holds a number or an address of somebody."),
            hint=NAME_COLUMNS,
        )


NAME_COLUMNS: Final = say("Write a row above it that names the columns, such as {example}", example=EXAMPLE)

_NAME_IT = say(
    "Name the right one under [columns] in the config or with --column, as in: --column number='Mobil VH1'"
)
_RENAME = say("Give each of them a heading of its own in the file.")
_NAME_TERMS = say(
    "Name it under [columns] in the config or with --column accepted_terms=HEADER. Where no"
    " terms apply, set: require_accepted_terms = false"
)


def _name_it(name: str, title: str) -> Sentence:
    return say(
        "Name the right one under [columns] in the config or with --column, as in: {flag}",
        flag=flag_of(name, title),
    )


def _name_numbers(title: str) -> Sentence:
    return say(
        "Name the right one under [columns] in the config or with --column, as in: {flag}; or several, where"
        " each of them is to get a message.",
        flag=flag_of("number", title),
    )


def _refuse_unknown(overrides: Mapping[str, object]) -> None:
    for name in overrides:
        if name not in HEADERS:
            raise InputError(
                say("There is no column {name} that smsctl uses.", name=name),
                hint=say("Its columns are: {names}.", names=", ".join(HEADERS)),
            )


def _one_of_numbers(header: Sequence[str]) -> tuple[int, ...]:
    """Return the known column of numbers; whose number stands in another beside it would hear nothing."""
    found = [position for position, text in enumerate(header) if may_mean_number(text)]
    known = tuple(position for position in found if fold(header[position]) in HEADERS["number"])
    if known and len(found) > 1:
        raise _unclear(header, "number", found)
    return known


def _one(header: Sequence[str], name: str) -> tuple[int, ...]:
    found = tuple(position for position, text in enumerate(header) if fold(text) in HEADERS[name])
    if name == "municipality" and len(found) > 1:  # Kommun stands before Kommunnamn
        found = tuple(one for one in found if fold(header[one]) in PLAINLY_MUNICIPALITY) or found
    if len(found) > 1:
        raise _unclear(header, name, found)
    return found


def _unclear(header: Sequence[str], name: str, found: Sequence[int]) -> MisfitError:
    """Return the question which of several columns is meant; those called the same cannot be named."""
    titles = [header[position] for position in found]
    name_it = _name_numbers(titles[0]) if name == "number" else _name_it(name, titles[0])
    return MisfitError(
        say(
            "{count} columns could be {name}: {found}. {seen}",
            count=len(found),
            name=name,
            found=", ".join(titles),
            seen=seen_in(header),
        ),
        hint=name_it if len({*titles}) > 1 else _RENAME,
    )


def _one_or_none(header: Sequence[str], name: str, named: Sequence[str]) -> int | None:
    if len(named) > 1:
        raise MisfitError(
            say("{name} is one column; {count} are named.", name=name, count=len(named)),
            hint=_name_it(name, named[0]),
        )
    found = (position_of(header, named[0]),) if named else _one(header, name)
    return found[0] if found else None


def _terms(header: Sequence[str], numbers: Sequence[int], named: Sequence[str]) -> list[int | None]:
    """Return the column that tells of the terms for each column of numbers; one may tell for all."""
    if named:
        positions = [position_of(header, one) for one in named]
        if len(positions) not in (1, len(numbers)):
            raise MisfitError(
                say(
                    "{count} columns are named for accepted_terms, and {numbers} for number: name one, or one"
                    " for each of them, in the same order.",
                    count=len(positions),
                    numbers=len(numbers),
                )
            )
        return [*(positions if len(positions) > 1 else positions * len(numbers))]
    own = [_own(header, numbers, position, "accepted_terms") for position in numbers]
    if not all(own):
        shared = _one(header, "accepted_terms")
        return [found[0] if found else shared[0] if shared else None for found in own]
    return [found[0] for found in own]


def _protected(header: Sequence[str], numbers: Sequence[int], named: Sequence[str]) -> list[tuple[int, ...]]:
    """Return the columns that tell of a protected identity for each column of numbers.

    One that belongs to none of them, or to a column that is not used, protects the whole row.
    """
    positions = [position_of(header, one) for one in named]
    own = [_own(header, numbers, position, "protected") for position in numbers]
    of_one = {position for found in own for position in found}
    every = [position for position, text in enumerate(header) if means(text, "protected")]
    shared = [position for position in dict.fromkeys((*positions, *every)) if position not in of_one]
    return [tuple(sorted((*found, *shared))) for found in own]


def _own(header: Sequence[str], numbers: Sequence[int], position: int, name: str) -> list[int]:
    """Return the columns of a kind whose header shares what sets this column of numbers apart (VH1)."""
    if len(numbers) == 1:
        return []
    others = set[str]().union(*(words_of(header[other]) for other in numbers if other != position))
    marks = words_of(header[position]) - others
    return [
        at
        for at, text in enumerate(header)
        if at not in numbers and marks and marks <= words_of(text) and means(text, name, marks)
    ]


def _written_here(header: Sequence[str]) -> int | None:
    """Return the position of the reason, or of the state, in a file that smsctl wrote; None in any other."""
    folded = [fold(text) for text in header]
    for heads, position in ((_WRITTEN, 1), (_FAILED, 3)):
        if len(folded) >= len(heads) and all(text in head for text, head in zip(folded, heads, strict=False)):
            return position
    return None
