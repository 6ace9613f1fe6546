"""The config file read into frozen settings, or refused with every problem at once."""

import codecs
import os
import re
import tomllib
from collections.abc import Iterable
from pathlib import Path
from types import MappingProxyType
from typing import Any, BinaryIO

from smsctl.config import places, settings
from smsctl.config.keys import BY_SECTION, Section, section_of
from smsctl.config.rules import check, default_municipality, names_of
from smsctl.config.walk import Problem, Values, read_values
from smsctl.domain.secret import SecretPlace, SecretSource
from smsctl.errors import ConfigError, Sentence, say, say_n
from smsctl.host import named_files

find = places.find

_LARGEST = 1_000_000
_DEEPEST = 20  # tables and lists in each other; no key of ours lies deeper than four


def load(path: Path) -> settings.Settings:
    """Read the config file.

    Raises ConfigError: it cannot be read, is not TOML, or is wrong; `problems` names every key and line.
    """
    return parse(read_text(path), path)


def _opened(path: Path) -> BinaryIO:
    """Open the config file, as it is kept where this process may not open it any more."""
    try:
        return path.open("rb")
    except PermissionError:
        handle = named_files.kept(path)
        if handle is None:
            raise
        os.lseek(handle, 0, os.SEEK_SET)
        return os.fdopen(handle, "rb")


def read_text(path: Path) -> str:
    """Return the text of a config file; a byte order mark, which Notepad writes, is dropped."""
    try:
        with _opened(path) as file:
            data = file.read(_LARGEST + 1)
    except FileNotFoundError:
        raise ConfigError(
            say("there is no config file {path}", path=path), hint=say("make one with `smsctl config init`")
        ) from None
    except OSError as error:
        raise ConfigError(
            say("the config file {path} cannot be read: {reason}", path=path, reason=error.strerror)
        ) from None
    try:
        if len(data) <= _LARGEST and 0 not in data:
            return data.removeprefix(codecs.BOM_UTF8).decode()
    except UnicodeDecodeError:
        pass
    raise ConfigError(
        say("{path} is no config file: it is not a text in UTF-8 below 1 MB", path=path),
        hint=say("open it in Notepad or another editor and save it as UTF-8"),
    )


def parse(text: str, path: Path) -> settings.Settings:
    """Read the text of a config file that lies at `path`; relative paths in it start there.

    Raises ConfigError: as `load`.
    """
    path = path.parent.resolve() / path.name
    document = read_document(text, path)
    values, problems = read_values(document, path.parent)
    problems += check(values)
    if problems:
        raise _refusal(problems, text, path)
    return _settings(values, path)


def read_document(text: str, path: Path) -> dict[str, Any]:
    """Return the text as tomllib reads it.

    Raises ConfigError: it is not TOML, or a key stands twice.
    """
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise _not_toml(str(error), text, path) from None
    except RecursionError:
        raise _too_deep(path) from None
    except ValueError:  # Python has a limit of its own
        what = say("A number in it has too many digits.")
        raise ConfigError(say("{path} cannot be read.", path=path), problems=[what]) from None
    level: list[object] = [document]
    for _ in range(_DEEPEST):
        level = [below for one in level for below in _below(one)]
    if level:
        raise _too_deep(path)
    return document


def _below(value: object) -> Iterable[object]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()


def _too_deep(path: Path) -> ConfigError:
    return ConfigError(
        say("the config file {path} is nested deeper than {n} levels", path=path, n=_DEEPEST),
        hint=say("compare it with config.example.toml"),
    )


def _settings(values: Values, path: Path) -> settings.Settings:
    fields = {section: _fields(section, values) for section in values}
    for section, given in fields.items():  # a secret and a retention are a field of what they stand in
        if "source" in given:
            source = SecretPlace(given["source"])
            fields[section[:-1]][section[-1]] = SecretSource(**given | {"source": source})
        elif section[2:] == ("retention",):
            fields[section[:-1]]["retention"] = settings.RetentionSettings(**given)
    limits, ledger = fields["limits",], fields["ledger",]
    top = fields[()]
    limits["countries"] = limits["countries"] or (top["default_country_code"],)
    ledger["path"] = places.ledger_of(path, ledger["written"])
    if ledger["address"]:
        ledger["path"] = (ledger["state"] or ledger["path"].parent) / places.HOST_FILES
    ledger["simulate_path"] = places.simulated(ledger["path"])
    smtp = fields.get(("smtp",))
    municipalities = {
        key: settings.MunicipalitySettings(key=key, **given)
        for key, given in names_of("municipalities", fields).items()
    }
    senders = {
        name: settings.SenderRule(name=name, **given) for name, given in names_of("senders", fields).items()
    }
    top |= {
        "path": path,
        "mode": settings.Mode(top["mode"]),
        "default_municipality": default_municipality(values),
        "gateway": settings.GatewaySettings(**fields["gateway",]),
        "smtp": smtp and settings.SmtpSettings(**smtp),
        "municipalities": MappingProxyType(municipalities),
        "carry": fields["columns",].pop("carry") or (),
        "columns": MappingProxyType({name: one for name, one in fields["columns",].items() if one}),
        "limits": settings.LimitsSettings(**limits),
        "approval": settings.ApprovalSettings(**fields["approval",]),
        "ledger": settings.LedgerSettings(**ledger),
        "log_path": fields["log",]["path"],
        "retention": settings.RetentionSettings(**fields["retention",]),
        "notify": settings.NotifySettings(**fields["notify",]),
        "reports": settings.ReportsSettings(**fields["reports",]),
        "senders": MappingProxyType(senders),
    }
    return settings.Settings(**top)


