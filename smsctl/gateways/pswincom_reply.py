"""How PSWinCom's reply (wire/pswincom.md) is read: by names, wherever they stand and however written."""

from typing import NamedTuple
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring  # this file is imported late itself, before anything is sent

from smsctl.gateways.outcome import HttpReply
from smsctl.gateways.xml_push import mended

Entry = dict[str, str]


class Session(NamedTuple):
    """What a reply says: of the login, and of each message by our ID; None where it says two things."""

    logon: str
    reason: str
    entries: dict[str, Entry | None]


def read_session(reply: HttpReply) -> Session | None:
    """Return what the reply says; None where it is none."""
    root = _read_xml(reply)
    if root is None or root.tag.upper() != "SESSION":
        return None
    logon = _text(root, "LOGON")
    if logon not in {"OK", "FAIL"}:
        return None
    entries: dict[str, Entry | None] = {}
    for message in (one for listed in _named(root, "MSGLST") for one in _named(listed, "MSG")):
        entry = {element.tag.upper(): (element.text or "").strip() for element in message}
        place = entry.get("ID", "")
        says_one_thing = place not in entries and len(entry) == len(message) and not any(map(len, message))
        entries[place] = entry if says_one_thing else None
    return Session(logon=logon, reason=_text(root, "REASON"), entries=entries)


def _read_xml(reply: HttpReply) -> Element | None:
    """Return the root; None where this is no XML, or where it defines entities.

    It is read as leniently as what is pushed: one Latin-1 letter or bare & in a text must not make all
    messages unknown. A DOCTYPE is allowed, for genuine documents have one; nothing is ever fetched for it.
    """
    try:
        text = mended(reply.body, reply.headers.get("content-type", ""))
        root: Element = fromstring(text, forbid_dtd=False, forbid_entities=True, forbid_external=True)
    except (ParseError, ValueError, LookupError, DefusedXmlException):
        return None
    return root


def _named(parent: Element, name: str) -> list[Element]:
    """Return the elements of that name, however it is written."""
    return [element for element in parent if element.tag.upper() == name]


def _text(root: Element, name: str) -> str:
    """Return the text of the one element of that name; empty where there is none, or more than one."""
    found = _named(root, name)
    return (found[0].text or "").strip() if len(found) == 1 else ""
