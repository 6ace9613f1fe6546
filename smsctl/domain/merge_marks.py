"""The merge marks by which other programs fill in a text, such as {namn}, «Förnamn» and %fornamn%.

None of them is filled in here, where a field is written ((Namn)), so that one in a text is a slip. But
brackets, quotes and per cent signs are ordinary writing too: certain is only what names something that is
filled in, or what nobody writes by hand.
"""

import re
from collections.abc import Collection, Iterator
from enum import StrEnum
from typing import Final, NamedTuple


class Mark(NamedTuple):
    """A merge mark as it stands, and where."""

    at: int
    piece: str
    certain: bool
    name: str  # what it names


class _Sure(StrEnum):
    """When a shape is certainly a merge mark."""

    ALWAYS = "always"
    NAME = "name"  # where it names something that is filled in; else where it looks like a name, it may be
    ONLY_NAME = "only-name"  # else it is ordinary writing
    MAYBE = "maybe"  # ordinary writing looks the same: never certain
    PERSON = "person"  # so much like ordinary writing that only somebody's name is told
    NEVER = "never"  # names nothing, but hardly anybody writes so


def merge_marks(body: str, headings: Collection[str] = ()) -> Iterator[Mark]:
    """Give what looks like a merge mark. `headings`: those of the recipients file, casefolded."""
    for needle, pattern, sure in _SHAPES:
        if needle in body:
            for found in re.finditer(pattern, body):
                inner = next(filter(None, found.groups()), "").strip(" \"'")
                certain = _judge(inner, sure, headings)
                if certain is not None:
                    yield Mark(at=found.start(), piece=found[0], certain=certain, name=inner)


def _judge(inner: str, sure: _Sure, headings: Collection[str]) -> bool | None:
    """Say whether a mark is certain; None: it is ordinary writing."""
    if sure in (_Sure.ALWAYS, _Sure.NEVER):
        return sure is _Sure.ALWAYS
    words = [word for word in re.split(_BETWEEN, re.sub("(?<=[a-zåäö])(?=[A-ZÅÄÖ])", " ", inner)) if word]
    if not words or len(words) > _MOST_WORDS or not any(map(str.isalpha, inner)):
        return None
    is_name = inner.casefold() in headings or all(map(_is_known, words))
    if sure is _Sure.ONLY_NAME:
        return True if is_name else None
    if sure is _Sure.PERSON:
        return (
            False
            if all(word.casefold().rstrip("0123456789").endswith(("namn", "name")) for word in words)
            else None
        )
    if sure is _Sure.MAYBE:
        return False if is_name or _asks(words) or re.fullmatch(_SNAKE, inner) else None
    return True if is_name or "_" in inner or re.fullmatch(_CAMEL, inner) else _names(inner, words)


def _names(inner: str, words: list[str]) -> bool | None:
    """Judge an unknown name: {Barnets smeknamn} is one; {grupp A} and {se länk} are ordinary writing."""
    if any(map(_is_known, words)):
        return all(map(_is_long, words))
    return False if re.fullmatch(r"[^\W\d][\w.]{2,}", inner) and not inner.isupper() else None


def _asks(words: list[str]) -> bool:
    """Say whether somebody was to write there: [Ditt namn], [Skolans namn], [ange tid]."""
    if words[0].casefold() in _ASKS:
        return len(words) > 1  # the key [Enter] is alone
    is_news = words[0].casefold().endswith(_OF_NEWS)  # [Nytt datum]
    return len(words) > 1 and not is_news and _is_known(words[-1]) and all(map(_is_long, words))


def _is_long(word: str) -> bool:
    return len(word) >= _SHORTEST_WORD and word.isalpha()


def _is_known(word: str) -> bool:
    plain = word.casefold().rstrip("0123456789")
    return plain in _NAMES or plain.endswith(_ENDINGS)


