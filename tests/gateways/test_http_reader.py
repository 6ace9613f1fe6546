"""Replies are read as Python's own reader reads them, or not at all."""

from http.client import HTTPResponse
from io import BytesIO
from socket import socket
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as some

from smsctl.gateways.http_reader import HttpReader, ReplyError, ReplyHead, read_body, read_head

AT_MOST = 2_000
LINE_END = some.sampled_from([b"\r\n", b"\r\n", b"\r\n", b"\n"])
TOKEN = some.sampled_from([b"Content-Type", b"x-kind", b"Server", b"Retry-After", b"Location"])
VALUE = some.text(alphabet="abc XYZ09;=/å\"'", max_size=12).map(lambda text: text.encode("latin-1"))
BODY = some.binary(max_size=300)
STATUS = some.sampled_from([200, 200, 201, 204, 302, 401, 429, 503])


class _Given:
    """What http.client reads from."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def makefile(self, mode: str) -> BytesIO:
        return BytesIO(self._data)


def read(data: bytes, piece: int = 7) -> tuple[ReplyHead, bytes]:
    """Read a reply that comes in pieces."""
    came = BytesIO(data)
    reader = HttpReader(lambda most: came.read(min(most, piece)))
    head = read_head(reader)
    return head, read_body(reader, head, AT_MOST)


@some.composite
def replies(draw: some.DrawFn) -> bytes:
    """Return a reply of a valid shape."""
    body, status = draw(BODY), draw(STATUS)
    ends = draw(some.sampled_from(["length", "close"] if status == 204 else ["length", "chunked", "close"]))
    end = b"\r\n" if ends == "chunked" else draw(LINE_END)  # Python's reader insists on it there
    lines = [b"HTTP/1.%d %d %s" % (draw(some.integers(0, 1)), status, draw(some.sampled_from([b"OK", b""])))]
    lines += [
        name + b":" + draw(some.sampled_from([b"", b" ", b"\t"])) + value
        for name, value in draw(
            some.lists(some.tuples(TOKEN, VALUE), max_size=4, unique_by=lambda one: one[0])
        )
    ]
    match ends:
        case "length":
            lines.append(b"content-length: %d" % len(body))
        case "chunked":
            lines.append(b"Transfer-Encoding: Chunked")
            sizes = draw(some.lists(some.integers(1, 40), max_size=5))
            pieces = [body[sum(sizes[:at]) : sum(sizes[: at + 1])] for at in range(len(sizes))]
            pieces = [piece for piece in [*pieces, body[sum(sizes) :]] if piece]
            body = b"".join(b"%x;a=b%s%s%s" % (len(one), end, one, end) for one in pieces) + b"0" + end + end
    return end.join([*lines, b"", b""]) + (b"" if status == 204 else body)


@given(data=replies(), piece=some.integers(1, 400))
def test_a_valid_reply_is_read_as_python_reads_it(data: bytes, piece: int) -> None:
    theirs = HTTPResponse(cast("socket", _Given(data)))
    theirs.begin()
    head, body = read(data, piece)
    assert (head.status, body) == (theirs.status, theirs.read())
    assert head.headers == {name.lower(): value.strip() for name, value in theirs.getheaders()}
    assert not (head.keeps and theirs.will_close)


@given(data=replies(), at=some.integers(0, 1000))
def test_a_cut_reply_is_never_taken_for_a_whole_one(data: bytes, at: int) -> None:
    cut = data[: min(at, len(data) - 1)]
    try:
        head, body = read(cut)
    except ReplyError:
        return
    whole, whole_body = read(data)
    ends_with_the_line = not {"content-length", "transfer-encoding"} & head.headers.keys()
    assert (head, body) == (whole, whole_body) or ends_with_the_line


@given(data=some.binary(max_size=400) | replies().map(lambda data: data[:40] + b"\x00\xff:" + data[40:]))
def test_whatever_comes_is_a_reply_or_none(data: bytes) -> None:
    try:
        head, body = read(data)
    except ReplyError:
        return
    assert 200 <= head.status < 1000
    assert len(body) <= AT_MOST


@pytest.mark.parametrize(
    "head",
    [
        b"",
        b"\r\n",
        b"220 mail ready\r\n\r\n",
        b"HTTP/1.1 200",  # perhaps 2000
        b"HTTP/1.1 2OO OK\r\n\r\n",
        b"HTTP/1.1 20 OK\r\n\r\n",
        b"HTTP/2 200 OK\r\n\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"x: y\r\n" * 101 + b"\r\n",
        b"HTTP/1.1 200 OK\r\nx: " + b"y" * 70_000 + b"\r\n\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\n" * 30,
    ],
)
def test_what_is_no_head_is_refused(head: bytes) -> None:
    with pytest.raises(ReplyError):
        read(head + b"taken")


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"220 mail ready\r\n\r\n", "no HTTP reply"),
        (b"HTTP/1.1 200", "closed before a whole answer had come"),
        (b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 2001, "HTTP 200, and more than an answer may be"),
        (b"HTTP/1.1 502 Bad\r\nContent-Length: five\r\n\r\n", "HTTP 502, and what follows cannot be read"),
    ],
)
def test_what_is_wrong_with_a_reply_is_told(data: bytes, told: str) -> None:
    with pytest.raises(ReplyError) as raised:
        read(data)
    assert str(raised.value.remark) == told


@pytest.mark.parametrize(
    "rest",
    [
        b"Content-Length: 6\r\n\r\ntaken",
        b"Content-Length: 5, 6\r\n\r\ntaken!",
        b"Content-Length: 5\r\nContent-Length: 6\r\n\r\ntaken!",
        b"Content-Length: -5\r\n\r\ntaken",
        b"Content-Length: five\r\n\r\ntaken",
        b"Content-Length: 2001\r\n\r\n" + b"x" * 2001,
        b"\r\n" + b"x" * 2001,
        b"Transfer-Encoding: chunked\r\n\r\n7d1\r\n" + b"x" * 2001 + b"\r\n0\r\n\r\n",
        b"Transfer-Encoding: chunked\r\n\r\n5\r\ntaken\r\n",
        b"Transfer-Encoding: chunked\r\n\r\n5\r\ntaken\r\n0\r\n",
        b"Transfer-Encoding: chunked\r\n\r\n4\r\ntaken\r\n0\r\n\r\n",
        b"Transfer-Encoding: chunked\r\n\r\n-5\r\ntaken\r\n0\r\n\r\n",
        b"Transfer-Encoding: chunked\r\n\r\n0x5\r\ntaken\r\n0\r\n\r\n",
        b"Transfer-Encoding: gzip, chunked\r\n\r\n5\r\ntaken\r\n0\r\n\r\n",
    ],
)
def test_a_body_that_is_cut_too_large_or_of_two_lengths_is_refused(rest: bytes) -> None:
    with pytest.raises(ReplyError):
        read(b"HTTP/1.1 200 OK\r\n" + rest)


@pytest.mark.parametrize(
    "reply",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 2000\r\n\r\n" + b"x" * 2000,
        b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 2000,
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n7d0\r\n" + b"x" * 2000 + b"\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"x: y\r\n" * 100 + b"\r\n" + b"x" * 2000,
        b"HTTP/1.1 100 Continue\r\n\r\n" * 19 + b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 2000,
    ],
    ids=["length", "to the end", "chunked", "headers", "interim"],
)
def test_what_is_just_within_the_limits_is_read(reply: bytes) -> None:
    head, body = read(reply)
    assert (head.status, body) == (200, b"x" * 2000)


def test_what_is_said_in_an_odd_way_is_read_all_the_same() -> None:
    head, body = read(
        b"HTTP/1.1 200\r\nContent-Length : 5\r\nnonsense\r\nX-Long: one\r\n  two\r\n"
        b"X-Kind: a\r\nx-kind: b\r\n\r\ntaken!"
    )
    assert (head.status, body) == (200, b"taken")
    assert head.headers == {"content-length": "5", "x-long": "one two", "x-kind": "a, b"}


def test_python_itself_takes_a_cut_head_for_a_reply() -> None:
    """Why its reader is not enough."""
    theirs = HTTPResponse(cast("socket", _Given(b"HTTP/1.1 200 O")))
    theirs.begin()
    assert theirs.status == 200
    with pytest.raises(ReplyError):
        read(b"HTTP/1.1 200 O")
