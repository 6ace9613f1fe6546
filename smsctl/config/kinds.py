"""The kinds of value a key can hold: each reads a TOML value into a Python one, or refuses in words.

A refusal never repeats the value: it may be a password on the wrong line.
"""

import re
from collections.abc import Callable
from datetime import date, time, timedelta
from pathlib import Path
from typing import NamedTuple

from smsctl.domain.moment import Pause, QuietHours
from smsctl.errors import Sentence, say

_LONGEST_TEXT = 200


class UnfitValueError(Exception):
    """The value does not fit; `why` says what would."""

    def __init__(self, why: Sentence) -> None:
        """Keep the sentence for the list of problems."""
        super().__init__(str(why))
        self.why = why


class ValueKind(NamedTuple):
    """One kind of value: how the reference names it, and how it is read.

    `read` takes the TOML value and the folder of the config file, and refuses with UnfitValueError.
    """

    words: str
    read: Callable[[object, Path], object]
    as_written: bool = False  # what fits is held as it stands in the file
    is_list: bool = False


def pattern(words: str, shape: str, why: Sentence) -> ValueKind:
    """Return the kind for a text that matches the whole of a pattern."""

    def read(value: object, _folder: Path) -> object:
        if not re.fullmatch(shape, found := line(value)):
            raise UnfitValueError(why)
        return found

    return ValueKind(words, read, as_written=True)


def choice(*names: str) -> ValueKind:
    """Return the kind for one out of a few words."""
    listed = ", ".join(f'"{name}"' for name in names)

    def read(value: object, _folder: Path) -> object:
        if value not in names:
            raise UnfitValueError(say("must be one of {names}", names=listed))
        return value

    return ValueKind(f"one of {listed}", read)


def whole(least: int, most: int = 2_000_000_000) -> ValueKind:
    """Return the kind for a whole number within limits, both included."""

    def read(value: object, _folder: Path) -> int:
        if isinstance(value, str) and value.isdecimal():
            raise UnfitValueError(say("must be a whole number, without quotation marks"))
        if isinstance(value, bool) or not isinstance(value, int):
            raise UnfitValueError(say("must be a whole number"))
        if not least <= value <= most:
            raise UnfitValueError(say("must be from {least} to {most}", least=least, most=most))
        return value

    return ValueKind("whole number", read)


def several(kind: ValueKind) -> ValueKind:
    """Return the kind for a list of values of one kind."""

    def read(value: object, folder: Path) -> tuple[object, ...]:
        if not isinstance(value, list):
            raise UnfitValueError(say('must be a list: ["…", "…"]'))
        return tuple(kind.read(item, folder) for item in value)

    return ValueKind(f"list of {kind.words}", read, is_list=True)


def price(decimals: int) -> ValueKind:
    """Return the kind for an amount in SEK, read into whole units of that decimal: 2 gives öre.

    Money is never a float: 4900.10 has no exact binary form.
    """
    example = "4900.00" if decimals == _ORE_DECIMALS else "0.395"
    shape = rf"([0-9]{{1,9}})(?:[.,]([0-9]{{1,{decimals}}}))?"

    def read(value: object, _folder: Path) -> int:
        if not isinstance(value, str):
            raise UnfitValueError(
                say('must be an amount in quotation marks, as "{example}"', example=example)
            )
        found = re.fullmatch(shape, value.strip())
        if found is None:
            raise UnfitValueError(
                say('must be SEK with at most {n} decimals, as "{example}"', n=decimals, example=example)
            )
        return int(found[1] + (found[2] or "").ljust(decimals, "0"))

    return ValueKind(f'amount in SEK, such as "{example}"', read)


def _is_host(name: str) -> bool:
    """Say whether a host can be looked up at all: Python raises where a name has an empty or a long label."""
    if ":" not in name:
        return re.fullmatch(_LABELS, name) is not None
    from ipaddress import AddressValueError, IPv6Address

    try:
        return bool(IPv6Address(name.strip("[]")))
    except AddressValueError:
        return False


