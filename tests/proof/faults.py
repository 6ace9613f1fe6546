"""What a gateway may do wrong, and what the table of what-an-answer-proves.md makes of it.

Each fault meets one batch of four messages. Where the table says `unknown`, chance decides whether the
gateway took them.
"""

import json
import random
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from smsctl.actions.stop_signal import StopReason
from tests.gateways.fault_server import Line, reply
from tests.proof.invariants import Accepted

MESSAGES = 4
_Message = Mapping[str, Any]
_Entry = dict[str, object]
Serve = Callable[[Line, "Taking"], None]

PENDING = ("pending",) * MESSAGES
UNKNOWN = ("unknown",) * MESSAGES
ACCEPTED = ("accepted",) * MESSAGES


class Fault(NamedTuple):
    """What happens to a request, the states it leaves, and how the run ends."""

    serve: Serve
    states: Sequence[str]
    stop: StopReason | None = None
    place: str = "http"  # http, tls: behind a certificate; or an address at which no request arrives
    hangs: bool = False  # until a time limit ends it


class Taking:
    """What the gateway took."""

    def __init__(self, dice: random.Random) -> None:
        self.accepted: list[Accepted] = []
        self.dice = dice

    def take(self, messages: Sequence[_Message]) -> None:
        self.accepted += [
            Accepted(
                reference=one["clientReference"],
                number=f"+{str(one['recipient']).lstrip('+')}",
                text=one["content"],
            )
            for one in messages
        ]

    def take_perhaps(self, messages: Sequence[_Message]) -> None:
        if self.dice.random() < 0.5:
            self.take(messages)


def read(line: Line) -> list[_Message]:
    """Return the messages of a request; a question about a batch (no body) is told that it is not held."""
    body = line.read_request()
    if not body:
        line.send(reply(404))
        raise ConnectionAbortedError
    messages: list[_Message] = json.loads(body)["message"]
    return messages


def _nothing(line: Line, taking: Taking) -> None:
    line.reset()


def _after_reading(act: Callable[[Line], None]) -> Serve:
    """Read the request, take it or not, and then go wrong."""

    def serve(line: Line, taking: Taking) -> None:
        taking.take_perhaps(read(line))
        act(line)

    return serve


def _unclear(status: int, body: bytes = b"oops", **headers: str) -> Fault:
    answer = reply(status, body, **headers)
    return Fault(_after_reading(lambda line: line.send(answer)), UNKNOWN)


def _refusal(status: int, stop: StopReason = StopReason.REFUSED, **headers: str) -> Fault:
    def serve(line: Line, taking: Taking) -> None:
        read(line)
        line.send(reply(status, b"no", **headers))

    return Fault(serve, PENDING, stop)


def _entries(messages: Sequence[_Message], codes: Sequence[object]) -> list[_Entry]:
    return [
        {"statusCode": code, "clientReference": one["clientReference"], "messageId": f"m{place}"}
        for place, (one, code) in enumerate(zip(messages, codes, strict=True))
    ]


def _say(line: Line, entries: object) -> None:
    line.send(reply(200, json.dumps({"batchReference": "b", "messageStatus": entries}).encode()))


def _codes(
    *codes: object,
    states: Sequence[str],
    stop: StopReason | None = None,
    spoil: Callable[[list[_Entry]], object] = lambda entries: entries,
) -> Fault:
    """Take what has code 1 or 25, perhaps take what has another that is unclear; then spoil the answer."""

    def serve(line: Line, taking: Taking) -> None:
        messages = read(line)
        for message, state in zip(messages, states, strict=True):
            if state == "accepted":
                taking.take([message])
            elif state in {"unknown", "held"}:
                taking.take_perhaps([message])
        _say(line, spoil(_entries(messages, codes)))

    return Fault(serve, states, stop)


def _reversed(entries: list[_Entry]) -> list[_Entry]:
    return entries[::-1]


def _last_renamed(entries: list[_Entry], name: object) -> list[_Entry]:
    return [*entries[:-1], entries[-1] | {"clientReference": name}]


def _reset_unread(line: Line, taking: Taking) -> None:
    line.connection.recv(1)
    line.reset()


def _close_unread(line: Line, taking: Taking) -> None:
    line.connection.recv(1)


def _reset_in_the_reply(line: Line) -> None:
    line.send(reply(200, b"{" * 100)[:-50])
    line.reset()


def _close(line: Line) -> None:
    line.connection.close()


def _keep_silent(line: Line) -> None:
    line.keep_silent()


def _drip(line: Line) -> None:
    line.drip(b"HTTP/1.1 200 OK\r\n" + b"X-Slow: yes\r\n" * 1000)


def _raw(data: bytes) -> Serve:
    return _after_reading(lambda line: line.send(data))


healthy = _codes(1, 1, 1, 1, states=ACCEPTED)

