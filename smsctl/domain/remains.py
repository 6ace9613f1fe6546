"""What is left of å ä ö where a program took one encoding for another, and the letters that they were.

Only what no language writes is taken for a remain: a sign between letters (st„nger), a capital after a small
letter (pÕ), a box or a root where a letter should stand. Other alphabets (kõik, Saša) are left alone.
"""

import re
from collections.abc import Iterator
from functools import cache
from typing import Final, NamedTuple

_LETTERS: Final = "åäöÅÄÖé"


class Mistake(NamedTuple):
    """One encoding that was taken for another: what each of the letters came to look like."""

    written: str  # the encoding of the file, as Python and `--encoding` know it
    title: str  # for people
    remains: tuple[str, ...]  # of each of å ä ö Å Ä Ö é
    proof: str  # those that prove it, in a place where no language has them
    begins: str = ""  # those that prove it in front of the words that are begun so most often
    of_bytes: bool = False  # of a file as it stands, read as Windows-1252; else of a text damaged earlier

    @property
    def signs(self) -> frozenset[str]:
        """What they are made of, without å ä ö themselves."""
        return frozenset("".join(self.remains)).difference(_LETTERS)


class Remain(NamedTuple):
    """A word with a remain in it: where it begins, and how it was meant."""

    at: int
    piece: str
    meant: str
    mistake: Mistake


_UTF_8: Final = Mistake(written="utf-8", title="UTF-8", remains=(), proof="")
_SEVEN_BIT: Final = Mistake(written="ascii", title="ISO 646-SE", remains=tuple("}{|][\\"), proof="")
_MISTAKES: Final = (
    Mistake(
        written="cp850",
        title="CP850 (DOS)",
        remains=tuple("†„”\udc8fŽ™\u201a"),
        proof="†„”\udc8f™\u201a",
        begins="Ž",
        of_bytes=True,
    ),
    Mistake(
        written="mac_roman",
        title="MacRoman",
        remains=tuple("ŒŠš\udc81€…Ž"),
        proof="ŒŠš\udc81",
        begins="€…",
        of_bytes=True,
    ),
    Mistake(written="cp1252", title="Windows-1252", remains=tuple("Õõ÷┼─ÍÚ"), proof="Õ÷┼─"),
    Mistake(written="cp1252", title="Windows-1252", remains=tuple("σΣ÷┼─╓Θ"), proof="σΣ÷┼─╓"),
    Mistake(written="cp1252", title="Windows-1252", remains=tuple("Â‰\u02c6≈ƒ÷È"), proof="Â‰\u02c6ƒ÷"),
    Mistake(
        written="cp1252", title="Windows-1252", remains=tuple("\u0435дц\u0415ДЦй"), proof="\u0435дц\u0415ДЦ"
    ),
    Mistake(written="utf-8", title="UTF-8", remains=("├Ñ", "├ñ", "├Â", "├à", "├ä", "├û", "├®"), proof="├"),
    Mistake(written="utf-8", title="UTF-8", remains=("├Ñ", "├ñ", "├╢", "├à", "├ä", "├û", "├⌐"), proof="├"),
    Mistake(written="utf-8", title="UTF-8", remains=("√•", "√§", "√∂", "√Ö", "√Ñ", "√ñ", "√©"), proof="√"),
    Mistake(
        written="utf-8", title="UTF-8", remains=("Ã¥", "Ã¤", "Ã¶", "Ã…", "Ã„", "Ã\u2013", "Ã©"), proof="Ã"
    ),
    Mistake(  # as ISO 8859-15 has them
        written="utf-8", title="UTF-8", remains=("Ã¥", "Ã€", "Ã¶", "Ã\x85", "Ã\x84", "Ã\x96", "Ã©"), proof="Ã"
    ),
    Mistake(
        written="utf-8", title="UTF-8", remains=("ĂĄ", "Ă¤", "Ă¶", "Ă…", "Ă„", "Ă\u2013", "Ă©"), proof="Ă"
    ),
    Mistake(
        written="utf-8", title="UTF-8", remains=("ГҐ", "Г¤", "Г¶", "Г…", "Г„", "Г\u2013", "Г©"), proof="Г"
    ),
)
"""Å is undefined in Windows-1252 for both files of bytes; there it stands as Python's escape of the byte."""
_CANNOT: Final = Mistake(written="cp1252", title="Windows-1252", remains=(), proof="")
_INSTEAD: Final = "_*#~"
_ELSEWHERE: Final = tuple(
    Mistake(
        written="cp1252",
        title="Windows-1252",
        remains=tuple(_LETTERS.encode("cp1252").decode(codec)),
        proof="",
    )
    for codec in ("cp1250", "cp1253", "iso8859_5", "cp866")
)
"""Known by words alone, for their letters are those of other languages."""


