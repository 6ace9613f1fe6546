"""How the gateways push: reports and incoming SMS as requests (wire/puzzel.md, wire/pswincom.md)."""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from enum import StrEnum
from http import HTTPStatus
from typing import NamedTuple
from urllib.parse import urlencode, urlsplit
from uuid import uuid4

from smsctl.errors import UsageError, say
from smsctl.simulator.documents import escape, read_json
from smsctl.simulator.loopback import is_loopback
from smsctl.simulator.web import ReceivedRequest, refuse

GATEWAYS = ("intelecom", "pswincom")

Entry = Mapping[str, str]
"""One report or SMS by the names of the wire."""


class PushStyle(StrEnum):
    """In which form things are pushed; each gateway knows three of them."""

    JSON = "json"  # Intelecom
    XML = "xml"
    GET = "get"  # Intelecom
    FORM = "form"  # PSWinCom


class PushKind(StrEnum):
    """What is pushed, as the wire calls it."""

    REPORT = "dr"
    INCOMING = "mo"


class PushRequest(NamedTuple):
    """One push, ready to be sent to an address."""

    method: str = "POST"
    query: str = ""
    content_type: str = ""
    body: bytes = b""


def must_be_addresses(push_to: Mapping[str, str], *, allow_other_hosts: bool) -> None:
    """Raise UsageError unless each is a gateway's name and an address that can be pushed to."""
    for gateway, address in push_to.items():
        if gateway not in GATEWAYS:
            raise UsageError(
                say("nothing can be pushed as {gateway}: there is no such gateway", gateway=gateway),
                hint=say("it is one of: {gateways}", gateways=", ".join(GATEWAYS)),
            )
        if not _can_be_pushed_to(address, allow_other_hosts=allow_other_hosts):
            raise UsageError(
                say("{gateway} cannot push to {address}", gateway=gateway, address=address),
                hint=say(
                    "write the address of a listener on this machine:"
                    " {gateway}=http://127.0.0.1:8471 and the path that `reports listen --addresses` prints",
                    gateway=gateway,
                ),
            )


def _can_be_pushed_to(address: str, *, allow_other_hosts: bool) -> bool:
    try:
        parts = urlsplit(address)
        host, _ = parts.hostname, parts.port  # which raises where it is no number
    except ValueError:
        return False
    return parts.scheme == "http" and bool(host) and (allow_other_hosts or is_loopback(host or ""))


def request_for(gateway: str, kind: PushKind, style: PushStyle, entries: Sequence[Entry]) -> PushRequest:
    """Return the push of entries. By GET and by form one travels alone: the first."""
    if gateway == "intelecom":
        return _intelecom(kind, style, entries)
    return _pswincom(kind, style, entries)


def _intelecom(kind: PushKind, style: PushStyle, entries: Sequence[Entry]) -> PushRequest:
    match style:
        case PushStyle.GET | PushStyle.FORM:
            return PushRequest(method="GET", query=urlencode(entries[0]))
        case PushStyle.XML:
            messages = "".join(f"<message>{_elements(entry)}</message>" for entry in entries)
            document = f'<?xml version="1.0" encoding="UTF-8"?><{kind}>{messages}</{kind}>'
            return PushRequest(content_type="application/xml", body=document.encode())
        case _:
            document = json.dumps({str(kind): [dict(entry) for entry in entries]}, ensure_ascii=False)
            return PushRequest(content_type="application/json", body=document.encode())


def _pswincom(kind: PushKind, style: PushStyle, entries: Sequence[Entry]) -> PushRequest:
    if style in (PushStyle.FORM, PushStyle.GET):
        fields = dict(entries[0])
        if kind is PushKind.INCOMING:
            fields = {"ID": "1", "SND": fields["SND"], "RCV": fields["RCV"], "TXT": fields["TEXT"]}
        body = urlencode(fields, encoding="iso-8859-1", errors="replace")
        return PushRequest(content_type="application/x-www-form-urlencoded", body=body.encode())
    messages = "".join(
        f"<MSG><ID>{place}</ID>{_elements(entry)}</MSG>" for place, entry in enumerate(entries, 1)
    )
    doctype = '<!DOCTYPE MSGLST SYSTEM "pswincom_report_request.dtd">' if kind is PushKind.REPORT else ""
    document = f'<?xml version="1.0" encoding="iso-8859-1"?>{doctype}<MSGLST>{messages}</MSGLST>'
    pushed = document.encode("iso-8859-1", "xmlcharrefreplace")
    return PushRequest(content_type="application/xml", body=pushed)


def _elements(entry: Entry) -> str:
    plain = "".join(
        f"<{name}>{escape(value)}</{name}>" for name, value in entry.items() if not name.startswith("@")
    )
    told = "".join(
        f'<DATA KEY="{name[1:]}" VALUE="{escape(value)}"/>'
        for name, value in entry.items()
        if name.startswith("@")
    )
    return f"{plain}<METADATA>{told}</METADATA>" if told else plain


INCOMING_PATH = "/simulator/incoming"


class Sms(NamedTuple):
    """What somebody sent from a phone."""

    sender: str  # E.164
    text: str
    receiver: str = "71234"
    keyword: str | None = None  # None: the first word of the text
    id: str = ""  # the gateway's; empty: a new one


def entry_for(gateway: str, sms: Sms) -> Entry:
    """Return the SMS by the names of the gateway's pushes; names with @ are metadata."""
    now = datetime.now(UTC)
    identity = sms.id or uuid4().hex
    if gateway == "pswincom":
        return {
            "TEXT": sms.text,
            "SND": sms.sender.removeprefix("+"),
            "RCV": sms.receiver,
            "@TIMESTAMP": f"{now:%Y-%m-%d %H:%M:%S}",
            "@REFERENCE": identity,
        }
    keyword = sms.text.partition(" ")[0] if sms.keyword is None else sms.keyword
    return {
        "messageid": identity[:12],
        "sno": sms.receiver,
        "originator": sms.sender,
        "content": sms.text,
        "command": keyword,
        "strippedcontent": sms.text.removeprefix(keyword).strip(),
        "type": "1",
        "timestamp": f"{now:%Y%m%d %H:%M:%S}",
        "sessionid": "",
    }


def read_sms(request: ReceivedRequest) -> tuple[str, Sms]:
    """Read what a person sends to the simulator: the gateway and the SMS. Raises RefusedRequestError."""
    fields = read_json(request.body)
    try:
        sms = Sms(sender=str(fields["sender"]), text=str(fields["text"]), receiver=str(fields["receiver"]))
        gateway = str(fields["gateway"])
    except KeyError as error:
        raise refuse(HTTPStatus.BAD_REQUEST, "Send gateway, sender, receiver and text as JSON.") from error
    if gateway not in GATEWAYS:
        raise refuse(HTTPStatus.BAD_REQUEST, f"There is no gateway {gateway}.")
    return gateway, sms


def polled(kind: PushKind, entry: Entry) -> dict[str, str]:
    """Return a PSWinCom entry as the polling API gives it."""
    told = {"receiver": entry["RCV"], "state": entry.get("STATE", "")}
    if kind is PushKind.INCOMING:
        told = {"sender": entry["SND"], "receiver": entry["RCV"], "text": entry["TEXT"]}
    at = datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    return {**told, "operatorTimestamp": at, "reference": entry.get("@REFERENCE") or entry["REF"]}
