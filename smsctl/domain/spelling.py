"""How a number is shown: in groups, with its middle hidden, or as it was written with its middle hidden."""

import re
from typing import Final


def country_of(number: str) -> str:
    """Return the country code of an E.164 number, such as "+46"."""
    found = re.match(_COUNTRY_CODE, number)
    return found[0] if found else ""


def spell(number: str) -> str:
    """Return an E.164 number as people read it: "+46 70 174 06 05"."""
    code = country_of(number)
    rest = number[len(code) :]
    odd = len(rest) % 2  # groups of two; with odd digits the second group takes three
    tail = 4 + odd
    groups = (rest[:2], rest[2:tail], *(rest[at : at + 2] for at in range(tail, len(rest), 2)))
    return " ".join((code, *filter(None, groups)))


def written_out(number: str) -> str:
    """Return an E.164 number as a register in Sweden has it, and no spreadsheet takes it for a figure.

    "070-174 06 05"; of another country it begins with 00, for a cell that begins with + may be a formula.
    """
    code, _, rest = spell(number).partition(" ")
    if code != _SWEDEN:
        return f"00{code[1:]} {rest}"
    area, _, subscriber = rest.partition(" ")
    return f"0{area}-{subscriber}"


def mask(number: str) -> str:
    """Return an E.164 number for screens and logs: "+46 70 *** ** 05"."""
    code, _, rest = spell(number).partition(" ")
    return f"{code} {rest[:2]}{re.sub('[0-9]', '*', rest[2:-2])}{rest[-2:]}"


def is_e164(text: str) -> bool:
    """Say whether a text is a number as `read` returns them, for it may be a name or what somebody wrote."""
    return re.fullmatch(_E164, text) is not None


def veil(raw: str) -> str:
    """Return what was written for a number with its middle digits hidden, and the end of what is none cut."""
    text = raw.strip()
    places = [at for at, char in enumerate(text) if char.isdecimal()]
    first = _FIRST_DIGITS.get(text[:1], 0)
    hidden = set(places[first:-_LAST_DIGITS] if len(places) >= _MASKED_FROM else ())
    veiled = "".join("*" if at in hidden else char for at, char in enumerate(text))
    return veiled if len(veiled) <= _SHOWN else f"{veiled[:_SHOWN]}…"


def veil_cell(cell: str) -> str:
    """Return a cell of a file as `veil` does, and without its words, which may be names."""
    return veil(re.sub(_WORDS, "…", cell))


def veil_name(text: str) -> str:
    """Return a foreign code or id as it is: `…` where it is none, being words or a name, or is a number."""
    return text if is_code(text) and not re.fullmatch(_NAME, text) else "…" * bool(text)


def is_code(text: str) -> bool:
    """Say whether a foreign text is one word of any kind, and nobody's number."""
    return re.fullmatch(_CODE, text) is not None and not re.fullmatch(_WRITTEN_NUMBERS, text)


def veil_numbers(text: str) -> str:
    """Return foreign words with the middle of everything hidden in them that may be a number."""
    return re.sub(f"{_LONG_DIGITS}|{_WRITTEN_NUMBERS}", lambda found: veil(found[0]), text)


_SWEDEN: Final = "+46"
_SHOWN: Final = 30
_MASKED_FROM: Final = 7
_FIRST_DIGITS: Final = {"+": 4, "0": 3}  # as `mask` leaves them: +46 70, 070; of anything else none
_LAST_DIGITS: Final = 2

# Texts, compiled at first use: most commands show no number.
_LONG_DIGITS: Final = r"\+?[0-9]{8,}"
_GAP: Final = r"[\s()./\-\u2010-\u2015\u2212]{0,3}"
_WRITTEN_NUMBERS: Final = (  # of phones and identities; no date, address or version begins so
    rf"(?<![\w.])(?:(?:\+|00)[1-9](?:{_GAP}[0-9]){{7,13}}|0[1-9](?:{_GAP}[0-9]){{6,10}}"
    rf"|4[67]{_GAP}[1-9](?:{_GAP}[0-9]){{7,9}}|7[02369](?:{_GAP}[0-9]){{7}}"
    r"|(?:[0-9]{2})?[0-9]{2}[01][0-9][0-9]{2}[-+ \u2010-\u2015][0-9]{4}"
    r"|(?:19|20)[0-9]{2}[01][0-9]{7})(?!\w)"
)
_CODE: Final = r"[!-~]{1,100}"
_NAME: Final = r"[A-Z][a-z]+(?:[-'.][A-Z][a-z]+)*"
_WORDS: Final = r"[^\W\d_]{2,}(?:[\s'\u2019.\-]*[^\W\d_]+)*"
_E164: Final = r"\+[1-9][0-9]{6,14}"
_COUNTRY_CODE: Final = r"\+(?:[17]|2[07]|3[0-469]|4[013-9]|5[1-8]|6[0-6]|8[1246]|9[0-58]|[0-9]{3})"
"""ITU-T E.164: 1 and 7 stand alone, some have two digits, all others three."""
