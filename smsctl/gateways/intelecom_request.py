"""The request to Intelecom: JSON, with what its messages share encoded once (wire/puzzel.md)."""

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from smsctl.domain import gsm7
from smsctl.domain.gateway import Options
from smsctl.domain.message import Batch, Letter


def request(options: Options, batch: Batch) -> bytes:
    """Return the body: the common fields as JSON, the messages joined from encoded pieces."""
    from json.encoder import JSONEncoder  # a plan needs none
    from json.encoder import encode_basestring_ascii as text

    encode = JSONEncoder(separators=(",", ":")).encode  # ASCII: no charset can be guessed wrong
    common = {
        "serviceId": options.service_id,
        "username": options.username,
        "password": options.revealed_password(),
        "batchReference": batch.reference,
    }
    if batch.bodies:
        messages = _personal(options, batch, encode)
    else:
        middle, tail = _around(options, batch.letter, batch.letter.text.body, encode)
        messages = ",".join(
            [
                f'{{"recipient":{text(number)}{middle}{text(reference)}{tail}'
                for reference, number in zip(batch.references, batch.numbers, strict=True)
            ]
        )
    return f'{encode(common)[:-1]},"message":[{messages}]}}'.encode()


def _around(options: Options, letter: Letter, body: str, encode: Callable[[object], str]) -> tuple[str, str]:
    """Return what stands behind a message's number, and behind its reference."""
    settings = _settings(options, letter, body)
    tail = f',"settings":{encode(settings)}}}' if settings else "}"
    return f',"content":{encode(body)},"clientReference":', tail


def _personal(options: Options, batch: Batch, encode: Callable[[object], str]) -> str:
    """Return the messages of a batch in which each has its own text; only some may need UCS-2."""
    from json.encoder import encode_basestring_ascii as text

    tails = [_around(options, batch.letter, sample, encode)[1] for sample in _SAMPLES]
    plain = gsm7.can_spell_all(batch.bodies)
    columns = zip(batch.references, batch.numbers, batch.bodies, plain, strict=True)
    return ",".join(
        [
            f'{{"recipient":{text(number)},"content":{text(body)},"clientReference":{text(reference)}'
            f"{tails[not is_plain]}"
            for reference, number, body, is_plain in columns
        ]
    )


def _settings(options: Options, letter: Letter, body: str) -> dict[str, object]:
    """Return what every message of the batch asks for; what is left out the service decides."""
    settings: dict[str, object] = {}
    if letter.priority is not None:
        settings["priority"] = int(letter.priority)
    if letter.validity is not None:
        settings["validity"] = validity_code(letter.validity)
    if letter.sender is not None:
        kind = originator_type(letter.sender)
        settings["originatorSettings"] = {"originator": letter.sender, "originatorType": kind}
    if letter.send_at is not None:
        settings["sendWindow"] = _window(letter.send_at)
    if letter.cost_centre is not None:
        settings["differentiator"] = letter.cost_centre
    if (node := letter.cost_centre or letter.invoice_node) is not None:
        settings["invoiceNode"] = node
    if parameters := _parameters(options, letter, body):
        settings["parameter"] = [{"key": key, "value": value} for key, value in parameters]
    return settings


def _parameters(options: Options, letter: Letter, body: str) -> list[tuple[str, str]]:
    parameters = []
    if gsm7.septets(body) is None:
        parameters.append(("parsing-type", "AUTO_DETECT"))
    if not (letter.want_report and options.delivery_confirmation):
        parameters.append(("skip_customer_report_delivery", "true"))
    return parameters


def originator_type(sender: str) -> str:
    """Return the type that the sender's shape means (wire/puzzel.md, "Sender")."""
    if sender.startswith("+"):
        return "INTERNATIONAL"
    return "NETWORK" if re.fullmatch(_SHORT_NUMBER, sender) else "ALPHANUMERIC"


def validity_code(validity: timedelta) -> int:
    """Return the smallest code that is not shorter; 173, seven days, is the longest.

    wire/puzzel.md, "Priority and validity".
    """
    if validity <= timedelta(hours=12):
        return max(_ceil(validity, timedelta(minutes=5)) - 1, 0)
    if validity <= timedelta(hours=24):
        return 143 + _ceil(validity - timedelta(hours=12), timedelta(minutes=30))
    return min(166 + _ceil(validity, timedelta(days=1)), 173)


def _ceil(period: timedelta, unit: timedelta) -> int:
    return -(-period // unit)


def _window(start: datetime) -> dict[str, str]:
    """Return when sending may begin; the offset is spelt out, for what "CET" means here is not told."""
    text = start.isoformat(timespec="seconds")
    return {"startDate": text[:10] + text[19:], "startTime": text[11:]}


_SAMPLES: Final = ("A", "Ж")
"""A text of each alphabet: what a message asks for beside its text depends on nothing else of it."""
_SHORT_NUMBER = "[0-9]{3,6}"