_MOST_WORDS: Final = 4
_ASKS: Final = frozenset(re.findall(r"\w+", "infoga skriv fyll ange välj ditt din er ert insert enter your"))
_OF_NEWS: Final = ("nytt", "nya", "ändrat", "ändrad", "ändrade", "rätt", "annan", "annat", "samma", "gammal")
_SHORTEST_WORD: Final = 3
_BETWEEN: Final = r"[\s_.:;|\-]+"
_SNAKE: Final = r"[A-Za-zåäö]+(?:_[A-Za-zåäö]+)+|\w+[.:]\w*(?i:namn|name)"
_CAMEL: Final = r"[a-z]+(?:[A-Z][a-z]+)+|[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)+"
_ENDINGS: Final = ("namn", "name", "nummer", "adress", "address", "navn", "datum", "date")
_WORDS: Final = (
    "namn name förnamn fornamn efternamn fname lname surname elev elevens eleven barn barnet barnets child"
    " student students klass class skola school grupp group mobil mobile telefon phone tel nummer number nr"
    " epost email mail e post mejl adress address datum date tid time plats place ort city postnr zip first"
    " personnr pnr id recipient mottagare mottagaren vårdnadshavare vh guardian parent förälder titel title"
    " fält field kolumn column kontakt contact kund customer"
    " avsändare sender belopp amount länk link url kommun municipality vorname nachname nom prénom last full"
    " user användare kod code avdelning förskola rektor lärare mentor mergefield"
)
_NAMES: Final = frozenset(re.findall(r"\w+", _WORDS))

