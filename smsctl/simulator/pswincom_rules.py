"""What PSWinCom's gateway demands of one message's elements (wire/pswincom.md)."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone
from functools import lru_cache
from typing import NamedTuple

from smsctl.simulator.behaviour import NonGsm
from smsctl.simulator.measure import GSM, AirEncoding, Content, is_gsm, parts

MAX_PARTS = 16
_PART_LENGTH = {AirEncoding.GSM7: 134, AirEncoding.UCS2: 67, AirEncoding.BINARY: 134}
_AHEAD = timedelta(days=7)
_CET = timezone(timedelta(hours=1))  # whether it follows summer time is unknown
_RECIPIENT = r"[1-9][0-9]{8,14}"
_SENDER = r"""[0-9]{1,15}|[A-Za-z0-9 !"#%&'()*+\-./?><;]{1,11}"""
_HEX = r"(?:[0-9A-Fa-f]{2})*"
_HEX_UNITS = r"(?:[0-9A-Fa-f]{4})*"
_ALLOWED = {
    "CLASS": r"0?",
    "TTL": r"[0-9]{0,9}",
    "RCPREQ": r"[YN]?",
    "REPLACE": r"[1-7]?",
    "ID": r"[^\x00-\x1f]{0,64}",
}


class PsWinComElementError(ValueError):
    """An element breaks a rule; the text stands in INFO."""


class Message(NamedTuple):
    """A message that obeys the rules, by the names that the journal gives its facts."""

    recipient: str
    content: str
    encoding: AirEncoding
    parts: int
    originator: str | None
    validity: int | None  # minutes
    send_at: str | None  # UTC, ISO 8601
    report: bool


def read(fields: Mapping[str, str], now: datetime, non_gsm: NonGsm) -> Message:
    """Return the message. Raises PsWinComElementError. Too long a text is cut without a word."""
    recipient, sender = fields.get("RCV", ""), fields.get("SND", "")
    if not re.fullmatch(_RECIPIENT, recipient):
        raise PsWinComElementError(f"Invalid RCV '{recipient}'. Receiver number must be at least 9 digits.")
    if sender and not re.fullmatch(_SENDER, sender):
        raise PsWinComElementError(f"Invalid SND '{sender}'.")
    for name, pattern in _ALLOWED.items():
        if not re.fullmatch(pattern, fields.get(name, "")):
            raise PsWinComElementError(f"Invalid {name} '{fields[name]}'.")
    text = _text(fields.get("TEXT", ""), fields.get("OP") or "1", non_gsm)
    return Message(
        recipient,
        *text,
        sender or None,
        int(fields.get("TTL") or 0) or None,
        _delivery_time(fields.get("DELIVERYTIME", ""), now),
        fields.get("RCPREQ") == "Y",
    )


@lru_cache(maxsize=64)
def _text(value: str, message_type: str, non_gsm: NonGsm) -> Content:
    match message_type:
        case "1":
            text, encoding = _plain(value, non_gsm), AirEncoding.GSM7
        case "8":
            text, encoding = _hex(value, _HEX), AirEncoding.BINARY
        case "9":
            units = bytes.fromhex(_hex(value, _HEX_UNITS))
            text, encoding = units.decode("utf-16-be", errors="replace"), AirEncoding.UCS2
        case _:
            raise PsWinComElementError(f"Invalid OP '{message_type}'.")
    text = _cut(text, encoding)
    return Content(text, encoding, parts(text, encoding, _PART_LENGTH[encoding]))


def _plain(value: str, non_gsm: NonGsm) -> str:
    if non_gsm is NonGsm.ACCEPT or is_gsm(value):
        return value
    return "".join(character if character in GSM else "?" for character in value)


def _hex(value: str, digits: str) -> str:
    if not re.fullmatch(digits, value):
        raise PsWinComElementError("Invalid TEXT. Not hex.")
    return value


def _cut(text: str, encoding: AirEncoding) -> str:
    """Return what fits into the most parts there can be."""
    digits = 2 if encoding is AirEncoding.BINARY else 1
    text = text[: MAX_PARTS * _PART_LENGTH[encoding] * digits]
    while parts(text, encoding, _PART_LENGTH[encoding]) > MAX_PARTS:  # characters of two units
        text = text[:-1]
    return text


def _delivery_time(value: str, now: datetime) -> str | None:
    if not value:
        return None
    try:
        moment = datetime.strptime(value, "%Y%m%d%H%M").replace(tzinfo=_CET).astimezone(UTC)
    except ValueError as error:
        raise PsWinComElementError(f"Invalid DELIVERYTIME '{value}'.") from error
    this_minute = now.replace(second=0, microsecond=0)
    if not this_minute <= moment <= now + _AHEAD:
        raise PsWinComElementError(f"Invalid DELIVERYTIME '{value}'. Must be within the next 7 days.")
    return moment.isoformat()