def remains(text: str, *, of_bytes: bool = False) -> Iterator[Remain]:
    """Give the words with remains, by the one mistake that explains most of them.

    `of_bytes`: the text is a file's bytes as Windows-1252 with surrogate escapes, where a small š between
    consonants counts too: the languages that write it so cannot be written in Windows-1252.
    """
    signs = set(text)
    by_mistake: list[list[Remain]] = [
        _found(text, one, of_bytes=of_bytes)
        for one, its_signs in _by_signs()
        if not signs.isdisjoint(its_signs) and (one.of_bytes or not of_bytes)
    ]
    if signs.isdisjoint(_LETTERS) and (text.isascii() or not of_bytes):
        by_mistake += [_seven_bit(text), *_replaced(text)]
    if not of_bytes:
        by_mistake += [
            list(_signs(text, codec, shapes))
            for codec, begins, shapes in _SIGNS
            if not signs.isdisjoint(begins)
        ]
    return iter(max(by_mistake, key=len) if by_mistake else ())


@cache
def _by_signs() -> tuple[tuple[Mistake, frozenset[str]], ...]:
    return tuple((one, one.signs) for one in (*_MISTAKES, *_ELSEWHERE))


def _signs(text: str, codec: str, shapes: str) -> Iterator[Remain]:
    """Give the words with dashes, quotes, emoji and the like that are UTF-8, read as another encoding."""
    rest = bytes(range(0x80, 0xC0)).decode(codec, "ignore")  # of a sign of several bytes
    for found in re.finditer(shapes.replace("@", f"[{rest}]"), text):
        meant = found[0].encode(codec).decode(errors="replace")
        yield _word(text, found.start(), _UTF_8, {found[0]: meant})


def _seven_bit(text: str) -> list[Remain]:
    """Return the words in which å ä ö are } { |, as in Swedish of 7 bits; one such word alone is none.

    But of one that is written often, and of more than three letters.
    """
    if not any(sign in text for sign in _SEVEN_BIT.remains):
        return []
    apart = re.sub(_IN_BRACKETS, lambda pair: " " * len(pair[0]), text)
    letter_of = dict(zip(_SEVEN_BIT.remains, _LETTERS, strict=False))
    often = [*_often(apart, _SEVEN_BIT)]
    spelt = [_word(text, one.start(), _SEVEN_BIT, letter_of) for one in re.finditer(_SPELT, apart)]
    is_sure = len({one.at for one in (*often, *spelt)}) > 1 or any(len(one.meant) > _SHORT for one in often)
    return [*often, *spelt] if is_sure else []


def _replaced(text: str) -> Iterator[list[Remain]]:
    """Give the words with one sign for each of å ä ö, as some programs write them (st_nger p_)."""
    for sign in filter(text.__contains__, _INSTEAD):
        meant = {re.sub("[åäö]", sign, word): word for word in _OFTEN}
        like_words = re.finditer(rf"(?<![\w/{sign}])[\w{sign}]{{2,}}+{_NO_ADDRESS}", text)
        found = [
            Remain(at=one.start(), piece=one[0], meant=meant[one[0].casefold()], mistake=_CANNOT)
            for one in like_words
            if one[0].casefold() in meant
        ]
        words = {one.piece for one in found if not re.fullmatch(_MARKED, one.piece)}
        if len(words) > 1 or any(len(one.meant) > _SHORT for one in found):
            yield found


