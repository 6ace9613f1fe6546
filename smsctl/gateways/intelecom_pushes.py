"""What Intelecom (Puzzel) pushes: delivery reports and incoming SMS, as JSON, XML or GET.

wire/puzzel.md, "Delivery reports" and "Incoming SMS". Any push is answered with 200; the body is ignored.
"""

from codecs import BOM_UTF8
from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import chain
from typing import Final

from smsctl.domain.incoming import Incoming
from smsctl.domain.message import Status
from smsctl.domain.push import Push, PushBatch, UnreadableError
from smsctl.domain.report import Cause, CodeMeaning, Report
from smsctl.domain.spelling import veil_numbers
from smsctl.errors import say
from smsctl.gateways.json_reply import entries_of
from smsctl.gateways.push_fields import (
    Fields,
    as_written,
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

NAME: Final = "intelecom"

_DELIVERED = CodeMeaning(Status.DELIVERED)
_BAD_NUMBER = CodeMeaning(Status.FAILED, Cause.BAD_NUMBER)
_BARRED = CodeMeaning(Status.FAILED, Cause.BARRED)
_PREMIUM = CodeMeaning(Status.FAILED, Cause.PREMIUM)
_UNREACHABLE = CodeMeaning(Status.FAILED, Cause.UNREACHABLE)
_EXPIRED = CodeMeaning(Status.EXPIRED, Cause.EXPIRED)
_CONFIGURATION = CodeMeaning(Status.FAILED, Cause.CONFIGURATION)
_NETWORK = CodeMeaning(Status.FAILED, Cause.NETWORK)
_UNTOLD = CodeMeaning(Status.ACCEPTED, Cause.UNTOLD)

TOLD_BY_CODE: Final = {
    "0": _DELIVERED,
    "390": _DELIVERED,  # sent, not billed
    "350": _BAD_NUMBER,  # no such network
    "351": _BAD_NUMBER,  # recipient unknown
    "654": _BAD_NUMBER,
    "357": _BARRED,  # for good: remove the number
    "356": _UNREACHABLE,  # barred for a time
    "364": _UNREACHABLE,
    "358": _PREMIUM,
    "359": _PREMIUM,  # age limit
    "386": _PREMIUM,
    "361": _EXPIRED,
    "362": _EXPIRED,  # at the operator
    "354": _CONFIGURATION,  # the account may not send bulk
    "355": _CONFIGURATION,  # tariff
    "360": _CONFIGURATION,  # the operator finds the message malformed
    "385": _CONFIGURATION,  # needs an agreement
    "655": _CONFIGURATION,  # the service is not active
    "380": _NETWORK,
    "363": _NETWORK,
    "368": _NETWORK,
    "369": _NETWORK,
    "371": _NETWORK,
    "650": _NETWORK,
    "651": _NETWORK,  # no route
    "652": _NETWORK,
    "653": _NETWORK,
    "370": _UNTOLD,  # unspecified
}
"""wire/puzzel.md, "Delivery reports". A code that is not listed tells no outcome."""

_KINDS = frozenset({"dr", "mo"})
_ROOTS = _KINDS | {kind.upper() for kind in _KINDS}
_FORM = "application/x-www-form-urlencoded"
_NO_OBJECT = say("no entry in it is an object")


def read_push(push: Push) -> PushBatch:
    """Return what the push holds. Raises UnreadableError."""
    if push.method == "GET":
        return _parcel(_from_pairs(push.query))
    body = push.body.removeprefix(BOM_UTF8)
    if push.media_type == _FORM and not is_xml(body) and not body.lstrip().startswith(b"{"):
        return _parcel(_from_pairs(push.body.decode("ascii", "replace")))
    return readable(_parcel(not_too_many(_entries((push.body,)))), _NO_OBJECT)


def read_file(pieces: Iterable[bytes]) -> Iterator[PushBatch]:
    """Yield what a document holds that was pushed, some thousands at a time. Raises UnreadableError."""
    return in_parcels(_entries(pieces), _parcel, _NO_OBJECT)


def _parcel(entries: Iterable[tuple[str, Fields | str]]) -> PushBatch:
    reports: list[Report] = []
    incoming: list[Incoming] = []
    unread = 0
    for kind, fields in entries:
        if isinstance(fields, str):
            reports.append(unreadable(NAME, fields))
            unread += 1
        elif kind == "dr":
            reports.append(_report(fields))
        else:
            incoming.append(_incoming(fields))
    return PushBatch(reports=tuple(reports), incoming=tuple(incoming), unread=unread)


def _entries(pieces: Iterable[bytes]) -> Iterator[tuple[str, Fields | str]]:
    """Yield each report (dr) and each incoming SMS (mo) by its fields, their names in lower case.

    What cannot be read is yielded as it is written.
    """
    rest = iter(pieces)
    first = next(rest, b"").removeprefix(BOM_UTF8)  # as Windows programs write it, in files above all
    return (_from_xml if is_xml(first) else _from_json)(chain((first,), rest))


def _from_json(pieces: Iterable[bytes]) -> Iterator[tuple[str, Fields | str]]:
    try:
        yield from entries_of(pieces, _KINDS)
    except ValueError:
        raise UnreadableError(say("it holds no JSON with dr or mo")) from None


def _from_xml(pieces: Iterable[bytes]) -> Iterator[tuple[str, Fields | str]]:
    from smsctl.gateways.xml_push import read_entries

    for entry in read_entries(pieces, "", _ROOTS, say("its root is neither dr nor mo")):
        yield entry.root.lower(), said_once(entry.fields, str.lower) or as_written(entry.fields)


def _from_pairs(encoded: str) -> Iterator[tuple[str, Fields]]:
    """Read one entry; the URL's template is the administrator's, with the documented names."""
    fields = form(encoded, str.lower, "utf-8")
    if "statuscode" in fields:
        yield "dr", fields
    elif "originator" in fields and (fields.keys() & {"content", "strippedcontent"}):
        yield "mo", fields
    else:
        raise UnreadableError(say("it holds neither a report nor an incoming SMS"))


def _report(fields: Fields) -> Report:
    code = short(fields, "statuscode")
    return Report(
        NAME,
        TOLD_BY_CODE.get(code, _UNTOLD),
        code,
        reference=short(fields, "customermessagereference"),
        gateway_id=short(fields, "messageid"),
        number=number(fields, "recipient"),  # only in a template of the administrator's own
        text=_in_words(short(fields, "statusdescription"), short(fields, "extstatusdescription")),
    )


@lru_cache(maxsize=100)  # thousands of reports say the same
def _in_words(description: str, operators: str) -> str:
    return veil_numbers("; ".join(dict.fromkeys(filter(None, (description, operators)))))


def _incoming(fields: Fields) -> Incoming:
    return Incoming(
        gateway=NAME,
        sender=number(fields, "originator"),
        receiver=short(fields, "sno"),
        text=whole(fields, "content") or whole(fields, "strippedcontent"),
        keyword=short(fields, "command"),
        vendor_id=short(fields, "messageid"),
        told_at=short(fields, "timestamp"),
    )