def address(*schemes: str) -> ValueKind:
    """Return the kind for scheme and host of a server; http only where `schemes` say or on loopback."""

    def read(value: object, _folder: Path) -> str:
        found = re.fullmatch(_URL, line(value))
        if found is None or not 0 < int(found["port"] or 1) < _PORTS or not _is_host(found["host"]):
            raise UnfitValueError(say('must be an address such as "https://smsgw.puzzel.com"'))
        scheme, login, host = found["scheme"].lower(), found["login"], found["host"].lower()
        if login:
            raise UnfitValueError(say("must hold no user name and no password"))
        if scheme not in schemes and not (scheme == "http" and host in _LOOPBACK):
            sentence = say(
                'must start with "https://": the password would travel readable over {scheme}', scheme=scheme
            )
            raise UnfitValueError(sentence)
        return str(value).rstrip("/")

    return ValueKind("address", read)


def line(value: object, longest: int = _LONGEST_TEXT) -> str:
    """Return a text of one line. Raises UnfitValueError for anything else."""
    if not isinstance(value, str):
        raise UnfitValueError(say('must be a text in quotation marks: "…"'))
    if not value.strip():
        raise UnfitValueError(say("must not be empty; leave the line out instead"))
    if not value.isprintable():
        raise UnfitValueError(say("must hold no line break and nothing else that cannot be shown"))
    if len(value) > longest:
        raise UnfitValueError(say("must have at most {n} characters", n=longest))
    return value


def _flag(value: object, _folder: Path) -> bool:
    if not isinstance(value, bool):
        raise UnfitValueError(say("must be true or false, without quotation marks"))
    return value


def _priority(value: object, _folder: Path) -> int:
    if isinstance(value, str) and value in _PRIORITIES:
        return _PRIORITIES.index(value) + 1
    if isinstance(value, bool) or value not in (1, 2, 3) or not isinstance(value, int):
        raise UnfitValueError(say('must be 1, 2, 3, "low", "normal" or "high"; 3 and "high" are fastest'))
    return value


def _duration(value: object, _folder: Path) -> timedelta:
    written = value.strip() if isinstance(value, str) else ""
    number, unit_s = written[:-1].rstrip(), _UNITS_S.get(written[-1:])
    is_number = number.isascii() and number.isdecimal() and len(number) <= _UNITS_DIGITS
    if unit_s is None or not is_number or not int(number):
        raise UnfitValueError(say('must be a time above 0 with its unit: "30s", "90m", "4h" or "2d"'))
    return timedelta(seconds=int(number) * unit_s)


def _share(value: object, _folder: Path) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= 1:
        raise UnfitValueError(say("must be a share above 0 and up to 1, as 0.8 for 80 %"))
    return float(value)


def _time_zone(value: object, _folder: Path) -> str:
    name = line(value)
    # The usual zone is not looked up: zoneinfo would cost every start a share of its time.
    if name != "Europe/Stockholm":
        from zoneinfo import ZoneInfo

        try:
            ZoneInfo(name)
        except (KeyError, ValueError, OSError):
            raise UnfitValueError(
                say('must be a time zone that is known here, as "Europe/Stockholm"')
            ) from None
    return name


def _quiet_hours(value: object, _folder: Path) -> QuietHours | None:
    if value is False:
        return None
    found = re.fullmatch(_HOURS, value.strip()) if isinstance(value, str) else None
    try:
        if found is not None and found[1] != found[2]:
            return QuietHours(start=time.fromisoformat(found[1]), end=time.fromisoformat(found[2]))
    except ValueError:
        pass
    raise UnfitValueError(say('must be two times of day, as "21:00-07:00", or false'))


def _days(value: object, _folder: Path) -> Pause:
    first, _, last = (value if isinstance(value, str) else "").partition("..")
    try:
        found = Pause(
            first=date.fromisoformat(first.strip()), last=date.fromisoformat((last or first).strip())
        )
    except ValueError:
        raise UnfitValueError(say('must be days such as "2026-12-21..2027-01-08"')) from None
    if found.first > found.last:
        raise UnfitValueError(say("must begin before it ends"))
    return found


