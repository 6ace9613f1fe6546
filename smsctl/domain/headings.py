"""The headings of recipients files: which words mean which column, and what is no heading at all.

A heading is known whatever its case, accents, spaces, `_` and `-`: "Godkänt villkor", "GODKANT_VILLKOR".
"""

import re
import unicodedata
from collections.abc import Collection, Mapping, Sequence
from itertools import combinations
from types import MappingProxyType
from typing import Final

_WORDS = {
    "number": """
        mobil mobilnr mobilnummer mobiltelefon mobiltelefonnr mobiltelefonnummer telefon telefonnr
        telefonnummer nummer
        mobile mobilenumber mobilephone mobilephonenumber phone phonenumber telephone telephonenumber number
    """,
    "name": "namn name",
    "group": "grupp grupper roll roller group groups role roles",
    "municipality": "kommun kommunnamn kommunensnamn municipality municipalityname",
    "accepted_terms": """
        godkantvillkor godkantvillkoren godkandavillkor villkorgodkant villkorgodkanda villkor
        acceptedterms termsaccepted terms
    """,
    "protected": """
        sekretess sekretessmarkering sekretessmarkerad sekretessmarkerade sekretesskydd sekretessskydd
        skyddad skyddadidentitet skyddadid skyddadfolkbokforing skyddadeuppgifter skyddadepersonuppgifter
        skyddadpersonuppgift protected protectedidentity protectedid
        sekr sekretesskod skydd skyddade skyddat skyddsmarkering skyddsmarkerad personskydd
        identitetsskydd idskydd kvarskrivning kvarskriven secretidentity
    """,
    "cost_centre": "",  # never taken unless it is named: who is charged is nobody's guess
}

HEADERS: Final[Mapping[str, frozenset[str]]] = MappingProxyType(
    {name: frozenset(words.split()) for name, words in _WORDS.items()}
)
"""The columns by their names in `[columns]` and `--column`, and the headers that mean them, folded."""


def fold(text: str) -> str:
    """Return a text without what is ignored in comparisons: case, accents, all but letters and digits."""
    decomposed = unicodedata.normalize("NFKD", text.casefold().replace(_RETURN, ""))
    return "".join(letter for letter in decomposed if letter.isalnum())


def is_heading(row: Sequence[str]) -> bool:
    """Tell whether a row names columns; one without any known name that holds somebody's number does not.

    Nor does one with a post code.
    """
    folded = {fold(cell) for cell in row}
    if any(not folded.isdisjoint(names) for names in HEADERS.values()):
        return True
    cells = (re.sub(_DATE, "", unicodedata.normalize("NFKC", cell)) for cell in row)
    return not any(re.search(_PERSONAL, cell) for cell in cells)


def means(text: str, name: str, beside: Collection[str] = ()) -> bool:
    """Tell whether a header is of a kind, with a word beside it that tells whose it is."""
    words = re.split(_BETWEEN_WORDS, text)
    kept = "".join(fold(word) for word in words if fold(word) not in beside)
    if name != "protected":
        return kept in HEADERS[name]
    spans = combinations(range(len(words) + 1), 2)
    if any(fold("".join(words[first:last])) in HEADERS[name] for first, last in spans):
        return True
    return re.search(_PROTECTS, kept) is not None and re.search(_IS_PAPER, kept) is None


def may_mean_number(text: str) -> bool:
    """Tell whether a header is of numbers, and counts them or tells whose they are: Mobil 2, Mobil VH1."""
    words = (re.sub("[0-9]", "", fold(word)) for word in re.split(_BETWEEN_WORDS, text))
    kept = "".join(word for word in words if word not in _WHOSE)
    return fold(text) in HEADERS["number"] or kept in HEADERS["number"] - _OF_ANYTHING


def may_mean_name(text: str) -> bool:
    """Tell whether a header is of people, or of a part of their names: Elev, Elevens namn, VH1 förnamn."""
    words = (re.sub("[0-9]", "", fold(word)) for word in re.split(_BETWEEN_WORDS, text))
    return re.fullmatch(_OF_PEOPLE, "".join(words)) is not None


def flag_of(name: str, header: str) -> str:
    """Return the flag that names a column of a file, as it is typed in a shell."""
    quoted = header.replace("'", "'\\''")
    return f"--column {name}='{quoted}'"


def words_of(text: str) -> set[str]:
    """Return the words of a heading, folded."""
    return {fold(word) for word in re.split(_BETWEEN_WORDS, text) if fold(word)}


PLAINLY_MUNICIPALITY: Final = {"kommun", "municipality"}
_PROTECTS: Final = (
    "sekretess|sekrmark|skydda[dt]|skydds(?:behov|form|grad|id|klass|kod|mark|niva|pers|status|typ)"
    "|(?:adress?|identitets|person|personuppgifts)skydd|kvarskr|fingerad|sparrmark|sakerhetsmark"
    "|hemlig(?:adress|identitet|auppgifter)|^hemligt?$|^smark(?:t|erad|ering|ning)$"
    "|protected|^(?:is)?secret$|secretid|securitymark"
    "|^secrecy$|^(?:is)?confidential$|^protection$"
)
_IS_PAPER: Final = "avtal|forbindelse|forsakran|intyg|bevis|blankett"
"""Staff sign one: Sekretessavtal."""
_OWNERS: Final = """
    vh vardnadshavare malsman foralder mamma pappa mor far elev barn student
    guardian parent mother father pupil child
"""
_WHOSE: Final = frozenset(_OWNERS.split())
_OF_PEOPLE: Final = (
    rf"(?=.)(?:(?:{'|'.join(_OWNERS.split())}|(?:kontakt)?person|anhorig)(?:ens|ets|s|ns)?){{0,2}}"
    r"(?:(?:fullstandigt|(?:foroch)?efter|for|tilltals|visnings|first|last|full|given|family|sur|display)?"
    r"(?:namn|name)(?:pa)?(?:vh|vardnadshavare|elev)?)?"
)
_OF_ANYTHING: Final = {"nummer", "number"}  # a pupil's number is no telephone's
_RETURN: Final = "_x000d_"  # as XLSX writes it
_BETWEEN_WORDS: Final = r"[\s_\-/.,:()]+"


EXAMPLE: Final = "Namn;Mobil;Grupp;Kommun;Godkänt villkor."
_DATE: Final = r"20[0-9]{2}-[0-9]{2}-[0-9]{2}"
_PERSONAL: Final = (
    r"[0-9](?:[\s\-+./()]*[0-9]){6,}|\S@\S|[0-9][.,][0-9]+[Ee]\+?[0-9]|(?<!\S)[0-9]{3} [0-9]{2}(?!\S)"
)
"""Seven digits or more (a telephone, a personal identity number) beside a date, one that a spreadsheet has
damaged, an e-mail address or a post code."""
