"""Sentences in the reader's language. English stands in the code; JSON is never translated.

The catalogues are compiled out of translations/ when smsctl is built. Where one lacks a sentence, or has it
wrong, English is shown.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

import smsctl
from smsctl.cli.output import clauses
from smsctl.cli.output.blocks import Text
from smsctl.errors import Sentence, filled
from smsctl.host import process

VARIABLE = "SMSCTL_LANGUAGE"
CATALOGUES = Path(smsctl.__file__).parent / "locale"
_POSIX_ORDER = ("LC_ALL", "LC_MESSAGES", "LANG")
_SWEDISH = ("sv", "swedish")  # as POSIX and Windows name it
_FOREIGN = "{}"  # the template of what is no sentence of ours


class _Catalogue(Protocol):
    def gettext(self, message: str, /) -> str: ...
    def ngettext(self, one: str, many: str, n: int, /) -> str: ...


class _English:
    """The sentences as they stand in the code."""

    def gettext(self, message: str, /) -> str:
        return message

    def ngettext(self, one: str, many: str, n: int, /) -> str:
        return one if n == 1 else many


class _Spoken:
    """What this process speaks, as a process has one locale."""

    name = "en"
    catalogue: _Catalogue = _English()


def speak(configured: str | None, environ: Mapping[str, str]) -> None:
    """Show everything from now on in one language: $SMSCTL_LANGUAGE's, the config's, or the system's."""
    wanted = environ.get(VARIABLE) or configured or _of_system(environ)
    _Spoken.name = "sv" if wanted.casefold().startswith(_SWEDISH) else "en"
    _Spoken.catalogue = _English() if _Spoken.name == "en" else _catalogue(_Spoken.name)


def spoken() -> str:
    """Return the code of the language: sv or en."""
    return _Spoken.name


def words(text: Text) -> str:
    """Return what a person reads; a `str` is shown as it is."""
    if isinstance(text, str):
        return text
    try:
        return filled(_template(text), {name: _value(value) for name, value in text.values.items()})
    except (LookupError, ValueError, TypeError, AttributeError):  # a place that the English does not have
        return str(text)


def verbatim(text: str) -> str:
    """Return a text that has no places, braces and all, as it is translated: a page of help."""
    return _Spoken.catalogue.gettext(text) if text else text


def whole(text: Text) -> str:
    """Return a clause as a whole sentence: what may stand inside another is told alone here."""
    return clauses.whole(words(text), _FOREIGN if isinstance(text, str) else _template(text))


def opened(text: Text) -> str:
    """Return a clause with a capital letter, as it is told alone."""
    return clauses.opened(words(text), _FOREIGN if isinstance(text, str) else _template(text))


def _value(value: object) -> object:
    return words(value) if isinstance(value, Sentence) else value


def _template(text: Sentence) -> str:
    catalogue = _Spoken.catalogue
    if text.plural is None:
        return catalogue.gettext(text.template)
    n = text.values["n"]
    return catalogue.ngettext(text.template, text.plural, n if isinstance(n, int) else 0)


def _catalogue(name: str) -> _Catalogue:
    import gettext

    return gettext.translation("smsctl", CATALOGUES, [name], fallback=True)


def _of_system(environ: Mapping[str, str]) -> str:
    if process.IS_WINDOWS and not any(environ.get(name) for name in _POSIX_ORDER):
        import locale

        return locale.getlocale()[0] or ""
    return next((environ[name] for name in _POSIX_ORDER if environ.get(name)), "")