def _mail_template(value: object, _folder: Path) -> str:
    template = line(value)
    places = re.findall(r"\{(.*?)\}", template)
    left = re.sub(r"\{(number|service_id)\}", "", template)
    if "number" not in places or "{" in left or "}" in left or left.count("@") != 1:
        sentence = say(
            "must be a mail address with {number} in it, and no other place than {service_id}",
            number="{number}",
            service_id="{service_id}",
        )
        raise UnfitValueError(sentence)
    return template


def _network(value: object, _folder: Path) -> str:
    from ipaddress import ip_network

    written = line(value)
    try:
        return str(ip_network(written, strict=False))
    except ValueError:
        raise UnfitValueError(say('must be an address or a network, as "192.0.2.0/24"')) from None


def _table(value: object, _folder: Path) -> dict[str, object]:
    if not isinstance(value, dict):
        raise UnfitValueError(say("must be a table"))
    return dict(value)


_ORE_DECIMALS = 2
_PRIORITIES = ("low", "normal", "high")
_LOOPBACK = ("localhost", "127.0.0.1", "[::1]")
_UNITS_DIGITS = 6
_UNITS_S = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
# Texts, not compiled: a start uses few of them, and re keeps what it has compiled.
_HOURS = r"([0-9]{2}:[0-9]{2})\s*-\s*([0-9]{2}:[0-9]{2})"
_URL = r"(?P<scheme>[A-Za-z]+)://(?P<login>[^/@]*@)?(?P<host>[A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(:(?P<port>[0-9]{1,5}))?/?"
_PORTS = 65_536
_LABELS = r"(?=.{1,253}\Z)(?:[A-Za-z0-9-]{1,63}\.)*[A-Za-z0-9-]{1,63}\.?"

TEXT = ValueKind("text", lambda value, _folder: line(value))
FLAG = ValueKind("true or false", _flag)
PRIORITY = ValueKind('1, 2, 3, "low", "normal" or "high"', _priority)
DURATION = ValueKind('time with its unit: "30s", "90m", "4h", "2d"', _duration)
SECONDS = ValueKind(DURATION.words, lambda value, folder: _duration(value, folder).total_seconds())
SHARE = ValueKind("share from 0 to 1", _share)
PRICE = price(_ORE_DECIMALS)
PART_PRICE = price(4)
SERVER = address("https")
PROXY = address("https", "http")
TIME_ZONE = ValueKind('time zone, as "Europe/Stockholm"', _time_zone)
DAYS = ValueKind('days, as "2026-12-21..2027-01-08"', _days)
QUIET_HOURS = ValueKind('two times of day, as "21:00-07:00", or false', _quiet_hours)
MAIL_TEMPLATE = ValueKind("mail address with {number} in it", _mail_template, as_written=True)
MAIL_ADDRESS = pattern("mail address", r"[^@\s]+@[^@\s]+", say('must be a mail address, as "sms@example.se"'))
HOST = pattern(
    "host name",
    rf"{_LABELS}|[0-9A-Fa-f.]*:[0-9A-Fa-f:.]*",
    say('must be a host name or address, as "mail.example.se"'),
)
NETWORK = ValueKind('address or network, as "192.0.2.0/24"', _network)
HEADER = pattern("name of a header", r"[A-Za-z][A-Za-z0-9-]*", say('must be a name such as "X-API-Key"'))
USERNAME = pattern("user name", r"[^\s:]+", say("must be a user name without spaces and colons"))
MODULE = pattern("name of a gateway", r"[a-z][a-z0-9_]*", say('must be a name such as "intelecom"'))
WEB_PATH = pattern("path on the gateway's server", r"/\S*", say('must start with "/"'))
CREDENTIAL_NAME = pattern(
    "name", r"[A-Za-z0-9_-][A-Za-z0-9_.-]*", say("may hold letters, digits and - _ . only")
)
VARIABLE = pattern("name of a variable", r"[A-Za-z_][A-Za-z0-9_]*", say("must be the name of a variable"))
COUNTRY_CODE = pattern(
    'country code, as "+46"', r"\+[1-9][0-9]{0,2}", say('must be a country code, as "+46"')
)
TABLE = ValueKind("table", _table)