def _found(text: str, mistake: Mistake, *, of_bytes: bool) -> list[Remain]:
    proved = [*_proved(text, mistake, of_bytes=of_bytes)] if mistake.proof else []
    known = {one.at for one in proved}
    found = [*proved, *(one for one in _often(text, mistake) if one.at not in known)]
    return sorted(found, key=lambda one: one.at)


def _often(text: str, mistake: Mistake) -> Iterator[Remain]:
    """Give the words that are, with the letters in place of their remains, those that are written often."""
    letter_of = dict(zip(mistake.remains, _LETTERS, strict=False))
    signs = re.escape("".join(mistake.signs))
    for found in re.finditer(rf"(?<![\w{signs}])[\w{signs}]{{2,}}", text):
        meant = found[0]
        for mark, letter in letter_of.items():
            meant = meant.replace(mark, letter)
        if meant != found[0] and meant.casefold() in _OFTEN:
            yield Remain(at=found.start(), piece=found[0], meant=meant, mistake=mistake)


def _proved(text: str, mistake: Mistake, *, of_bytes: bool) -> Iterator[Remain]:
    letter_of = dict(zip(mistake.remains, _LETTERS, strict=True))
    opened = re.search(_OPENED, text) is not None  # then a quote within a word may be its end: ”SVT”s
    closed = re.search(_CLOSED, text) is not None
    for found in re.finditer("|".join(map(re.escape, mistake.remains)), text):
        mark, letter = found[0], letter_of[found[0]]
        if mark in mistake.begins and _begins_a_word(text, found, letter):
            yield _word(text, found.start(), mistake, letter_of)
            continue
        before, after = text[found.start() - 1 : found.start()], text[found.end() : found.end() + 1]
        if mark[0] not in mistake.proof or not _could_be(letter, before, after):
            continue
        if (
            (mark == "”" and opened)
            or (mark == "„" and closed)
            or (mark == "š" and not (of_bytes and letter == "ö" and before))
            or not _is_odd(mark, before, after)
        ):
            continue
        yield _word(text, found.start(), mistake, letter_of)


def _begins_a_word(text: str, mark: re.Match[str], letter: str) -> bool:
    """Say whether a word that is written often begins here, if the mark is the letter: …ppet, €r, Žr."""
    before, after = text[max(0, mark.start() - 1) : mark.start()], text[mark.end() : mark.end() + _SHOWN]
    return not before.isalnum() and re.match(_BEGUN, letter + after) is not None


def _could_be(letter: str, before: str, after: str) -> bool:
    """Say whether the letter would make a word where the remain stands: beside consonants, in its case."""
    if not (_is_latin(before) or _is_latin(after)):
        return False
    if letter.isupper() and before.islower():
        return False
    return before.casefold() not in _VOWELS and (after.casefold() not in _VOWELS or letter in "Åå")


def _is_odd(mark: str, before: str, after: str) -> bool:
    """Say whether no language has the remain there."""
    inside = _is_latin(before) and _is_latin(after)
    if mark in ("†", "„"):  # a dagger stands apart; a low quote opens, and then is closed
        return _is_latin(before) or (mark == "„" and after.islower())
    if mark == "™" and not before.isalnum():  # ™ppet
        return after.islower()
    if mark in ("”", "™", "─", "\u201a", "÷"):
        return inside
    if "\u0410" <= mark <= "\u044f":  # Cyrillic in a word of Latin letters alone
        return not any(one.isalpha() and not _is_latin(one) for one in (before, after))
    if mark.isalpha() and mark[0] not in "ƒσΣ\u02c6ÃĂГ":
        return before.islower() or (mark == "š" and inside)
    return True


