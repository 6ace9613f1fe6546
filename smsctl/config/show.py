"""The settings in force, key by key, spelled as in a config file; there is no secret among them."""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from smsctl.config.keys import ANY, BY_SECTION, Section
from smsctl.config.read import parse, read_document, read_text


class Shown(NamedTuple):
    """One key in force."""

    section: Section
    name: str
    value: object  # as in the file; None: not set
    written: bool  # in the file; otherwise it is the default
    help: str

    @property
    def dotted(self) -> str:
        """The name in full."""
        return ".".join((*self.section, self.name))

    @property
    def spelled(self) -> str:
        """The value as TOML; empty where it is not set."""
        return "" if self.value is None else spelled(self.value)


def effective(path: Path) -> tuple[Shown, ...]:
    """Return every key of the config file and every default, section by section.

    Raises ConfigError: as `read.load`.
    """
    text = read_text(path)
    settings = parse(text, path)
    document = read_document(text, path)
    found = {
        ("default_municipality",): settings.default_municipality,
        ("limits", "countries"): list(settings.limits.countries),
        ("ledger", "path"): None if settings.ledger.address else str(settings.ledger.path),
        ("ledger", "state"): str(settings.ledger.path.parent) if settings.ledger.address else None,
    }
    return tuple(
        shown._replace(value=found.get((*shown.section, shown.name))) if shown.value is None else shown
        for section in BY_SECTION
        for place in _places(section, document)
        for shown in _section(section, place, document)
    )


def spelled(value: object) -> str:
    """Spell a value as TOML; JSON spells texts, numbers, truth and lists of them so."""
    if not isinstance(value, Mapping):
        return json.dumps(value, ensure_ascii=False, default=str)
    pairs = (f"{bare_or_quoted(name)} = {spelled(one)}" for name, one in value.items())
    return f"{{{', '.join(pairs)}}}"


def bare_or_quoted(name: str) -> str:
    """Spell a name as TOML: as it is where it may stand so."""
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else json.dumps(name, ensure_ascii=False)


def _places(section: Section, document: Mapping[str, object]) -> Iterator[Section]:
    """Yield the sections of the file that go by this section of the table."""
    if ANY in section:
        yield from ((section[0], name, *section[2:]) for name in _table(section[:1], document))
    elif section[:1] != ("smtp",) or "smtp" in document:
        yield section


def _section(section: Section, place: Section, document: Mapping[str, object]) -> Iterator[Shown]:
    given = _table(place, document)
    for key in BY_SECTION[section].values():
        value = given.get(key.name, key.default)
        yield Shown(place, key.name, value, key.name in given, str(key.help))


def _table(place: Section, document: Mapping[str, object]) -> Mapping[str, object]:
    table: object = document
    for name in place:
        table = table.get(name, {}) if isinstance(table, Mapping) else {}
    return table if isinstance(table, Mapping) else {}
