"""What Puzzel's gateway demands of one message's fields (wire/puzzel.md)."""

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta, timezone
from functools import lru_cache
from typing import NamedTuple
from unicodedata import normalize

from smsctl.simulator.measure import GSM, AirEncoding, Content, is_gsm, parts

MAX_PARTS = 6
_PART_LENGTH = {AirEncoding.GSM7: 153, AirEncoding.UCS2: 67, AirEncoding.BINARY: 134}
_MAX_VALIDITY = 173
_PARSING_TYPES = frozenset({"NONE", "SAFE_REMOVE_NON_GSM", "SAFE_REMOVE_NON_GSM_WITH_REPLACE", "AUTO_DETECT"})
_RECIPIENT = re.compile(r"\+(?!47)[1-9][0-9]{7,14}|\+47(?:[49][0-9]{7}|5[89][0-9]{6})")
_FORMATTING = r"[\s\u00a0()./\u2011\u2013-]"
_ORIGINATORS = {
    "ALPHANUMERIC": r"[A-Za-z0-9 %&+.,-]{1,11}",
    "INTERNATIONAL": r"\+[1-9][0-9]{7,14}",
    "NETWORK": r"[0-9]{3,14}",
}
_PARAMETERS = {
    "pid": r"6[5-9]|7[01]",
    "dcs": r"[0-9A-Fa-f]{2}",
    "udh": r"(?:[0-9A-Fa-f]{2})+",
    "parsing-type": "|".join(_PARSING_TYPES),
    "skip_customer_report_delivery": r"(?i:true|false)",
}
_ALPHABET_BITS, _EIGHT_BIT = 0x0C, 0x04  # of a data coding scheme: 3GPP TS 23.038
_CET = timezone(timedelta(hours=1))  # whether it follows summer time is unknown
_DAY = timedelta(days=1)
_ZONED = r"(.*?)(Z|[+-]\d\d:\d\d)?"


class IntelecomFieldError(ValueError):
    """A field breaks a rule (code 5); the text says which."""


class Window(NamedTuple):
    """When a message may leave; both aware."""

    start: datetime
    stop: datetime | None

    def opens(self, now: datetime) -> datetime | None:
        """Return when a message may leave, not before `now`; None: never, it is discarded.

        Until a later stop date the window opens every day between the two clock times.
        """
        if now <= self.start or self.stop is None:
            return max(now, self.start)
        open_for, since_opening = (self.stop - self.start) % _DAY, (now - self.start) % _DAY
        if now < self.stop and (since_opening < open_for or not open_for):
            return now
        tomorrow = now - since_opening + _DAY
        return tomorrow if tomorrow < self.stop else None


class MessageSettings(NamedTuple):
    """What a message's `settings` and `price` come to."""

    parsing_type: str
    price: int = 0
    originator: str | None = None
    priority: int | None = None
    validity: int | None = None
    window: Window | None = None
    binary: bool = False
    report: bool = True
    new_session: bool = False
    session_id: str | None = None


def recipient(value: object) -> str:
    """Return the number as the gateway normalises it: formatting dropped."""
    if not isinstance(value, str):
        raise IntelecomFieldError("Invalid recipient: missing")
    if _RECIPIENT.fullmatch(value):
        return value
    plain = re.sub(_FORMATTING, "", value)
    if not _RECIPIENT.fullmatch(plain):
        raise IntelecomFieldError("Invalid recipient")
    return plain


@lru_cache(maxsize=64)
def content(value: str, parsing_type: str, *, binary: bool) -> Content:
    """Return the text as it is sent, by the rule for characters outside GSM-7."""
    text, encoding = value, AirEncoding.GSM7
    if binary:
        if not re.fullmatch(_PARAMETERS["udh"], value):
            raise IntelecomFieldError("Invalid content: not hex")
        encoding = AirEncoding.BINARY
    elif not is_gsm(value):
        if parsing_type == "NONE":
            raise IntelecomFieldError("Invalid content: characters outside GSM-7")
        if parsing_type == "AUTO_DETECT":
            encoding = AirEncoding.UCS2
        else:
            text = _safe(value, replace=parsing_type.endswith("WITH_REPLACE"))
    length = parts(text, encoding, _PART_LENGTH[encoding])
    if length > MAX_PARTS:
        raise IntelecomFieldError(f"Invalid content: {length} parts, at most {MAX_PARTS}")
    return Content(text, encoding, length)