def _word(text: str, at: int, mistake: Mistake, letter_of: dict[str, str]) -> Remain:
    """Return the whole word about the place, as it stands and as it was meant."""
    before = re.findall(r"\S+\Z", text[max(0, at - _SHOWN) : at])
    start = at - len("".join(before))
    word = re.findall(r"^\S+", text[start : at + _SHOWN])[0]
    meant = word
    for mark, letter in letter_of.items():
        meant = meant.replace(mark, letter)
    strip = '.,:;!?()"'
    return Remain(at=start, piece=word.rstrip(strip), meant=meant.rstrip(strip), mistake=mistake)


def _is_latin(char: str) -> bool:
    return char.isalpha() and char < "\u0250"


_SHOWN: Final = 30
_MARKED: Final = r"[\W_][A-Z]|[A-Z][\W_]|[a-z]\*"
"""A letter alone with a sign at it, as N* or n* above a note."""
_IN_BRACKETS: Final = r"(?<!\w)(?:\{[^{}\n]*\}|\[[^\[\]\n]*\])"
_NO_ADDRESS: Final = r"(?![@/]|\.\w)"
"""Addresses and names of files are made with such signs: m_te@exempel.se, exempel.se/f_rskola.html."""
_SHORT: Final = 3
_OFTEN: Final = frozenset(
    re.findall(
        r"\w+",
        "är när här där på från få får fått för före så går gå gått år åk åt åter måste många måndag"
        " lördag söndag öppet öppen öppna öppnar öppnas över övrigt även än ännu äntligen ändrad"
        " ändrat ändring äldre ät äta åka åker håll hålla håller hämta hämtar hämtas kväll kvällen"
        " lämna lämnas läger lärare läsa läxa läxor möte mötet möten nästa någon något några också"
        " påminnelse stänga stänger stängd stängt stängda inställd inställt inställda välkommen"
        " välkomna vår våra våren vårdnadshavare föräldrar förälder föräldramöte förskola förskolan"
        " försenad försenat fråga frågor hälsar hälsning hälsningar höst hösten igång kör köra låst"
        " månad når större tåg tåget träff träning tänk vänta väntar ärende önskar",
    )
)
_VOWELS: Final = (*"aeiouyáéíóúý",)
_OPENED: Final = r"(?<!\w)[”“„](?=\w)"
_CLOSED: Final = r"(?<=[^\s])[“”‟](?!\w)"
_SIGNS: Final = (  # an encoding, what begins a sign there, and all shapes of one; @ is any further byte
    ("cp1252", "ÂâïðÃí", "Â[\u00a0-\u00bf]|[âï]@@|ðŸ@@|(?:í@@){2}|ðŸ@?\\Z|(?<=[a-zåäö])[ÃÂ]\\Z"),
    ("cp437", "┬Γ∩≡", "┬(?![\u2500-\u257f])@|[Γ∩]@@|≡@@@"),
    ("cp850", "┬Ô", "┬(?![\u2500-\u257f])@|Ô@@"),
    ("mac_roman", "¬\u201aÔ", "¬@|[\u201aÔ]@@"),
)
"""Only what begins no Swedish letter: two signs may well stand behind one (”Kom så…”). At the end of a text
a sign may be cut, as by a field that holds so many bytes; í twice is an emoji, as Java and MySQL write it."""
_SPELT: Final = r"(?<![\w{|}])(?:[b-df-hj-np-tvB-DF-HJ-NP-TV][b-df-hj-np-tv]{0,2}[{|}])(?:[a-z]|(?!\S))"
_BEGUN: Final = (
    r"(?:Är|Än|Äger|Även|Äntligen|Ännu|Öppet|Öppen|Öppna|Öppnar|Övrigt|Övriga|Östra|Österlång|Önskar|Övning)\b"
    r"|Ändr[ai]|Öppettid|Önskem|Äldre|Ären?de|Övernatt|Öster[gmn]"
)
