"""A gateway on loopback that speaks both wires, keeps what it takes, and is no simulator of smsctl's."""

import json
import os
import re
from collections.abc import Callable
from typing import NamedTuple

from tests.gateways.fault_server import FaultServer, Line, reply

_MESSAGE = re.compile(r"<MSG>(.*?)</MSG>", re.DOTALL)


class Taken(NamedTuple):
    """One message as the gateway took it."""

    number: str
    text: str


def answer(line: Line, answered: bytes, _place: int) -> None:
    """Answer as the gateway does when all is well."""
    line.send(answered)


def silent(line: Line, _answered: bytes, _place: int) -> None:
    """Take the messages and never say so."""
    line.keep_silent()


def lost(line: Line, _answered: bytes, _place: int) -> None:
    """Take the messages and break the connection before the answer."""
    line.reset()


Ending = Callable[[Line, bytes, int], None]


class Recorder(FaultServer):
    """Takes whatever it is sent. `refuse_from`: from that request on (0 is the first) no login is good."""

    def __init__(self, end: Ending = answer, *, end_from: int = 0, refuse_from: int | None = None) -> None:
        """`end` is how requests end from `end_from` on; those before it are answered."""
        self.taken: list[Taken] = []
        self._end, self._end_from, self._refuse_from = end, end_from, refuse_from
        self._origin = os.urandom(4).hex()  # no two gateways give the same name to two messages
        self._place = -1  # of the request with messages that is being answered
        super().__init__(self._behave)

    def _behave(self, line: Line) -> None:
        body = line.read_request()
        if not self.requests[-1].startswith(b"POST") or not body:
            line.send(reply(404, Connection="close"))
            return
        self._place += 1
        if self._refuse_from is not None and self._place >= self._refuse_from:
            line.send(reply(401, Connection="close"))
            return
        answered = self._xml(body) if body.startswith(b"<?xml") else self._json(body)
        if self._place < self._end_from:
            line.send(answered)
        else:
            self._end(line, answered, self._place)

    def _new_name(self) -> str:
        return f"{self._origin}{len(self.taken):06}"

    def _json(self, body: bytes) -> bytes:
        asked = json.loads(body)
        entries = []
        for message in asked["message"]:
            self.taken.append(Taken(number=message["recipient"], text=message["content"]))
            reference, gateway_id = message["clientReference"], self._new_name()
            entries.append({"statusCode": 1, "clientReference": reference, "messageId": gateway_id})
        told = {"batchReference": asked["batchReference"], "messageStatus": entries}
        return reply(200, json.dumps(told).encode(), Content_Type="application/json", Connection="close")

    def _xml(self, body: bytes) -> bytes:
        entries = ""
        for message in _MESSAGE.findall(body.decode("iso-8859-1")):
            place, number, text = (
                found[1] if (found := re.search(f"<{name}>(.*?)</{name}>", message)) else ""
                for name in ("ID", "RCV", "TEXT")
            )
            self.taken.append(Taken(number=f"+{number}", text=text))
            entries += f"<MSG><ID>{place}</ID><REF>{self._new_name()}</REF><STATUS>OK</STATUS></MSG>"
        told = f'<?xml version="1.0"?><SESSION><LOGON>OK</LOGON><MSGLST>{entries}</MSGLST></SESSION>'
        return reply(200, told.encode(), Content_Type="text/xml", Connection="close")
