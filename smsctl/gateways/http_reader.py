"""A reply as it comes in on a connection (RFC 9112): read whole, or not at all.

http.client and urllib3 take ten times as long for the same, most of it for the headers: at 100 messages a
request that was a quarter of all that smsctl does. What they are lenient about and a gateway may well do is
read as they read it; what is cut or says two things is no reply.
"""

from collections.abc import Callable, Iterator
from typing import NamedTuple

from smsctl.domain.remark import Event, Remark

_MAX_LINE, _MAX_HEADERS, _MAX_INTERIM = 1 << 16, 100, 20
_PIECE = 1 << 16
_MAX_DIGITS = 20
_FIRST_FINAL = 200
_WITHOUT_BODY = frozenset({204, 304})
_FRAMING = frozenset({"content-length", "transfer-encoding"})
_HEX = b"0123456789abcdefABCDEF"


class ReplyHead(NamedTuple):
    """What comes before the body. Names of headers are lower case; one that stands twice is joined."""

    status: int
    headers: dict[str, str]
    keeps: (
        bool  # the peer will take another request on this line, and there is no doubt where this reply ends
    )


class ReplyError(Exception):
    """There is no whole reply. The remark says why and quotes nothing that was received."""

    def __init__(self, event: Event, head: ReplyHead | None = None) -> None:
        """Keep what is wrong, and with what reply."""
        self.remark = Remark(event, f"HTTP {head.status}" if head else "")
        super().__init__(str(self.remark))


class HttpReader:
    """What comes in on a connection, and how far it has been read."""

    def __init__(self, receive: Callable[[int], bytes]) -> None:
        """Take what comes from `receive`, which gives nothing at the end."""
        self._receive = receive
        self._held = b""
        self._at = 0

    @property
    def is_empty(self) -> bool:
        """Say whether nothing has come that was not read."""
        return self._at == len(self._held)

    def line(self) -> bytes:
        """Return a line without its end."""
        while (end := self._held.find(b"\n", self._at)) < 0 and len(self._held) - self._at <= _MAX_LINE:
            self._more()
        found, self._at = self._held[self._at : end], end + 1
        if end < 0 or len(found) > _MAX_LINE:
            raise ReplyError(Event.NO_HTTP)
        return found.removesuffix(b"\r")

    def exactly(self, length: int) -> bytes:
        """Return so many bytes."""
        pieces, missing = [self._taken(length)], length
        while missing := missing - len(pieces[-1]):
            self._more()
            pieces.append(self._taken(missing))
        return b"".join(pieces)

    def to_the_end(self, at_most: int) -> bytes:
        """Return what comes until the peer closes, or a little more than `at_most`."""
        pieces = [self._taken(len(self._held))]
        length = len(pieces[0])
        while length <= at_most and (piece := self._receive(_PIECE)):
            pieces.append(piece)
            length += len(piece)
        return b"".join(pieces)

    def _taken(self, length: int) -> bytes:
        found = self._held[self._at : self._at + length]
        self._at += len(found)
        return found

    def _more(self) -> None:
        piece = self._receive(_PIECE)
        if not piece:
            raise ReplyError(Event.CUT_OFF)
        self._held, self._at = self._held[self._at :] + piece, 0


def read_head(reader: HttpReader) -> ReplyHead:
    """Return the head of the final reply; those that come before it are passed over (RFC 9110 15.2)."""
    for _ in range(_MAX_INTERIM):
        version, status = _status(reader.line())
        headers = _headers(reader)
        if status >= _FIRST_FINAL:
            ends_clearly = len(_FRAMING & headers.keys()) == 1
            goes_on = version == b"HTTP/1.1" and "close" not in headers.get("connection", "").lower()
            return ReplyHead(status=status, headers=headers, keeps=goes_on and ends_clearly)
    raise ReplyError(Event.NO_HTTP)


def read_body(reader: HttpReader, head: ReplyHead, at_most: int) -> bytes:
    """Return the whole body that belongs to a head. Raises ReplyError for more bytes than `at_most`."""
    if head.status in _WITHOUT_BODY:
        return b""
    coding, length = head.headers.get("transfer-encoding"), _length(head)
    if coding is not None:
        if coding.strip().lower() != "chunked":
            raise ReplyError(Event.UNREADABLE_BODY, head)
        body = b"".join(_chunks(reader, head, at_most))
    elif length is None:
        body = reader.to_the_end(at_most)
    else:
        body = reader.exactly(min(length, at_most + 1))
    if len(body) > at_most:
        raise ReplyError(Event.OVERSIZED, head)
    return body


def _status(line: bytes) -> tuple[bytes, int]:
    version, _, rest = line.partition(b" ")
    code = rest.lstrip()[:3]
    if not version.startswith(b"HTTP/1.") or not code.isdigit() or len(code) < 3:  # noqa: PLR2004
        raise ReplyError(Event.NO_HTTP)
    status = int(code)
    if status == 101 or not 100 <= status < 1000:  # noqa: PLR2004
        raise ReplyError(Event.NO_HTTP)
    return version, status


def _headers(reader: HttpReader) -> dict[str, str]:
    """Return the headers up to the empty line; a line that is none is passed over."""
    found: dict[str, str] = {}
    name = ""
    for _ in range(_MAX_HEADERS + 1):
        text = reader.line().decode("latin-1")
        if not text:
            return found
        if text[0] in " \t":  # goes on with the line before
            found[name] = f"{found.get(name, '')} {text.strip()}"
            continue
        before, colon, value = text.partition(":")
        if colon:
            name, value = before.strip().lower(), value.strip()
            found[name] = f"{found[name]}, {value}" if name in found else value
    raise ReplyError(Event.NO_HTTP)


def _length(head: ReplyHead) -> int | None:
    """Return how long the head says that the body is."""
    said = head.headers.get("content-length")
    if said is None:
        return None
    lengths = {one.strip() for one in said.split(",")}
    length = lengths.pop()
    if lengths or not (length.isascii() and length.isdecimal() and len(length) <= _MAX_DIGITS):
        raise ReplyError(Event.UNREADABLE_BODY, head)
    return int(length)


def _chunks(reader: HttpReader, head: ReplyHead, at_most: int) -> Iterator[bytes]:
    room = at_most
    while True:
        size = reader.line().partition(b";")[0].strip()
        if not size or size.strip(_HEX):
            raise ReplyError(Event.UNREADABLE_BODY, head)
        length = int(size, 16)
        if length == 0:
            break
        piece = reader.exactly(min(length, room + 1))
        yield piece
        room -= len(piece)
        if room < 0:
            return
        if reader.line():
            raise ReplyError(Event.UNREADABLE_BODY, head)
    _headers(reader)
