"""SuperOffice's plugin configuration, as the supplier hands it out, taken into a config file.

One `key=value` a line (wire/superoffice.md). The password goes back to the caller, never into the file.
"""

import re
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from smsctl.config.write import set_values, value_of
from smsctl.domain.secret import Secret
from smsctl.errors import InputError, Sentence, say

_NO_REPORTS = "delivery_confirmation"  # SuperOffice says when not to ask
_MODULES = {"intele": "intelecom", "pswin": "pswincom"}
_KEYS = {"serviceid": "service_id", "username": "username", "nostatusreport": _NO_REPORTS}
_KEPT_APART = "password"
_YES = {"true", "1", "yes"}
_NO = {"false", "0", "no"}
_NAME = re.compile("[A-Za-z_]+")
_FURTHER = r"(?i)\b(?:intele|pswin)_[a-z]+\s*="


class Imported(NamedTuple):
    """What became of a plugin block."""

    settings: tuple[tuple[str, object], ...]  # full name and value, as written to the config
    secret: Secret | None  # for the caller to store
    notices: tuple[Sentence, ...]  # the lines that were not used


def import_plugin_block(
    path: Path, text: str, store: Callable[[Secret], object] = lambda _secret: None
) -> Imported:
    """Set in the config file at `path` what the block says.

    The secret is handed to `store` first: where it cannot be kept, the file stays as it is.

    Raises InputError: the text is no plugin block, or names two gateways. Raises ConfigError: a value does
    not fit, or the config would not load with it.
    """
    found, notices = _read(text)
    modules = sorted({module for module, _ in found})
    if not modules:
        raise InputError(
            say("this is no plugin configuration: no line begins with intele_ or pswin_"),
            hint=say("paste the lines as the supplier sent them, one key=value a line"),
        )
    if len(modules) > 1:
        raise InputError(
            say("the plugin configuration names two gateways: {names}", names=", ".join(modules))
        )
    values: dict[tuple[str, ...], object] = {("gateway", "module"): modules[0]}
    secret = None
    for (_, name), written in found.items():
        if name == _KEPT_APART:
            secret = Secret(written)
        elif name == _NO_REPORTS:
            values["gateway", name] = written.lower() not in _YES
        else:
            values["gateway", name] = value_of(("gateway", name), written, path)
    if secret is not None:
        store(secret)
    set_values(path, values)
    settings = tuple((".".join(place), value) for place, value in values.items())
    return Imported(settings, secret, notices)


def _read(text: str) -> tuple[dict[tuple[str, str], str], tuple[Sentence, ...]]:
    """Return the value of each (module, key), and the lines that are not used."""
    found: dict[tuple[str, str], str] = {}
    notices = []
    for number, line in enumerate(text.removeprefix("\ufeff").splitlines(), 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        written, equals, value = line.partition("=")
        prefix, _, rest = written.strip().lower().partition("_")
        name = _KEPT_APART if rest == _KEPT_APART else _KEYS.get(rest)
        if not equals or prefix not in _MODULES or name is None:
            notices.append(_not_used(number, written.strip() if equals else None))
        elif not value.strip():
            notices.append(say("line {line} has no value: {key}", line=number, key=written.strip()))
        elif name == _NO_REPORTS and value.strip().lower() not in _YES | _NO:
            notices.append(_not_used(number, written.strip()))
        elif re.search(_FURTHER, value):  # it may be the password, which would be kept as a part of this
            raise InputError(
                say("line {line} holds several keys; write each on a line of its own", line=number)
            )
        elif found.setdefault((_MODULES[prefix], name), value.strip()) != value.strip():
            raise InputError(
                say("line {line}: {key} has another value above", line=number, key=written.strip())
            )
    return found, tuple(notices)


def _not_used(number: int, key: str | None) -> Sentence:
    """Tell of a line by its key alone, where it is the name of one: all else may be a password."""
    if key is None or not _NAME.fullmatch(key):
        return say("line {line} is not used: it is not key=value", line=number)
    return say("line {line} is not used: {key}", line=number, key=key)
