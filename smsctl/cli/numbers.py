"""Numbers as the commands read and show them: masked, unless somebody asks and is written down."""

from smsctl.cli.wiring import Wiring
from smsctl.domain.number import NumberFault, NumberReader, mask, spell, why
from smsctl.errors import InputError

_CLEAR_DIGITS = 2


def reader(wiring: Wiring) -> NumberReader:
    """Return the reader of numbers, with the default country and those that are allowed."""
    settings = wiring.settings
    return NumberReader(settings.default_country_code, frozenset(settings.limits.countries))


def read(wiring: Wiring, raw: str) -> str:
    """Return the number as E.164; raise InputError with its own sentence for what is wrong with it."""
    reading = reader(wiring).read(raw)
    if reading.number is None:
        raise InputError(why(reading.fault or NumberFault.UNREADABLE, raw))
    if reading.notice:
        wiring.teller.warn(reading.notice)
    return reading.number


def shown(wiring: Wiring, number: str) -> str:
    """Return an E.164 number as a screen may show it."""
    if not number:
        return ""
    return spell(number) if wiring.numbers_in_full else mask(number)


def shown_sender(wiring: Wiring, sender: str) -> str:
    """Return what an SMS or a report names as a number, which may be a name or a short number."""
    return shown(wiring, sender) if sender.startswith("+") else shown_raw(wiring, sender)


def shown_raw(wiring: Wiring, text: str) -> str:
    """Return what stands in a number column, which may be no number at all, as a screen may show it."""
    digits = [letter for letter in text if letter.isdecimal()]
    if wiring.numbers_in_full or not digits:
        return text
    return "*" * max(len(digits) - _CLEAR_DIGITS, 0) + "".join(digits[-_CLEAR_DIGITS:])