_SHAPES: Final = (
    ("{{", r"\{\{\{?([^{}]{1,80})\}{1,3}", _Sure.ALWAYS),
    ("{%", r"\{%[^{}\n]{1,80}%\}", _Sure.ALWAYS),
    ("${", r"\$\{[^{}\n]{1,80}\}", _Sure.ALWAYS),
    ("#{", r"#\{[^{}\n]{1,80}\}", _Sure.ALWAYS),
    ("<%", r"<%[^<>\n]{1,80}%>", _Sure.ALWAYS),
    ("<?", r"<\?=?[^<>\n]{1,80}\?>", _Sure.ALWAYS),
    ("*|", r"\*\|[^|\n]{1,60}\|\*", _Sure.ALWAYS),
    ("{", r"(?<![{$#])\{[!@=]?([^{}%\n]{1,60})\}", _Sure.NAME),
    ("<<", r"(?<!<)<<([^<>\n]{1,60})>>(?!>)", _Sure.NAME),
    ("[[", r"\[\[([^\[\]\n]{1,60})\]\]", _Sure.NAME),
    ("[%", r"\[%([^\[\]\n]{1,60})%\]", _Sure.NAME),
    ("%", r"(?<![\w%\[])%%?([^\W\d](?:[\w.-]{0,40}\w)?)%%?(?!\w)", _Sure.NAME),
    ("%", r"(?<![\w%])%%?([^\W\d]\w{0,40} \w{1,40})%%?(?!\w)", _Sure.ONLY_NAME),
    ("%", r"(?<=[^\W\d])%([^\W\d]\w{1,40})%(?!\w)", _Sure.ONLY_NAME),
    ("%", r"(?<![\w%])% ([^\W\d]\w{1,40}) %(?!\w)", _Sure.ONLY_NAME),
    ("%(", r"(?<![\w%])%\([^\W\d]\w{0,40}\)[sd]", _Sure.ALWAYS),
    ("%%=", r"%%=[^%\n]{1,80}=%%", _Sure.ALWAYS),
    ("%", r"(?<![\w%])%(?:s|d|@|[0-9]\$s)(?![\w%])", _Sure.NEVER),
    ("«", r"«[ \u00a0\u202f]?([^«»\n]{1,60}?)[ \u00a0\u202f]?»", _Sure.ONLY_NAME),
    ("»", r"»[ \u00a0\u202f]?([^«»\n]{1,60}?)[ \u00a0\u202f]?«", _Sure.ONLY_NAME),
    ("$", r"(?<![\w$])\${1,2}([^\W\d]\w{1,40})\${0,2}", _Sure.ONLY_NAME),
    ("#", r"(?<![\w#])#{1,2}([^\W\d][\w. ]{1,40})#{1,2}(?!\w)", _Sure.ONLY_NAME),
    ("@", r"(?<![\w@.])@{1,2}([^\W\d]\w{1,40})@{1,2}(?!\w)", _Sure.ONLY_NAME),
    ("__", r"(?<!\w)__([^\W_](?:\w{0,40}[^\W_]))__(?!\w)", _Sure.ONLY_NAME),
    ("|", r"(?<![\w|])\|{1,2}([^\W\d]\w{1,40})\|{1,2}(?![\w|])", _Sure.ONLY_NAME),
    ("&", r"(?<![\w&])&([^\W\d]\w{1,40})&(?![\w&])", _Sure.ONLY_NAME),
    (":", r"(?<![\w:]):{1,2}([^\W\d]\w{1,40}):{1,2}(?![\w:])", _Sure.ONLY_NAME),
    ("%-", r"(?<![\w%])%-([^\W\d]\w{1,40})-%(?![\w%])", _Sure.ONLY_NAME),
    ("\u2039", r"\u2039[ \u00a0\u202f]?([^\u2039\u203a\n]{1,60}?)[ \u00a0\u202f]?\u203a", _Sure.ONLY_NAME),
    ("@", r"(?<![\w@.])@([^\W\d]\w{1,40})(?![\w@.])", _Sure.PERSON),
    ("(", r"(?<![\w(])\(([^\W\d][\w ]{1,40})\){1,2}", _Sure.PERSON),
    ("#", r"(?<![\w#&/])#([^\W\d]\w{1,40})(?![\w#])", _Sure.PERSON),
    ("`", r"(?<![\w`])`([^\W\d]\w{1,40})`(?![\w`])", _Sure.PERSON),
    ("*", r"(?<![\w*])\*([^\W\d]\w{1,40})\*(?![\w*])", _Sure.PERSON),
    ("=", r"(?<![\w=])=([^\W\d]\w{1,40})=(?![\w=])", _Sure.PERSON),
    ("_", r"(?<!\w)_([^\W\d_]{2,40})_(?!\w)", _Sure.PERSON),
    *(
        (one, rf"(?<![\w{one}])[\{one}]{{1,3}}([^\W\d_]{{2,40}})[\{one}]{{1,3}}(?![\w{one}])", _Sure.PERSON)
        for one in "-^+!¤"
    ),
    ("&", r"&([^\W\d]\w{1,40});", _Sure.PERSON),
    ("%", r"(?<![\w%])%([^\W\d]\w{1,40})(?![\w%])", _Sure.PERSON),
    ("%", r"(?<![\w%])%[^\W\d]\w{0,40}%(?![\w%])", _Sure.NEVER),
    (":", r"(?<![\w:]):([^\W\d]\w{1,40})(?![\w:])", _Sure.PERSON),
    ("{", r"(?<![{$#])\{{1,2}([^\W\d]\w{1,40})(?![\w}|])(?=[^{}]*\Z)", _Sure.PERSON),
    ("MERGEFIELD", r"\bMERGEFIELD [^\s}]+", _Sure.ALWAYS),
    ("{{", r"\{\{\}\}", _Sure.NEVER),
    ("<<", r"(?<!<)<< ?(?:[^\W\d]\w{0,40} ?)?>>(?!>)", _Sure.NEVER),
    ("«", r"«[ \u00a0]?»", _Sure.NEVER),
    ("[[", r"\[\[ ?(?:[^\W\d]\w{0,40} ?)?\]\]", _Sure.NEVER),
    ("{0}", r"\{0\}", _Sure.NEVER),
    ("{}", r"(?<=\w )\{\}(?=[ .,!?]|\Z)", _Sure.NEVER),
    ("Hej ", r"(?<=\bHej )[(\[<]?([^\W\d][\w ]{1,40})(?:\)\)|\]\]|>>|\}\})", _Sure.MAYBE),
    ("Hej ", r"(?<=\bHej )(?:\[\[([^\W\d][\w ]{1,40})\](?!\])|<<([^\W\d][\w ]{1,40})>(?!>))", _Sure.MAYBE),
    ("%1", r"(?<=[^\W\d] )%[1-9](?![\w%])", _Sure.NEVER),
    ("~", r"(?<![\w~])~{1,2}([^\W\d]\w{1,40})~{1,2}(?![\w~])", _Sure.ONLY_NAME),
    *(
        (one, rf"{one}[ ]?([^\W\d][\w ]{{1,40}}?)[ ]?{other}", _Sure.ONLY_NAME)
        for one, other in zip("\uff1c\uff5b\uff3b\u3010", "\uff1e\uff5d\uff3d\u3011", strict=True)
    ),
    ("[", r"(?<!\[)\[([^\[\]%\n]{1,60})\](?!\])", _Sure.MAYBE),
    ("<", r"(?<!<)<([^<>/%\n]{1,60}?) ?/?>(?!>)", _Sure.MAYBE),
)