def settings(fields: object, price: object, parsing_type: str) -> MessageSettings:
    """Return what the message's settings come to; `parsing_type` is the service's own rule."""
    cost = _number("price", price, range(10**6)) or 0
    if fields is None:
        return MessageSettings(parsing_type, cost)
    if not isinstance(fields, Mapping):
        raise IntelecomFieldError("Invalid settings: must be an object")
    _number("age", fields.get("age"), (0, 16, 18))
    _gas(fields.get("gasSettings"))
    if _truth(fields.get("autoDetectEncoding")):
        parsing_type = "AUTO_DETECT"
    elif _truth(fields.get("safeRemoveNonGsmCharacters")):
        parsing_type = "SAFE_REMOVE_NON_GSM"
    extra = _parameters(fields.get("parameter"))
    return MessageSettings(
        parsing_type=extra.get("parsing-type", parsing_type),
        price=cost,
        originator=_originator(fields.get("originatorSettings"), cost),
        priority=_number("priority", fields.get("priority"), range(1, 4)),
        validity=_number("validity", fields.get("validity"), range(_MAX_VALIDITY + 1)),
        window=_window(fields.get("sendWindow")),
        binary=int(extra.get("dcs", "0"), 16) & _ALPHABET_BITS == _EIGHT_BIT,
        report=not _truth(extra.get("skip_customer_report_delivery")),
        new_session=_new_session(fields),
        session_id=fields.get("sessionId"),
    )


def _safe(text: str, *, replace: bool) -> str:
    if replace:
        text = "".join(c if c in GSM else normalize("NFD", c)[0] for c in text)
    return "".join(c for c in text if c in GSM)


def _number(name: str, value: object, allowed: range | tuple[int, ...]) -> int | None:
    if value is None or value == "":
        return None
    try:
        number = int(str(value))
    except ValueError as error:
        raise IntelecomFieldError(f"Invalid {name}: not a number") from error
    if number not in allowed:
        raise IntelecomFieldError(f"Invalid {name}: {number}")
    return number


def _truth(value: object) -> bool:
    return str(value).lower() == "true"


def _gas(fields: object) -> None:
    if fields is None:
        return
    code = str(fields.get("serviceCode")) if isinstance(fields, Mapping) else ""
    if not re.fullmatch(r"[0-9]{5}", code):
        raise IntelecomFieldError("Invalid gasSettings.serviceCode")


def _originator(fields: object, price: int) -> str | None:
    if fields is None:
        return None
    if not isinstance(fields, Mapping):
        raise IntelecomFieldError("Invalid originatorSettings: must be an object")
    originator, kind = fields.get("originator"), fields.get("originatorType")
    if not isinstance(originator, str) or not isinstance(kind, str):
        raise IntelecomFieldError(
            "Invalid originatorSettings: originator and originatorType are both required"
        )
    pattern = _ORIGINATORS.get(kind.upper())
    if pattern is None:
        raise IntelecomFieldError("Invalid originatorType")
    if not re.fullmatch(pattern, originator):
        raise IntelecomFieldError("Invalid originator")
    if price:
        raise IntelecomFieldError("Invalid originator: only allowed when price is 0")
    return originator


def _parameters(value: object) -> dict[str, str]:
    """Return the parameters; both shapes seen in clients are read (wire/puzzel.md, "Sending")."""
    if value is None:
        return {}
    if isinstance(value, Mapping):
        found = {str(key): _text(item) for key, item in value.items()}
    elif isinstance(value, list) and all(isinstance(item, Mapping) and "key" in item for item in value):
        found = {str(item["key"]): _text(item.get("value")) for item in value}
    else:
        raise IntelecomFieldError("Invalid parameter: a list of key and value")
    for key, item in found.items():
        if key in _PARAMETERS and not re.fullmatch(_PARAMETERS[key], item):
            raise IntelecomFieldError(f"Invalid parameter: {key}")
    return found


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _new_session(fields: Mapping[str, object]) -> bool:
    wanted = _truth(fields.get("newSession"))
    origin = fields.get("originatorSettings")
    if wanted and isinstance(origin, Mapping) and str(origin.get("originatorType")).upper() != "NETWORK":
        raise IntelecomFieldError("Invalid newSession: the originatorType must be NETWORK")
    return wanted


def _window(fields: object) -> Window | None:
    if fields is None:
        return None
    if not isinstance(fields, Mapping):
        raise IntelecomFieldError("Invalid sendWindow: must be an object")
    start = _moment(fields, "start")
    if start is None:
        raise IntelecomFieldError("Invalid sendWindow.startDate: missing")
    stop = _moment(fields, "stop")
    if stop is not None and stop <= start:
        raise IntelecomFieldError("Invalid sendWindow: it stops before it starts")
    return Window(start=start, stop=stop)


def _moment(fields: Mapping[str, object], edge: str) -> datetime | None:
    day_text, clock_text = fields.get(f"{edge}Date"), fields.get(f"{edge}Time")
    if not day_text:
        return None
    if not clock_text:
        raise IntelecomFieldError(f"Invalid sendWindow.{edge}Time: missing")
    day, day_zone = _split_zone(str(day_text))
    clock, clock_zone = _split_zone(str(clock_text))
    try:
        moment = datetime.combine(date.fromisoformat(day), time.fromisoformat(clock))
        zone = clock_zone or day_zone
        if zone:
            return datetime.fromisoformat(f"{moment.isoformat()}{zone}").astimezone(UTC)
    except ValueError as error:
        raise IntelecomFieldError(f"Invalid sendWindow.{edge}Date or {edge}Time") from error
    return moment.replace(tzinfo=_CET).astimezone(UTC)


def _split_zone(text: str) -> tuple[str, str]:
    match = re.fullmatch(_ZONED, text)
    return (match[1], match[2] or "") if match else (text, "")
