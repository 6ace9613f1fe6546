"""An incoming SMS: whether it is for us, and whether it asks us to stop."""

import re
import unicodedata
from enum import StrEnum
from typing import Final, NamedTuple

from smsctl.domain.cells import shown

STOP_WORDS: Final = frozenset({"stop", "stopp", "avsluta", "sluta"})
_POLITE: Final = frozenset({"tack", "snälla", "please", "thanks"})


_ALIKE: Final = (
    r"(?:(?:re|[0-9]|hej|nej tack|ok|snälla|vänligen|please|pls|jag|vill|kan|ni|du|skicka|har|det är) ){0,4}"
    r"(?:st[o0]+p|s ?t ?o ?p(?: ?p)?(?!\w)|(?:sotp|stpo|stp)(?!\w)"
    r"|(?:avsluta|avslut|sluta|avbryt|end|quit|cancel|revoke|remove|lopeta|slutt|halt|dur|jooji|стоп|توقف|قف|إيقاف|arr[eê]t)(?!\w)"
    r"|avreg|avanm|avbest|avpren|unsubscribe|opt ?out|inga (?:fler|mer) |inga (?:fler|mer)$"
    r"|inte (?:ha|få|mer|fler)(?!\w)|(?:ta bort|radera|blockera|spärra)(?: m(?:ig|itt)|$)"
    r"|(?:do not|don t|dont) (?:text|sms|send|contact)|no more(?!\w)|leave me alone|slut$|ei enää"
    r"|(?:fel|wrong) (?:person|number|nummer|mobilnummer|telefonnummer)(?!\w))"
)
"""How an SMS begins that may ask to stop in other words."""

_HANDS: Final = "[\u270b\u26d4\U0001f6d1\U0001f6ab\U0001f515]"
"""🛑 ✋ and their like, which some send alone."""


class Incoming(NamedTuple):
    """One SMS that somebody sent to our number. All of it is foreign text."""

    gateway: str
    sender: str  # E.164; as written where it is no number
    receiver: str  # the number it was sent to, mostly a short one
    text: str
    keyword: str = ""  # by which the gateway found us; empty where the gateway does not tell
    vendor_id: str = ""  # the same when it is handed over once more; empty where the gateway has none
    told_at: str = ""  # the gateway's clock, as written


class SmsRequest(StrEnum):
    """What an SMS says about further SMS."""

    NONE = ""
    STOP = "stop"
    MAYBE_STOP = "maybe-stop"  # it begins like one that asks to stop: a person reads it


def is_ours(message: Incoming, endpoint: str | None) -> bool:
    """Say whether the SMS carries our endpoint code: as the keyword, else as the first word of the text.

    Case does not matter. Without a code, everything that comes is for us.
    """
    if endpoint is None:
        return True
    first = (_apart(message.text.casefold()) or [""])[0]  # KOMMUN,STOP too
    written = next(iter(message.text.split()), "")
    return endpoint.casefold() in (_folded(message.keyword), _folded(written), first)


def wish_of(message: Incoming, endpoint: str | None) -> SmsRequest:
    """Return whether the text is nothing but a word that means stop, with or without the code beside it.

    Signs and words of politeness after it do not matter. People write the code after it, too; then the
    gateway's keyword is the stop word itself. What goes on otherwise may mean anything: "Sluta inte".
    """
    codes = {_folded(message.keyword), _folded(endpoint or "")} - {""}
    text = shown(unicodedata.normalize("NFKC", message.text))
    is_plain = all(map(str.isalnum, codes))  # then KOMMUN,STOP is two words too
    tokens = _apart(text.casefold()) if is_plain else [*filter(None, map(_folded, text.split()))]
    if len(tokens) > 1 and tokens[0] in codes - STOP_WORDS:
        said = tokens[1:]
    elif len(tokens) > 1 and tokens[1] in codes:
        said = tokens[:1] + tokens[2:]
    else:
        said = tokens
    first, *rest = _apart(" ".join(said)) or [""]
    if first in STOP_WORDS and _POLITE.issuperset(rest):
        return SmsRequest.STOP
    is_sign = codes.union([""]).issuperset([first, *rest]) and re.search(_HANDS, text)
    return SmsRequest.MAYBE_STOP if is_sign or re.match(_ALIKE, " ".join([first, *rest])) else SmsRequest.NONE


def _apart(text: str) -> list[str]:
    """Return the words of a text; signs between them count as spaces."""
    return "".join(sign if sign.isalnum() else " " for sign in text).split()


def _folded(word: str) -> str:
    """Return a word without case and without the punctuation around it."""
    return word.casefold().strip("".join({sign for sign in word if not sign.isalnum()}))
