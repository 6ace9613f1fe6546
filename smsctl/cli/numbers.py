"""Numbers as the commands read and show them: masked, unless somebody asks and is written down."""

import re
from typing import Final

from smsctl.cli.wiring import Wiring
from smsctl.domain.incoming import Incoming
from smsctl.domain.number import NumberReader, why
from smsctl.domain.number_plan import NumberFault
from smsctl.domain.report import Report
from smsctl.domain.spelling import is_code, is_e164, mask, spell, veil_cell, veil_name, veil_numbers
from smsctl.errors import InputError


def reader(wiring: Wiring) -> NumberReader:
    """Return the reader of numbers, with the default country and those that are allowed."""
    settings = wiring.settings
    return NumberReader(settings.default_country_code, frozenset(settings.limits.countries))


def read(wiring: Wiring, raw: str) -> str:
    """Return the number as E.164. Raises InputError with its own sentence for what is wrong with it."""
    reading = reader(wiring).read(raw)
    if reading.number is None:
        raise InputError(why(reading.fault or NumberFault.UNREADABLE, raw))
    if reading.notice:
        wiring.output.warn(reading.notice)
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
    return text if wiring.numbers_in_full else veil_cell(text)


def shown_sender(wiring: Wiring, text: str) -> str:
    """Return who an incoming SMS is from, as a screen may show it: a number, or the one word of a company."""
    return text if len(text) <= _LONGEST_NAME and is_code(text) else shown_written(wiring, text)


def shown_text(wiring: Wiring, text: str) -> str:
    """Return foreign words, as a list may show them."""
    return text if wiring.numbers_in_full else veil_numbers(text)


def shown_incoming(wiring: Wiring, message: Incoming, *, text: str) -> Incoming:
    """Return an incoming SMS but for its sender as it may be shown, with a text that may be."""
    vendor_id = message.vendor_id if wiring.numbers_in_full else veil_name(message.vendor_id)
    return message._replace(receiver=shown_sender(wiring, message.receiver), text=text, vendor_id=vendor_id)


def shown_report(wiring: Wiring, report: Report) -> Report:
    """Return a report as a list may show it: whatever another program's account was told stands in it."""
    if wiring.numbers_in_full:
        return report._replace(number=shown_written(wiring, report.number))
    return report._replace(
        reference=veil_name(report.reference),
        gateway_id=veil_name(report.gateway_id),
        number=shown_written(wiring, report.number),
        code=veil_name(report.code),
        text=veil_numbers(report.text),
        told_at=report.told_at if re.fullmatch(_DATE, report.told_at) else veil_cell(report.told_at),
    )


_LONGEST_NAME: Final = 11  # of a sender that is no number (3GPP TS 23.040)
_DATE: Final = r"20[0-9]{2}-?[01][0-9]-?[0-3][0-9](?:[T ][0-9:.]{4,}(?:Z|[+-][0-9:]{4,6})?)?"
