"""PSWinCom's (LINK's) way to take messages: one XML document in, one out (wire/pswincom.md)."""

import os
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from http import HTTPStatus
from itertools import count
from threading import Lock

from smsctl.simulator import pswincom_rules
from smsctl.simulator.behaviour import Behaviour
from smsctl.simulator.documents import elements, read_xml
from smsctl.simulator.journal import AcceptedMessage, Journal
from smsctl.simulator.pswincom_rules import PsWinComElementError
from smsctl.simulator.web import Entry, ReceivedRequest, SimulatedAnswer, SimulatorReply, refuse

Fields = Mapping[str, str]

_XML = frozenset({"text/xml", "application/xml"})
_CHARSET = r"""(?i)charset\s*=\s*["']?([^\s;"']+)"""
_BAD_LOGIN = "Username or password is incorrect."
_LONGEST_SESSION_DATA = 200


class SimulatedPsWinCom:
    """One PSWinCom gateway. It knows no duplicates: what comes twice is sent twice."""

    def __init__(self, behaviour: Behaviour, journal: Journal) -> None:
        """Start; nothing is remembered but what is accepted."""
        self._behaviour = behaviour
        self._journal = journal
        self._lock = Lock()
        self._origin = os.urandom(10).hex()  # so that references differ from those of earlier runs
        self._references = count(1)

    def submit(self, request: ReceivedRequest) -> SimulatedAnswer:
        """Take the messages of one request. Raises RefusedRequestError (400, 415)."""
        if request.media_type not in _XML:
            raise refuse(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "Send text/xml.")
        head, messages = _read(request)
        if not self._behaviour.knows(head.get("CLIENT"), head.get("PW")):
            return SimulatedAnswer((), "ID", partial(_write, self._head("FAIL", _BAD_LOGIN)))
        with self._lock:
            entries = self._take(head.get("SD", ""), messages)
        return SimulatedAnswer(entries, "ID", partial(_write, self._head("OK", "")))

    def _head(self, logon: str, reason: str) -> str:
        reason = "" if self._behaviour.leave_out_reason else f"<REASON>{reason}</REASON>"
        return f"<LOGON>{logon}</LOGON>{reason}"

    def _take(self, session_data: str, messages: Sequence[Fields]) -> list[Entry]:
        """Judge every message; what is accepted is in the journal when this returns."""
        now = datetime.now(UTC)
        stamp = now.isoformat(timespec="milliseconds")
        entries: list[Entry] = []
        accepted: list[AcceptedMessage] = []
        for index, fields in enumerate(messages, 1):
            own_id = fields.get("ID") or str(index)
            try:
                message = pswincom_rules.read(fields, now, self._behaviour.non_gsm)
            except PsWinComElementError as error:
                entries.append({"ID": own_id, "STATUS": "FAIL", "INFO": str(error)})
                continue
            ref = self._new_reference() if message.report or self._behaviour.reports_on_account else None
            entries.append(self._entry(own_id, ref))
            taken = AcceptedMessage(
                time=stamp,
                gateway="pswincom",
                reference=own_id,
                batch_reference=session_data[:_LONGEST_SESSION_DATA] or None,
                message_id=ref,
                **message._asdict(),
            )
            accepted.append(taken)
        self._journal.take(accepted)
        return entries

    def _entry(self, own_id: str, ref: str | None) -> Entry:
        if ref is None:
            return {"ID": own_id, "STATUS": "OK", "INFO": ""}
        if self._behaviour.ref_last:
            return {"ID": own_id, "STATUS": "OK", "INFO": "", "REF": ref}
        return {"ID": own_id, "REF": ref, "STATUS": "OK", "INFO": ""}

    def _new_reference(self) -> str:
        origin = self._origin
        return f"{origin[:8]}-{origin[8:12]}-{origin[12:16]}-{origin[16:]}-{next(self._references):012x}"


def _read(request: ReceivedRequest) -> tuple[Fields, Sequence[Fields]]:
    """Return the document's own fields, and those of its messages.

    It is decoded by the HTTP charset, else as ISO-8859-1; the prolog is not believed. So LINK's own receiver
    reads (wire/pswincom.md, "Clients"), and so its published clients write.
    """
    declared = re.search(_CHARSET, request.content_type)
    body = request.body.rstrip(b"\0")  # the old client's terminator
    root = read_xml(body, "SESSION", declared[1] if declared else "iso-8859-1")
    fields = {child.tag: child.text or "" for child in root}
    messages = [{child.tag: child.text or "" for child in message} for message in root.iterfind("MSGLST/MSG")]
    return fields, messages


def _write(head: str, entries: Sequence[Entry]) -> SimulatorReply:
    messages = "".join(f"<MSG>{''.join(elements(entry))}</MSG>" for entry in entries)
    listed = f"<MSGLST>{messages}</MSGLST>" if messages else ""
    body = f'<?xml version="1.0"?><SESSION>{head}{listed}</SESSION>'
    return SimulatorReply(HTTPStatus.OK, "text/xml; charset=utf-8", body.encode())
