"""Which column of a recipients file holds what: Swedish and English headers, or what the config says.

A header is known whatever its case, accents, spaces, `_` and `-`: "Godkänt villkor", "GODKANT_VILLKOR".
Nothing is guessed beyond the table below, and two columns that could both be meant are an error: one
question is better than a mailing to everybody's other telephone.
"""

import unicodedata
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final, NamedTuple

from smsctl.errors import InputError, Sentence, say


class MisfitError(InputError):
    """The columns or groups of a file are not those that are asked for.

    Its sentence does not name the file, which is not known here; whoever opened it does.
    """


class Columns(NamedTuple):
    """The place of each column in a row, from 0; None where the file has none."""

    number: int
    name: int | None = None
    group: int | None = None
    municipality: int | None = None
    terms: int | None = None


_WORDS = {
    "number": """
        mobil mobilnr mobilnummer mobiltelefon mobiltelefonnummer telefon telefonnr telefonnummer nummer
        mobile mobilenumber mobilephone mobilephonenumber phone phonenumber telephone telephonenumber number
    """,
    "name": "namn name",
    "group": "grupp grupper roll roller group groups role roles",
    "municipality": "kommun municipality",
    "accepted_terms": """
        godkantvillkor godkantvillkoren godkandavillkor villkorgodkant villkorgodkanda villkor
        acceptedterms termsaccepted terms
    """,
}

HEADERS: Final[Mapping[str, frozenset[str]]] = MappingProxyType(
    {name: frozenset(words.split()) for name, words in _WORDS.items()}
)
"""The columns by their names in `[columns]` and `--column`, and the headers that mean them, folded."""


def find_columns(
    header: Sequence[str], overrides: Mapping[str, str] | None = None, *, require_terms: bool = True
) -> Columns:
    """Return where the columns are; `overrides` maps names of `HEADERS` to headers of this file.

    Raises InputError for an override of a column that smsctl does not use, and MisfitError: an override that
    does not fit, no number column, two columns for the same, or (with `require_terms`) none that says who
    has accepted the terms.
    """
    overrides = overrides or {}
    _refuse_unknown(overrides)
    places = {name: _find(header, name, overrides.get(name)) for name in HEADERS}
    number, terms = places["number"], places["accepted_terms"]
    if number is None:
        raise MisfitError(
            say("No column with mobile numbers was recognised. {seen}", seen=seen_in(header)), hint=_NAME_IT
        )
    if terms is None and require_terms:
        raise MisfitError(
            say("No column says who has accepted the terms. {seen}", seen=seen_in(header)),
            hint=say(
                "Name it under [columns] in the config or with --column accepted_terms=HEADER. Where no"
                " terms apply, set: require_accepted_terms = false"
            ),
        )
    return Columns(number, places["name"], places["group"], places["municipality"], terms)


def place_of(header: Sequence[str], wanted: str) -> int:
    """Return the place of the one column with this header; MisfitError if there is none, or several."""
    exact = [place for place, text in enumerate(header) if text == wanted.strip()]
    found = exact or [place for place, text in enumerate(header) if fold(text) == fold(wanted)]
    if len(found) == 1:
        return found[0]
    if found:
        raise MisfitError(
            say(
                "{count} columns are called {wanted}. {seen}",
                count=len(found),
                wanted=wanted,
                seen=seen_in(header),
            )
        )
    raise MisfitError(say("No column is called {wanted}. {seen}", wanted=wanted, seen=seen_in(header)))


def seen_in(header: Sequence[str]) -> Sentence:
    """Say which columns the file has."""
    return say("The file has these columns: {columns}.", columns=", ".join(header))


def fold(text: str) -> str:
    """Return a text without what is ignored in comparisons: case, accents, all but letters and digits."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(letter for letter in decomposed if letter.isalnum())


_NAME_IT = say(
    "Name the right one under [columns] in the config or with --column, as in: --column number='Mobil VH1'"
)


def _refuse_unknown(overrides: Mapping[str, str]) -> None:
    for name in overrides:
        if name not in HEADERS:
            raise InputError(
                say("There is no column {name} that smsctl uses.", name=name),
                hint=say("Its columns are: {names}.", names=", ".join(HEADERS)),
            )


def _find(header: Sequence[str], name: str, override: str | None) -> int | None:
    if override is not None:
        return place_of(header, override)
    found = [place for place, text in enumerate(header) if fold(text) in HEADERS[name]]
    if len(found) > 1:
        raise MisfitError(
            say(
                "{count} columns could be {name}: {found}. {seen}",
                count=len(found),
                name=name,
                found=", ".join(header[place] for place in found),
                seen=seen_in(header),
            ),
            hint=_NAME_IT,
        )
    return found[0] if found else None
