"""A TOML document held against the table of keys: the values by section, and every problem at once."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple
from unicodedata import normalize

from smsctl.config.keys import ANY, BY_SECTION, KEYS, Section, find, section_of
from smsctl.config.kinds import UnfitValueError
from smsctl.errors import Sentence, say

Values = dict[Section, dict[str, object]]

BROKEN = object()
"""Stands for a value that was refused, so that no second complaint is made of it."""

NO_PASSWORD = say(
    "a password does not belong in this file; say where it is kept (source = "
    '"keyring", "systemd", "file" or "env") and store it with `smsctl credential set`'
)

_OPTIONAL = ("smtp", "municipalities", "senders")
_OF_ONE = 2  # steps to the section of one municipality
_SECRETS = frozenset({"password", "passwd", "passphrase", "pw", "pwd", "secret"})
_VERIFY = r"((ssl|tls)_?)?(no_)?verify.*|insecure|check_certificate"
_CHOSEN = {  # texts, as in kinds: compiled at first use
    "municipalities": r"\w[\w-]*",
    "senders": r"@?\w[\w.\\ $-]*",
}


class Problem(NamedTuple):
    """What is wrong with one key or section."""

    path: Section
    why: Sentence


def read_values(document: Mapping[str, object], folder: Path) -> tuple[Values, list[Problem]]:
    """Return the values by section and key, and what is wrong with them.

    Defaults are filled in, and a refused value is BROKEN. There are the sections of the file and those
    that need not be written. Paths are relative to `folder`.
    """
    values: Values = {s: {} for s in BY_SECTION if not s or s[0] not in _OPTIONAL}
    problems = list(_walk((), document, folder, values))
    if ("smtp",) in values:
        values.setdefault(("smtp", "password"), {})
    for path in [one for one in values if one[:1] == ("municipalities",) and len(one) == _OF_ONE]:
        values.setdefault((*path, "retention"), {})
    for path, given in values.items():
        for key in BY_SECTION[section_of(path) or ()].values():
            if key.name in given:
                continue
            given[key.name] = BROKEN if key.required else key.default_value(folder)
            if key.required:
                problems.append(Problem((*path, key.name), say("must be given: {help}", help=key.help)))
    return values, problems


def is_secret(name: str) -> bool:
    """Say whether a key of that name would hold a password: it ends in a word for one."""
    return name.casefold().replace("-", "_").rpartition("_")[2] in _SECRETS


def unknown(path: Section) -> Sentence:
    """Say of a key that is not in the table what it may have been meant for."""
    name = path[-1]
    if re.fullmatch(_VERIFY, name, re.IGNORECASE):
        return say("the certificate check cannot be switched off; name your authority's file in ca_bundle")
    nearest = _nearest(path)
    if nearest is None:
        return say("there is no such key; `smsctl config show` lists them all")
    if "." not in nearest and len(path) > 1:
        return say(
            'there is no such key here; "{nearest}" stands at the top, before any [section]', nearest=nearest
        )
    return say('there is no such key; did you mean "{nearest}"?', nearest=nearest)


def _walk(path: Section, table: Mapping[str, object], folder: Path, values: Values) -> Iterator[Problem]:
    """Read one section and those in it into `values`; yield what is wrong."""
    here = values.setdefault(path, {})
    for name, raw in table.items():
        inner = (*path, name if name.isascii() else normalize("NFC", name))  # a Mac writes å as two signs
        if is_secret(name) and isinstance(raw, str):
            yield Problem(inner, NO_PASSWORD)
        elif section_of(inner) is not None:
            yield from _section(inner, raw, folder, values)
        elif (key := find(inner)) is None:
            yield Problem(inner, unknown(inner))
        else:
            here[name] = BROKEN
            try:
                here[name] = key.kind.read(raw, folder)
            except UnfitValueError as refused:
                yield Problem(inner, refused.why)
            if isinstance(raw, dict):
                yield from _secrets_in(inner, raw)


def _section(path: Section, raw: object, folder: Path, values: Values) -> Iterator[Problem]:
    shape = _CHOSEN.get(path[0]) if len(path) > 1 else None
    if not isinstance(raw, dict):
        yield Problem(path, say("this is a section: [{section}]", section=".".join(path)))
    elif shape and not re.fullmatch(shape, path[1]):
        yield Problem(path, say("this name may hold letters, digits, - and _ only"))
    elif shape and path in values:
        yield Problem(path, say("another municipality is called so"))
    else:
        yield from _walk(path, raw, folder, values)


def _secrets_in(path: Section, table: Mapping[str, object]) -> Iterator[Problem]:
    for name, raw in table.items():
        if is_secret(name):
            yield Problem((*path, name), NO_PASSWORD)
        elif isinstance(raw, dict):
            yield from _secrets_in((*path, name), raw)


def _nearest(path: Section) -> str | None:
    """Return the known key, in full, that the unknown one was probably meant to be."""
    from difflib import get_close_matches

    *around, name = path
    section = section_of(tuple(around)) or ()
    wanted = re.sub(r"\W+", "_", name).lower()
    beside = {s[-1]: s for s in BY_SECTION if s[:-1] == section and s and s[-1] != ANY}
    beside.update({key: (*section, key) for key in BY_SECTION[section]})
    for candidates, likeness in (
        (beside, 0.75),
        ({key.name: (*key.section, key.name) for key in reversed(KEYS)}, 0.9),
        (beside, 0.5),
    ):
        if close := get_close_matches(wanted, candidates, 1, likeness):
            return ".".join(candidates[close[0]])
    return None
