"""Trouble that means the same with every gateway on HTTP: what-an-answer-proves.md, "Answers over HTTP"."""

from smsctl.domain.message import Status, SubmitVerdict
from smsctl.gateways.pswincom import message_id

from .fault_server import Behaviour, Line, answering, reply

REFUSED = (SubmitVerdict.REFUSED, Status.PENDING)
UNCLEAR = (SubmitVerdict.UNCLEAR, Status.UNKNOWN)
BUSY = (SubmitVerdict.BUSY, Status.PENDING)


def never_answer(line: Line) -> None:
    line.read_request()
    line.keep_silent()


def close_unanswered(line: Line) -> None:
    line.read_request()


def reset_unread(line: Line) -> None:
    line.connection.recv(1)  # before it, the reset may prove that nothing left
    line.reset()


def reset_in_the_reply(line: Line) -> None:
    line.read_request()
    line.send(reply(200, b"{" * 100)[:-50])
    line.reset()


def cut_the_head(line: Line) -> None:
    line.read_request()
    line.send(b"HTTP/1.1 200 O")


def echo(status: int) -> Behaviour:
    """Read the request, then send it back as the reply."""

    def behaviour(line: Line) -> None:
        body = line.read_request()
        line.send(reply(status, body))

    return behaviour


ACCEPTING = b"".join(
    f"<MSG><ID>{message_id(f'a1-{n:04}')}</ID><STATUS>OK</STATUS><INFO>&x;</INFO></MSG>".encode()
    for n in range(3)
)
ENTITY_BOMB = (
    b'<?xml version="1.0"?><!DOCTYPE SESSION [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;">'
    b'<!ENTITY x "&b;&b;&b;&b;&b;&b;">]><SESSION><LOGON>OK</LOGON><MSGLST>'
    + ACCEPTING
    + b"</MSGLST></SESSION>"
)
FETCHING = (
    b'<?xml version="1.0"?><!DOCTYPE SESSION [<!ENTITY x SYSTEM "file:///etc/hostname">]>'
    b"<SESSION><LOGON>OK</LOGON><MSGLST>" + ACCEPTING + b"</MSGLST></SESSION>"
)

TABLE: dict[str, tuple[Behaviour, tuple[SubmitVerdict, Status]]] = {
    "reset while reading": (reset_unread, UNCLEAR),
    "reset in the reply": (reset_in_the_reply, UNCLEAR),
    "head cut to 200 O": (cut_the_head, UNCLEAR),
    "empty": (answering(200), UNCLEAR),
    "html": (answering(200, b"<html><body>Welcome</body></html>", Content_Type="text/html"), UNCLEAR),
    "cut json": (answering(200, b'{"messageStatus": [{"statusCode": 1, "clientRef'), UNCLEAR),
    "cut xml": (answering(200, b"<SESSION><LOGON>OK</LOGON><MSGLST><MSG><ID>1</ID>"), UNCLEAR),
    "not utf-8": (answering(200, b'{"messageStatus": "\xff"}'), UNCLEAR),
    "deep json": (answering(200, b"[" * 100_000), UNCLEAR),
    "hidden deep json": (answering(200, b'["]",' * 50_000 + b"1" + b',"["]' * 50_000), UNCLEAR),
    "deep xml": (answering(200, b"<SESSION>" * 50_000), UNCLEAR),
    "nan": (answering(200, b'{"messageStatus": NaN}'), UNCLEAR),
    "huge": (answering(200, b" " * 2_000_000), UNCLEAR),
    "gzip": (answering(200, b"\x1f\x8b", Content_Encoding="gzip"), UNCLEAR),
    "entity bomb": (answering(200, ENTITY_BOMB), UNCLEAR),
    "fetching entity": (answering(200, FETCHING), UNCLEAR),
    "echo with 200": (echo(200), UNCLEAR),
    "echo with 400": (echo(400), REFUSED),
    "echo with 500": (echo(500), UNCLEAR),
    **{f"{n}": (answering(n, b"no"), REFUSED) for n in (400, 401, 403, 404, 405, 413, 415)},
    **{f"{n}": (answering(n, Location="http://192.0.2.1/"), REFUSED) for n in (301, 302, 303, 307, 308)},
    **{f"{n}": (answering(n, b"oops"), UNCLEAR) for n in (201, 204, 402, 408, 418, 500, 502, 503, 504)},
    "429": (answering(429, b"wait", Retry_After="7"), BUSY),
}
