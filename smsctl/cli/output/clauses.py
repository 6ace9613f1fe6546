"""Makes a sentence of a clause that is told alone.

A text that may also stand inside another one is written as a clause: without capital letter and full stop.
"""

import re
from typing import Final

_ENDS = (".", ":", "?", "!", "`")
_COMMAND: Final = r": smsctl (?:(?!\. ).)+$"
"""A command at the end, to be copied; a config that it names has dots in its path."""


def opened(text: str, template: str) -> str:
    """Return the clause with a capital letter, and no full stop: it may end in a command to be copied.

    A first word that is spelled in a special way stays as it is: a path, a key, a command, or whatever the
    template has a place for.
    """
    text = text.rstrip()
    first = text.split(" ", 1)[0].rstrip(",:")
    if template.startswith("{") or first == "smsctl" or not (first.isalpha() and first.islower()):
        return text
    return first[0].upper() + text[1:]


def whole(text: str, template: str) -> str:
    """Return the clause with a capital letter and a full stop; after a command at the end there is none."""
    sentence = opened(text, template)
    ended = sentence.endswith(_ENDS) or template.endswith("{mend}") or re.search(_COMMAND, template)
    return sentence if ended or not sentence else f"{sentence}."
