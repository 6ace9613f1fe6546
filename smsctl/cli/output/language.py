"""Sentences in the reader's language. English stands in the code; JSON is never translated.

Where a config was named with --config, every command that a sentence tells to type names it too: without it
the command would look into another ledger, or find none.

The catalogues are compiled out of translations/ when smsctl is built. Where one lacks a sentence, or has it
wrong, English is shown.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

import smsctl
from smsctl.cli.output import clauses
from smsctl.cli.output.blocks import Text
from smsctl.errors import Sentence, filled, say
from smsctl.host import process

VARIABLE = "SMSCTL_LANGUAGE"
CATALOGUES = Path(smsctl.__file__).parent / "locale"
_POSIX_ORDER = ("LC_ALL", "LC_MESSAGES", "LANG")
_SWEDISH = ("sv", "swedish")  # as POSIX and Windows name it
_FOREIGN = "{}"  # the template of what is no sentence of ours
_PROGRAM = "smsctl"


class _Catalogue(Protocol):
    def gettext(self, message: str, /) -> str: ...
    def ngettext(self, singular: str, plural: str, n: int, /) -> str: ...


class _English:
    """The sentences as they stand in the code."""

    def gettext(self, message: str, /) -> str:
        return message

    def ngettext(self, singular: str, plural: str, n: int, /) -> str:
        return singular if n == 1 else plural


_ENGLISH = _English()


class _Spoken:
    """What this process speaks, as a process has one locale."""

    name = "en"
    catalogue: _Catalogue = _ENGLISH
    config: Path | None = None  # that was named with --config
    program: str | None = None  # the pattern: where it stands before a command, and is not only spoken of


def speak(configured: str | None, environ: Mapping[str, str]) -> None:
    """Show everything from now on in one language: $SMSCTL_LANGUAGE's, the config's, or the system's."""
    wanted = environ.get(VARIABLE) or configured or _of_system(environ)
    _Spoken.name = "sv" if wanted.casefold().startswith(_SWEDISH) else "en"
    _Spoken.catalogue = _ENGLISH if _Spoken.name == "en" else _catalogue(_Spoken.name)


def name_the_config(config: Path | None, commands: Iterable[str]) -> None:
    """Let every command that is told to be typed name this config, from now on; None: none was named.

    `commands` are the first words of all of them.
    """
    _Spoken.config = config
    _Spoken.program = rf"\b{_PROGRAM}(?= (?:{'|'.join(commands)})\b)" if config else None


@contextmanager
def told_elsewhere() -> Iterator[None]:
    """Name the config by its whole path: for whoever reads a mail, and stands in another folder."""
    before = _Spoken.config
    _Spoken.config = before and before.absolute()
    try:
        yield
    finally:
        _Spoken.config = before


def program() -> str:
    """Return what is typed before a command: the program, with the config where one was named."""
    if _Spoken.config is None:
        return _PROGRAM
    import shlex

    return shlex.join([_PROGRAM, "--config", str(_Spoken.config)])


def spoken() -> str:
    """Return the code of the language: sv or en."""
    return _Spoken.name


def words(text: Text) -> str:
    """Return what a person reads; a `str` is shown as it is."""
    return _told(text, _Spoken.catalogue)


def english(text: Text) -> str:
    """Return what a program reads, whatever a person does."""
    return _told(text, _ENGLISH)


def verbatim(text: str) -> str:
    """Return a text that has no places, braces and all, as it is translated: a page of help."""
    return _Spoken.catalogue.gettext(text) if text else text


def whole(text: Text) -> str:
    """Return a clause as a whole sentence: what may stand inside another is told alone here."""
    return clauses.whole(words(text), _template(text, _Spoken.catalogue))


def opened(text: Text) -> str:
    """Return a clause with a capital letter, as it is told alone."""
    return clauses.opened(words(text), _template(text, _Spoken.catalogue))


def _told(text: Text, catalogue: _Catalogue) -> str:
    if isinstance(text, str):
        return text
    values = {name: _value(value, catalogue) for name, value in text.values.items()}
    try:
        return filled(_template(text, catalogue), values)
    except (LookupError, ValueError, TypeError, AttributeError):  # a place that the English does not have
        return str(text)


def _value(value: object, catalogue: _Catalogue) -> object:
    told = _OF_THE_SYSTEM.get(str(value), value) if isinstance(value, str | Exception) else value
    return _told(told, catalogue) if isinstance(told, Sentence) else told


def _template(text: Text, catalogue: _Catalogue) -> str:
    if isinstance(text, str):
        return _FOREIGN
    if text.plural is None:
        template = catalogue.gettext(text.template)
    else:
        n = text.values["n"]
        template = catalogue.ngettext(text.template, text.plural, n if isinstance(n, int) else 0)
    if _Spoken.program is None or _PROGRAM not in template:
        return template
    typed = program().replace("{", "{{").replace("}", "}}")
    return re.sub(_Spoken.program, lambda _: typed, template)


def _catalogue(name: str) -> _Catalogue:
    import gettext

    return gettext.translation("smsctl", CATALOGUES, [name], fallback=True)


def _of_system(environ: Mapping[str, str]) -> str:
    if process.IS_WINDOWS and not any(environ.get(name) for name in _POSIX_ORDER):
        import locale

        return locale.getlocale()[0] or ""
    return next((environ[name] for name in _POSIX_ORDER if environ.get(name)), "")


_OF_THE_SYSTEM = {
    str(told): told
    for told in (
        say("Address already in use"),
        say("Bad file descriptor"),
        say("Broken pipe"),
        say("Connection refused"),
        say("Connection reset by peer"),
        say("Connection timed out"),
        say("Device or resource busy"),
        say("File exists"),
        say("File name too long"),
        say("Input/output error"),
        say("Is a directory"),
        say("Name or service not known"),
        say("Network is unreachable"),
        say("No route to host"),
        say("No space left on device"),
        say("No such file or directory"),
        say("Not a directory"),
        say("Operation not permitted"),
        say("Permission denied"),
        say("Read-only file system"),
        say("Temporary failure in name resolution"),
        say("Too many levels of symbolic links"),
        say("Too many open files"),
        say("database disk image is malformed"),
        say("database is locked"),
        say("database or disk is full"),
        say("disk I/O error"),
        say("file is not a database"),
        say("unable to open database file"),
    )
}
"""What the operating system and SQLite say of themselves, as far as a person meets it."""