def _fields(section: Section, values: Values) -> dict[str, Any]:
    """Return the values of a section under the names of its dataclass."""
    keys = BY_SECTION[section_of(section) or ()]
    return {keys[name].target: _frozen(value) for name, value in values[section].items()}


def _frozen(value: object) -> object:
    return MappingProxyType(value) if isinstance(value, dict) else value


def _refusal(problems: list[Problem], text: str, path: Path) -> ConfigError:
    from smsctl.config.lines import find_lines, line_of

    lines = find_lines(text)
    placed = [(line_of(problem.path, lines), problem) for problem in problems]
    placed.sort(key=lambda one: one[0] or 0)
    return ConfigError(
        say_n("{path} has a mistake.", "{path} has {n} mistakes.", n=len(problems), path=path),
        problems=[_told(problem, line) for line, problem in placed],
    )


def _told(problem: Problem, line: int | None) -> Sentence:
    key = ".".join(problem.path)
    if line is None:
        return say("{key}: {why}", key=key, why=problem.why)
    return say("Line {line}, {key}: {why}", line=line, key=key, why=problem.why)


def _not_toml(message: str, text: str, path: Path) -> ConfigError:
    """Say in words what tomllib says, and where."""
    found = re.search(r" \(at (?:line (\d+)|end of document)", message)
    line = int(found[1]) if found and found[1] else len(text.rstrip().split("\n"))
    what = message[: found.start()] if found else message
    known = (why for begin, why in _IN_WORDS if what.startswith(begin))
    written = text.split("\n")[line - 1]
    slip = None if what.startswith("Cannot ") else _slip(written)
    why = _windows_path(written) or slip or next(known, say("is not TOML: {what}", what=what))
    return ConfigError(
        say("{path} cannot be read.", path=path), problems=[say("Line {line} {why}.", line=line, why=why)]
    )


def _windows_path(line: str) -> Sentence | None:
    """Say how a path with backslashes is written; only a path is repeated, for nothing else may be shown."""
    found = re.fullmatch(
        r"""\s*([\w.-]+)\s*=\s*"((?:[A-Za-z]:|\\)\\[^"'<>|?*]*)"\s*(?:#.*)?""", line.rstrip()
    )
    if found is None:
        return None
    return say(
        "holds a backslash, which in double quotation marks begins an escape; write in single ones: {line}",
        line=f"{found[1]} = '{found[2]}'",
    )


def _slip(line: str) -> Sentence | None:
    """Say what is usually meant by a line that is not TOML, by what stands outside of its texts."""
    bare = re.sub(r"\"[^\"]*\"|'[^']*'", '""', line.rstrip("\r"))
    bare = re.sub("#.*", "#", bare)
    if unseen := re.search(_UNSEEN, bare):
        code = f"U+{ord(unseen[0]):04X}"
        return say("holds a character that cannot be seen ({code}): write the line anew", code=code)
    return next((why for pattern, why in _SLIPS if re.search(pattern, bare)), None)


_UNSEEN = "[\x00-\x08\x0b-\x1f\x7f-\xa0\xad\u2000-\u200f\u2028-\u202f\u2060\u3000\ufeff]"
_SLIPS = (
    (
        "[\u2018-\u201f\u00ab\u00bb\u00b4\u0060]",
        say("holds a typographic quotation mark; write {mark}", mark='"'),
    ),
    (
        r"(?i)=\s*(?:true|false|ja|nej|yes|no|on|off)\s*(?:#|$)",
        say("has a value that is not TOML; yes and no are written true and false"),
    ),
    (
        r"=\s*-?[0-9][0-9 ]*,[0-9]+\s*(?:#|$)",
        say("has a decimal comma; an amount is written {amount}", amount='"4900.00"'),
    ),
    (r"=\s*0[0-9]+\s*(?:#|$)", say("has a number that begins with 0; write it without")),
    (
        r"(?i)^\s*(?:intele|pswin)_\w+\s*=",
        say("is of SuperOffice's plugin configuration; take it in with: smsctl config import"),
    ),
    (
        r"^\s*\[{1,2}[^][\"']{0,200}(?:[^\x00-\x7f]|\w +\w)[^][\"']{0,200}\]",
        say(
            "names a section with å, ä, ö or a space: write that part in quotation marks, as in {section}",
            section='[municipalities."åmål"]',
        ),
    ),
    (r"^\s*(?:;|//)", say("does not begin with a key; a comment begins with #")),
    (r"^\s*[\w.-]+\s*:", say("has : in the place of =")),
)
_UNCLOSED = say("lacks a closing quotation mark")
_BACKSLASH = say("holds a backslash: write the text in single quotation marks instead")
_IN_WORDS = (
    ("Cannot overwrite", say("sets a key that is already set above")),
    ("Cannot declare", say("begins a section that stands above already")),
    ("Invalid value", say("has a value that is not TOML; a text stands in quotation marks")),
    ("Invalid initial", say("does not begin with a key")),
    ("Invalid statement", say("does not begin with a key")),
    ("Illegal character '\\n'", _UNCLOSED),
    ("Illegal character '\\r'", _UNCLOSED),
    ("Illegal character", say("holds a character that cannot be seen: write the line anew")),
    ("Unterminated string", _UNCLOSED),
    ("Unescaped", _BACKSLASH),
    ("Invalid hex", _BACKSLASH),
    ("Escaped character", _BACKSLASH),
    ("Expected '='", say("lacks the = after its key; a key with å, ä or ö stands in quotation marks")),
    ("Expected newline", say("holds more than one value")),
)
