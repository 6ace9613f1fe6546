"""Numbers as the commands read and show them: masked, unless somebody asks and is written down."""

from smsctl.cli.wiring import Wiring
from smsctl.domain.number import NumberFault, NumberReader, why
from smsctl.domain.spelling import is_e164, mask, spell, veil
from smsctl.errors import InputError


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


def shown_written(wiring: Wiring, text: str) -> str:
    """Return what stands where a number should, as a screen may show it; it may be a name or a mistake."""
    if is_e164(text):
        return shown(wiring, text)
    return text if wiring.numbers_in_full else veil(text)
