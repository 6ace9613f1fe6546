"""What PSWinCom (LINK Mobility) pushes: delivery reports and incoming SMS, as XML or as a form.

wire/pswincom.md, "Delivery reports" and "Incoming SMS". The form of the answer follows that of the push.
"""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Final
from xml.sax.saxutils import escape

from smsctl.domain.incoming import Incoming
from smsctl.domain.message import Status
from smsctl.domain.push import Acknowledgement, Push, PushBatch, UnreadableError
from smsctl.domain.report import Cause, CodeMeaning, Report
from smsctl.errors import say
from smsctl.gateways.push_fields import (
    Fields,
    as_written,
    charset,
    form,
    in_parcels,
    is_xml,
    not_too_many,
    number,
    readable,
    said_once,
    short,
    unreadable,
    whole,
)

if TYPE_CHECKING:
    from smsctl.gateways.xml_push import PushedEntry

NAME: Final = "pswincom"

_PREMIUM = CodeMeaning(Status.FAILED, Cause.PREMIUM)
_UNTOLD = CodeMeaning(Status.ACCEPTED, Cause.UNTOLD)

TOLD_BY_STATE: Final = {
    "DELIVRD": CodeMeaning(Status.DELIVERED),
    "EXPIRED": CodeMeaning(Status.EXPIRED, Cause.EXPIRED),
    "UNDELIV": CodeMeaning(Status.FAILED, Cause.BAD_NUMBER),  # or no route
    "INV_NET": CodeMeaning(Status.FAILED, Cause.BAD_NUMBER),
    "BARRED": CodeMeaning(Status.FAILED, Cause.BARRED),  # or not in use: remove it
    "BARREDT": CodeMeaning(Status.FAILED, Cause.UNREACHABLE),  # empty prepaid, credit limit
    "DELETED": CodeMeaning(Status.FAILED, Cause.REFUSED),
    "REJECTD": CodeMeaning(Status.FAILED, Cause.REFUSED),
    "FAILED": CodeMeaning(Status.FAILED, Cause.NETWORK),
    "BARREDA": _PREMIUM,
    "BARREDC": _PREMIUM,
    "BARREDP": _PREMIUM,
    "ZEROBAL": _PREMIUM,
    "ZERO_BAL": _PREMIUM,
    "ACCEPTD": _UNTOLD,  # not a final result
    "UNKNOWN": _UNTOLD,
    "NULL": _UNTOLD,  # no report came from the operator
}
"""wire/pswincom.md, "Delivery reports". A state that is not listed tells no outcome."""

_ROOTS = frozenset({"MSGLST"})
_FORM = "application/x-www-form-urlencoded"
_NEITHER = say("it holds neither a report nor an incoming SMS")
_TAKEN = Acknowledgement("text/plain; charset=iso-8859-1", b"0\nOK\n")


def read_push(push: Push) -> PushBatch:
    """Return what the push holds. Raises UnreadableError."""
    if push.method == "GET":
        return _from_form(push._replace(body=push.query.encode("ascii", "replace"), content_type=""))
    if push.media_type == _FORM and not is_xml(push.body):
        return _from_form(push)
    return readable(_parcel(not_too_many(_messages((push.body,), push.content_type))), _NEITHER)


def read_file(pieces: Iterable[bytes]) -> Iterator[PushBatch]:
    """Yield what a document holds that was pushed, some thousands at a time. Raises UnreadableError."""
    return in_parcels(_messages(pieces, ""), _parcel, _NEITHER)


def report_of(fields: Fields, *, told_at: str = "") -> Report:
    """Return the report that the wire's own names tell of."""
    state = short(fields, "STATE").upper()
    return Report(
        gateway=NAME,
        told=TOLD_BY_STATE.get(state, _UNTOLD),
        code=state,
        gateway_id=short(fields, "REF"),
        number=number(fields, "RCV"),
        told_at=told_at or short(fields, "DELIVERYTIME"),
    )


def _from_form(push: Push) -> PushBatch:
    """Read a form by the HTTP charset, else as ISO-8859-1."""
    try:
        encoding = charset(push.content_type) or "iso-8859-1"
    except LookupError as error:
        raise UnreadableError(say("it is in no charset known here ({kind})", kind=error)) from None
    fields = form(push.body.decode("ascii", "replace"), str.upper, encoding)
    if "STATE" in fields:
        return PushBatch(reports=(report_of(fields),), acknowledgement=_TAKEN)
    if "SND" in fields and "TXT" in fields:
        return PushBatch(incoming=(_incoming({**fields, "TEXT": fields["TXT"]}, {}),), acknowledgement=_TAKEN)
    raise UnreadableError(_NEITHER)


def _messages(pieces: Iterable[bytes], content_type: str) -> "Iterator[PushedEntry]":
    from smsctl.gateways.xml_push import read_entries

    entries = read_entries(pieces, content_type, _ROOTS, say("its root is not MSGLST"))
    return (entry for entry in entries if entry.name.upper() == "MSG")


def _parcel(messages: "Iterable[PushedEntry]") -> PushBatch:
    reports: list[Report] = []
    incoming: list[Incoming] = []
    answers: list[tuple[str, str]] = []
    unread = 0
    for message in messages:
        fields, answer = said_once(message.fields, str.upper), "OK"
        if fields and "STATE" in fields:
            reports.append(report_of(fields))
        elif fields and "TEXT" in fields and "SND" in fields:
            metadata = {data.get("KEY", ""): data.get("VALUE") for data in message.within}
            incoming.append(_incoming(fields, metadata))
        else:
            answer = "FAIL"  # this one alone: a refusal of the whole would lose the others
            reports.append(unreadable(NAME, as_written(message.fields)))
            unread += 1
        answers.append((short(fields or dict(message.fields), "ID") or str(len(answers) + 1), answer))
    return PushBatch(tuple(reports), tuple(incoming), _listed(answers), unread)


def _listed(answers: list[tuple[str, str]]) -> Acknowledgement:
    messages = "".join(
        f"<MSG><ID>{escape(one)}</ID><STATUS>{answer}</STATUS></MSG>" for one, answer in answers
    )
    document = f'<?xml version="1.0" encoding="iso-8859-1"?><MSGLST>{messages}</MSGLST>'
    return Acknowledgement(
        "application/xml; charset=iso-8859-1", document.encode("iso-8859-1", "xmlcharrefreplace")
    )


def _incoming(fields: Fields, metadata: Fields) -> Incoming:
    return Incoming(
        gateway=NAME,
        sender=number(fields, "SND"),
        receiver=short(fields, "RCV"),
        text=whole(fields, "TEXT"),
        vendor_id=short(metadata, "REFERENCE"),
        told_at=short(metadata, "TIMESTAMP"),
    )
