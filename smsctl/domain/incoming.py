"""An incoming SMS: whether it is for us, and whether it asks us to stop."""

from typing import Final, NamedTuple

STOP_WORDS: Final = frozenset({"stop", "stopp", "avsluta", "sluta"})


class Incoming(NamedTuple):
    """One SMS that somebody sent to our number. All of it is foreign text."""

    gateway: str
    sender: str  # E.164; as written where it is no number
    receiver: str  # the number it was sent to, mostly a short one
    text: str
    keyword: str = ""  # by which the gateway found us; empty where the gateway does not tell
    vendor_id: str = ""  # the same when it is handed over once more; empty where the gateway has none
    told_at: str = ""  # the gateway's clock, as written


def is_ours(message: Incoming, endpoint: str | None) -> bool:
    """Say whether the SMS carries our endpoint code: as the keyword, else as the first word of the text.

    Case does not matter (protocols.md 2.11, 3.9). Without a code, everything that comes is for us.
    """
    if endpoint is None:
        return True
    return endpoint.casefold() in (_folded(message.keyword), _first_word(message.text))


def is_stop(message: Incoming, endpoint: str | None) -> bool:
    """Say whether the text is nothing but a word that means stop, with or without the code beside it.

    People write the code after it, too; then the gateway's keyword is the stop word itself.
    """
    words = [word for word in map(_folded, message.text.split()) if word]
    codes = {_folded(message.keyword), _folded(endpoint or "")}
    match words:
        case [word]:
            return word in STOP_WORDS
        case [first, second]:
            return (first in codes and second in STOP_WORDS) or (second in codes and first in STOP_WORDS)
    return False


def _first_word(text: str) -> str:
    return _folded(next(iter(text.split()), ""))


def _folded(word: str) -> str:
    """Return a word without case and without the punctuation around it."""
    return word.casefold().strip("".join({sign for sign in word if not sign.isalnum()}))
