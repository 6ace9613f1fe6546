"""XML from the network: a DOCTYPE is allowed, for genuine pushes have one; entities never are."""

import re
import sys
from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from typing import NamedTuple
from xml.etree.ElementTree import ParseError

from smsctl.domain.push import UnreadableError
from smsctl.errors import Sentence, say
from smsctl.gateways.push_fields import charset


class PushedEntry(NamedTuple):
    """One report or incoming SMS, as the document has it."""

    root: str  # the name of the document's root
    name: str
    fields: dict[str, str]
    within: tuple[dict[str, str], ...]  # the attributes of what stands inside its fields


def read_entries(
    body: bytes, content_type: str, roots: AbstractSet[str], why_not: Sentence
) -> Iterator[PushedEntry]:
    """Yield what stands in the root, one after the other: a large push is never in memory as a tree.

    `why_not` is told where the root is none of `roots`. It is decoded by the HTTP charset, else as
    ISO-8859-1, as LINK's own receiver reads: the prolog is not believed, for some write UTF-8 there and
    Latin-1 below it; but where neither it nor the bytes speak against UTF-8, it is that.

    What XML forbids, a control character in one operator's text, is replaced and keeps nothing else out.
    Raises UnreadableError. Nothing is ever fetched for a document (what-comes-from-outside.md,
    "Answers and pushes").
    """
    from defusedxml import DefusedXmlException
    from defusedxml.ElementTree import DefusedXMLParser

    target = _Target()
    parser = DefusedXMLParser(target=target, forbid_dtd=False, forbid_entities=True, forbid_external=True)
    try:
        text = _legal(_decoded(body.strip(b"\0").lstrip(), content_type))
        for start in range(0, len(text), _PIECE):
            parser.feed(text[start : start + _PIECE])
            if target.root in roots:
                yield from target.taken()
        parser.close()
    except (ParseError, ValueError, LookupError, DefusedXmlException) as error:
        raise UnreadableError(say("it is no XML ({kind})", kind=type(error).__name__)) from None
    if target.root not in roots:
        raise UnreadableError(why_not)
    yield from target.taken()


class _Target:
    """Builds entries while a document is read."""

    def __init__(self) -> None:
        self.root = ""
        self._names: list[str] = []
        self._fields: dict[str, str] = {}
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
                self._fields, self._within = {}, []
            case 3:
                self._fields[self._names[2]] = ""
            case _:
                self._within.append(dict(attributes))

    def data(self, text: str) -> None:
        if len(self._names) == len(("root", "entry", "field")):
            found = self._fields[self._names[2]]
            if len(found) < _LONGEST:  # it comes in many pieces, and each makes it anew
                self._fields[self._names[2]] = found + text

    def end(self, _tag: str) -> None:
        name = self._names.pop()
        if len(self._names) == 1:
            self._entries.append(
                PushedEntry(root=self.root, name=name, fields=self._fields, within=tuple(self._within))
            )

    def close(self) -> None:
        """Nothing is left to be done."""


_PIECE = 1 << 16
_DEEPEST = 20
_LONGEST = 20_000  # more than anybody reads of a field
_FORBIDDEN = re.compile("[\0-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_REFERENCE = re.compile(r"&#(?:x([0-9A-Fa-f]{1,8})|([0-9]{1,10}));")


def _legal(text: bytes | str) -> bytes | str:
    """Return the document with every character that XML forbids replaced, written out or by its number."""
    if isinstance(text, bytes):
        return text

    def legal(found: re.Match[str]) -> str:
        number = int(found[1], 16) if found[1] else int(found[2])
        is_one = number <= sys.maxunicode and not _FORBIDDEN.match(chr(number))
        return found[0] if is_one else _REPLACED

    text = _FORBIDDEN.sub(_REPLACED, text) if _FORBIDDEN.search(text) else text
    return _REFERENCE.sub(legal, text) if "&#" in text else text


_REPLACED = "\ufffd"


def _decoded(body: bytes, content_type: str) -> bytes | str:
    if named := charset(content_type):
        try:
            return body.decode(named)
        except UnicodeDecodeError:  # it is not what it says; a STOP in it must not be lost for that
            return body.decode("iso-8859-1")
    if body.startswith((b"\xff\xfe", b"\xfe\xff")):
        return body
    told = re.match(rb"""<\?xml[^>]*\sencoding\s*=\s*["']([\w.:-]+)""", body)
    if told and told[1].lower() != b"utf-8":
        return body.decode("iso-8859-1")
    try:
        return body.decode("utf-8-sig")
    except UnicodeDecodeError:
        return body.decode("iso-8859-1")
