"""How the simulated gateways push: reports and incoming SMS as requests (protocols.md 2.10-2.11, 3.8-3.9)."""

import json
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import NamedTuple
from urllib.parse import urlencode

from smsctl.simulator.documents import escape

Entry = Mapping[str, str]
"""One report or SMS by the names of the wire."""


class PushStyle(StrEnum):
    """In which form things are pushed; each gateway knows three of them."""

    JSON = "json"  # Intelecom
    XML = "xml"
    GET = "get"  # Intelecom
    FORM = "form"  # PSWinCom


class Kind(StrEnum):
    """What is pushed, as the wire calls it."""

    REPORT = "dr"
    INCOMING = "mo"


class Request(NamedTuple):
    """One push, ready to be sent to an address."""

    method: str
    query: str
    content_type: str
    body: bytes


def request_for(gateway: str, kind: Kind, style: PushStyle, entries: Sequence[Entry]) -> Request:
    """Return the push of entries. By GET and by form one travels alone: the first."""
    if gateway == "intelecom":
        return _intelecom(kind, style, entries)
    return _pswincom(kind, style, entries)


def _intelecom(kind: Kind, style: PushStyle, entries: Sequence[Entry]) -> Request:
    match style:
        case PushStyle.GET | PushStyle.FORM:
            return Request("GET", urlencode(entries[0]), "", b"")
        case PushStyle.XML:
            messages = "".join(f"<message>{_elements(entry)}</message>" for entry in entries)
            document = f'<?xml version="1.0" encoding="UTF-8"?><{kind}>{messages}</{kind}>'
            return Request("POST", "", "application/xml", document.encode())
        case _:
            document = json.dumps({str(kind): [dict(entry) for entry in entries]}, ensure_ascii=False)
            return Request("POST", "", "application/json", document.encode())


def _pswincom(kind: Kind, style: PushStyle, entries: Sequence[Entry]) -> Request:
    if style in (PushStyle.FORM, PushStyle.GET):
        fields = dict(entries[0])
        if kind is Kind.INCOMING:
            fields = {"ID": "1", "SND": fields["SND"], "RCV": fields["RCV"], "TXT": fields["TEXT"]}
        body = urlencode(fields, encoding="iso-8859-1", errors="replace")
        return Request("POST", "", "application/x-www-form-urlencoded", body.encode())
    messages = "".join(
        f"<MSG><ID>{place}</ID>{_elements(entry)}</MSG>" for place, entry in enumerate(entries, 1)
    )
    doctype = '<!DOCTYPE MSGLST SYSTEM "pswincom_report_request.dtd">' if kind is Kind.REPORT else ""
    document = f'<?xml version="1.0" encoding="iso-8859-1"?>{doctype}<MSGLST>{messages}</MSGLST>'
    return Request("POST", "", "application/xml", document.encode("iso-8859-1", "xmlcharrefreplace"))


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
