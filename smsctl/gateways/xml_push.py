"""XML from the network: a DOCTYPE is allowed, for genuine pushes have one; entities never are."""

import re
import sys
from codecs import BOM_UTF8
from collections.abc import Iterable, Iterator
from collections.abc import Set as AbstractSet
from itertools import chain
from typing import NamedTuple
from xml.etree.ElementTree import ParseError

from smsctl.domain.push import UnreadableError
from smsctl.errors import Sentence, say
from smsctl.gateways.push_fields import MOST_FIELDS, charset, text_of, too_many_fields, wide


class PushedEntry(NamedTuple):
    """One report or incoming SMS, as the document has it."""

    root: str  # the name of the document's root
    name: str
    fields: tuple[tuple[str, str], ...]
    within: tuple[dict[str, str], ...]  # the attributes of what stands inside its fields


def read_entries(
    pieces: Iterable[bytes], content_type: str, roots: AbstractSet[str], why_not: Sentence
) -> Iterator[PushedEntry]:
    """Yield what stands in the root, one after the other: a large push is never in memory as a tree.

    `why_not` is told where the root is none of `roots`. It is decoded by the HTTP charset, else as
    ISO-8859-1, as LINK's own receiver reads: the prolog is not believed, for some write UTF-8 there and
    Latin-1 below it; but where it does not speak against UTF-8, it is that as far as the bytes are. A byte
    order mark is believed before all.

    What XML forbids, a control character or a bare & in one operator's text, is mended and keeps nothing else
    out.
    Raises UnreadableError. Nothing is ever fetched for a document (what-comes-from-outside.md,
    "Answers and pushes").
    """
    from defusedxml import DefusedXmlException
    from defusedxml.ElementTree import DefusedXMLParser

    target = _Target()
    parser = DefusedXMLParser(target=target, forbid_dtd=False, forbid_entities=True, forbid_external=True)
    try:
        for text in _small(_decoded(pieces, content_type)):
            if len(text) > _PIECE // 2 and "<" not in text:
                raise UnreadableError(say("an element of it is too large"))  # which is held whole
            parser.feed(text)
            if target.root in roots:
                yield from target.taken()
            elif target.root:
                break
        else:
            parser.close()
    except (ParseError, ValueError, LookupError, DefusedXmlException) as error:
        raise UnreadableError(say("it is no XML ({kind})", kind=type(error).__name__)) from None
    if target.root not in roots:
        raise UnreadableError(why_not)
    yield from target.taken()


def mended(document: bytes, content_type: str) -> str:
    """Return a document as `read_entries` reads it; a charset that is not known tells nothing of it."""
    try:
        return "".join(_small(_decoded((document,), content_type)))
    except LookupError:
        return "".join(_small(_decoded((document,), "")))


class _Target:
    """Builds entries while a document is read."""

    def __init__(self) -> None:
        self.root = ""
        self._names: list[str] = []
        self._fields: list[tuple[str, str]] = []
        self._within: list[dict[str, str]] = []
        self._entries: list[PushedEntry] = []  # whole, and not yet taken

    def taken(self) -> Iterator[PushedEntry]:
        """Yield the entries that are whole, once."""
        done, self._entries = self._entries, []
        yield from done

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        self._names.append(tag.rpartition("}")[2])
        if len(self._names) > _DEEPEST:
            raise ValueError
        match len(self._names):
            case 1:
                self.root = self._names[0]
            case 2:
                self._fields, self._within = [], []
            case 3:
                self._fields.append((self._names[2], ""))
            case _:
                self._within.append(dict(attributes))
        if max(len(self._fields), len(self._within), len(attributes)) > MOST_FIELDS:
            raise too_many_fields()

    def data(self, text: str) -> None:
        if len(self._names) == len(("root", "entry", "field")):
            name, found = self._fields[-1]
            if len(found) < _LONGEST:  # it comes in many pieces, and each makes it anew
                self._fields[-1] = (name, found + text)

    def end(self, _tag: str) -> None:
        name = self._names.pop()
        if len(self._names) == 1:
            self._entries.append(
                PushedEntry(root=self.root, name=name, fields=tuple(self._fields), within=tuple(self._within))
            )

    def close(self) -> None:
        """Nothing is left to be done."""


