"""One request and one reply, as the simulated gateways see them."""

import json
from base64 import b64decode
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import NamedTuple


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceivedRequest:
    """A request with its whole body, raw."""

    method: str
    path: str
    query: str = ""
    content_type: str = ""
    accept: str = ""
    authorization: str = ""
    body: bytes = b""

    @property
    def media_type(self) -> str:
        """The content type without its parameters."""
        named = self.content_type.replace(";", " ").split()  # PSWinCom's Ruby client leaves the semicolon out
        return named[0].lower() if named else ""

    @property
    def login(self) -> tuple[str, str] | tuple[None, None]:
        """User name and password (RFC 7617); twice None where the request has none that can be read."""
        scheme, _, encoded = self.authorization.partition(" ")
        try:
            username, colon, password = b64decode(encoded, validate=True).decode().partition(":")
        except ValueError:
            return None, None
        return (username, password) if colon and scheme.lower() == "basic" else (None, None)


class SimulatorReply(NamedTuple):
    """What goes back."""

    status: HTTPStatus
    content_type: str
    body: bytes
    headers: tuple[tuple[str, str], ...] = ()


Entry = dict[str, object]
"""What the reply says of one message, by the names of the wire."""


class SimulatedAnswer(NamedTuple):
    """A reply to a send before it is written, so that a fault can still damage its entries."""

    entries: Sequence[Entry]
    reference: str  # which field of an entry is the sender's own reference
    write: Callable[[Sequence[Entry]], SimulatorReply]


class RefusedRequestError(Exception):
    """The request is refused as a whole, at the level of HTTP."""

    def __init__(self, reply: SimulatorReply) -> None:
        """Keep the reply that says so."""
        super().__init__(reply.status)
        self.reply = reply


class NoAnswerError(Exception):
    """The request gets no answer at all."""

    def __init__(self, silence_s: float | None) -> None:
        """Keep the line open without a word for so many seconds; None: reset it at once."""
        super().__init__(silence_s)
        self.silence_s = silence_s


def refuse(status: HTTPStatus, detail: str, *headers: tuple[str, str]) -> RefusedRequestError:
    """Return the refusal as a problem document (wire/puzzel.md, "Result codes")."""
    problem = {
        "type": "about:blank",
        "title": status.phrase,
        "status": int(status),
        "detail": detail,
        "instance": None,
    }
    body = json.dumps(problem).encode()
    return RefusedRequestError(SimulatorReply(status, "application/problem+json", body, headers))