FAULTS: Mapping[str, Fault] = {
    # no byte of the request leaves
    "nobody listens": Fault(_nothing, PENDING, StopReason.UNREACHED, place="nobody"),
    "no such host": Fault(_nothing, PENDING, StopReason.UNREACHED, place="no such host"),
    "certificate not trusted": Fault(_nothing, PENDING, StopReason.UNREACHED, place="not trusted"),
    "no handshake": Fault(_nothing, PENDING, StopReason.UNREACHED, place="no handshake"),
    "handshake hangs": Fault(
        lambda line, _: line.keep_silent(), PENDING, StopReason.UNREACHED, place="no handshake", hangs=True
    ),
    # it may have left
    "reset while reading": Fault(_reset_unread, UNKNOWN),
    "closed while reading": Fault(_close_unread, UNKNOWN),
    "reset after reading": Fault(_after_reading(Line.reset), UNKNOWN),
    "reset after reading, by TLS": Fault(_after_reading(Line.reset), UNKNOWN, place="tls"),
    "reset in the reply": Fault(_after_reading(_reset_in_the_reply), UNKNOWN),
    "closed unanswered": Fault(_after_reading(_close), UNKNOWN),
    "closed unanswered, by TLS": Fault(_after_reading(_close), UNKNOWN, place="tls"),
    "no answer": Fault(_after_reading(_keep_silent), UNKNOWN, hangs=True),
    "a byte now and then": Fault(_after_reading(_drip), UNKNOWN, hangs=True),
    "head cut": Fault(_raw(b"HTTP/1.1 200 O"), UNKNOWN),
    "another protocol": Fault(_raw(b"220 mail ready\r\n"), UNKNOWN),
    "broken chunk": Fault(
        _raw(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n"), UNKNOWN
    ),
    "endless headers": Fault(_raw(b"HTTP/1.1 200 OK\r\n" + b"X-More: yes\r\n" * 500 + b"\r\n"), UNKNOWN),
    # a status
    **{f"{status}": _refusal(status) for status in (400, 401, 403, 404, 405, 413, 415)},
    **{f"{status}": _refusal(status, Location="http://192.0.2.1/") for status in (301, 302, 307, 308)},
    # It is asked again at once, and a line that it closes without a word may be chosen for that.
    "429": _refusal(429, StopReason.UNREACHED, Retry_After="0", Connection="close"),
    **{f"{status}": _unclear(status) for status in (201, 204, 402, 408, 418, 500, 502, 503, 504)},
    # 200, and no answer in it
    "html": _unclear(200, b"<html>Welcome</html>", Content_Type="text/html"),
    "empty": _unclear(200, b""),
    "cut": _unclear(200, b'{"messageStatus": [{"statusCode": 1, "clientRef'),
    "not utf-8": _unclear(200, b'{"messageStatus": "\xff"}'),
    "too deep": _unclear(200, b"[" * 100_000),
    "too large": _unclear(200, b" " * 2_000_000),
    "compressed": _unclear(200, b"\x1f\x8b", Content_Encoding="gzip"),
    "no list": _unclear(200, b'{"messageStatus": null}'),
    "no entries": _unclear(200, b'{"messageStatus": []}'),
    # 200, and answers
    "healthy": healthy,
    "another order": _codes(1, 1, 1, 1, states=ACCEPTED, spoil=_reversed),
    "seen before": _codes(25, 25, 25, 25, states=ACCEPTED),
    "mixed": _codes(1, 5, 6, 24, states=("accepted", "rejected", "unknown", "held")),
    "mixed, another order": _codes(
        24, 1, 5, 1, states=("held", "accepted", "rejected", "accepted"), spoil=_reversed
    ),
    "one missing": _codes(1, 1, 1, 1, states=("accepted",) * 3 + ("unknown",), spoil=lambda all_: all_[:-1]),
    "one too many": _codes(
        1, 1, 1, 1, states=ACCEPTED, spoil=lambda all_: [*all_, all_[0] | {"clientReference": "other"}]
    ),
    "one foreign": _codes(
        1,
        1,
        1,
        1,
        states=("accepted",) * 3 + ("unknown",),
        spoil=lambda all_: _last_renamed(all_, "999999999"),
    ),
    "one twice": _codes(
        1,
        1,
        1,
        1,
        states=("unknown", "accepted", "accepted", "unknown"),
        spoil=lambda all_: _last_renamed(all_, all_[0]["clientReference"]),
    ),
    "code true": _codes(True, True, True, True, states=UNKNOWN),
    "code in quotes": _codes("1", "1", "1", "1", states=ACCEPTED),
    "code unheard of": _codes(99, 99, 1, 0, states=("unknown", "unknown", "accepted", "unknown")),
    "login refused in the answer": _codes(2, 2, 2, 2, states=PENDING, stop=StopReason.REFUSED),
    "not permitted": _codes(3, 3, 3, 3, states=PENDING, stop=StopReason.REFUSED),
    "service refused in the answer": _codes(4, 4, 4, 4, states=PENDING, stop=StopReason.REFUSED),
}