_PIECE = 1 << 16
_DEEPEST = 20
_LONGEST_REFERENCE = 16
_LONGEST = 20_000  # more than anybody reads of a field
_CUT_MARKS = ("]]", "]", *("<![CDATA["[:length] for length in range(1, 9)))
_FORBIDDEN = re.compile("[\0-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_REFERENCE = re.compile(r"&#(?:x([0-9A-Fa-f]{1,8})|([0-9]{1,10}));")


def _small(pieces: Iterable[str]) -> Iterator[str]:
    """Yield the document in small pieces that cut no reference to a character, and no mark of CDATA."""
    left, ampersands = "", _Ampersands()
    for piece in pieces:
        for start in range(0, len(piece), _PIECE):
            text = left + piece[start : start + _PIECE]
            cut = text.rfind("&", -_LONGEST_REFERENCE)
            cut = cut if cut >= 0 else len(text)
            cut -= len(next((mark for mark in _CUT_MARKS if text.endswith(mark, 0, cut)), ""))
            left = text[cut:]
            yield ampersands.mended(_legal(text[:cut]))
    yield ampersands.mended(_legal(left))


class _Ampersands:
    """Writes every & that begins no reference of XML as one; within CDATA it stands for itself."""

    def __init__(self) -> None:
        self._is_literal = False

    def mended(self, text: str) -> str:
        if "&" not in text and "CDATA" not in text and not self._is_literal:
            return text
        pieces = re.split(r"(<!\[CDATA\[|\]\]>)", text)
        for at, piece in enumerate(pieces):
            if at % 2:
                self._is_literal = piece.startswith("<")
            elif not self._is_literal:
                pieces[at] = re.sub(_BARE, _named, piece)
        return "".join(pieces)


def _named(found: re.Match[str]) -> str:
    """Return the letter that a name of HTML stands for, else the & as XML writes it."""
    import html

    letter = html.unescape(found[0])
    return f"&amp;{found[0][1:]}" if letter[0] in "&<>" else letter


_BARE = r"&(?!(?:amp|lt|gt|quot|apos|#[0-9]{1,10}|#x[0-9A-Fa-f]{1,8});)(?:[A-Za-z][A-Za-z0-9]{0,12};)?"


def _legal(text: str) -> str:
    """Return the document with every character that XML forbids replaced, written out or by its number."""

    def legal(reference: re.Match[str]) -> str:
        number = int(reference[1], 16) if reference[1] else int(reference[2])
        is_one = number <= sys.maxunicode and not _FORBIDDEN.match(chr(number))
        return reference[0] if is_one else _REPLACED

    text = _FORBIDDEN.sub(_REPLACED, text) if _FORBIDDEN.search(text) else text
    return _REFERENCE.sub(legal, text) if "&#" in text else text


_REPLACED = "\ufffd"


def _decoded(pieces: Iterable[bytes], content_type: str) -> Iterator[str]:
    rest = iter(pieces)
    first = next(rest, b"")
    encoding = wide(first)
    first = first if encoding else first.lstrip(b"\0").lstrip()
    told = re.match(rb"""<\?xml[^>]*\sencoding\s*=\s*["']([\w.:-]+)""", first)
    whole = chain((first,), rest)
    if encoding:
        yield from text_of(whole, encoding)
        return
    by_prolog = "iso-8859-1" if told and told[1].lower() != b"utf-8" else "utf-8-sig"
    named = None if first.startswith(BOM_UTF8) else charset(content_type)
    by_name = None if named == "utf-16" else named  # what is in UTF-16 has been seen by its beginning
    yield from text_of((piece.rstrip(b"\0\x1a") for piece in whole), by_name or by_prolog)
