"""How the fields of a push are read: as short plain text, and numbers as E.164."""

import re
from collections.abc import Mapping

_LONGEST = 500
_LONGEST_TEXT = 5000  # of an incoming SMS: more than 30 parts
_NUMBER = re.compile(r"\+?[1-9][0-9]{7,14}")
_CONTROL = dict.fromkeys([*range(32), *range(127, 160)])

Fields = Mapping[str, object]


def short(fields: Fields, name: str) -> str:
    """Return a field as one line; empty where it is missing or no plain value."""
    return _plain(fields.get(name))[:_LONGEST].translate(_CONTROL).strip()


def whole(fields: Fields, name: str) -> str:
    """Return the text of an incoming SMS with its line breaks."""
    return _plain(fields.get(name))[:_LONGEST_TEXT].replace("\0", "").strip()


def number(fields: Fields, name: str) -> str:
    """Return a number as E.164, however much of a plus it came with; what is no number, as it is written."""
    written = short(fields, name)
    found = re.sub(r"[\s()-]", "", written)
    found = found.removeprefix("00")
    return f"+{found.removeprefix('+')}" if _NUMBER.fullmatch(found) else written


def _plain(value: object) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return ""
    return str(value).encode("utf-8", "replace").decode()  # an unpaired surrogate cannot be stored
