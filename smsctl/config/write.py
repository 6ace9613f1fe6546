"""Changes to a config file: comments and order stay, and nothing is written that would not load."""

import os
import re
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any

from smsctl.config.keys import Key, Section, find
from smsctl.config.kinds import COUNTRY_CODE, MODULE, UnfitValueError
from smsctl.config.read import parse, read_document, read_text
from smsctl.config.settings import key_called
from smsctl.config.walk import NO_PASSWORD, is_secret, unknown
from smsctl.errors import ConfigError, Sentence, say
from smsctl.host import disk, rights

GATEWAY_NAMES = {
    "puzzel": "intelecom",
    "link": "pswincom",
    "link mobility": "pswincom",
    "pswin": "pswincom",
}
"""What the gateways' modules are called today, and the module of each."""

_LOCKED_S = 5.0
_WITHOUT_VALUE = re.compile(r"^(\w+ =)(?=\s*(?:#|$))")
_HEADER = re.compile(r"(?P<off># )?\[(?P<name>[^\[\]]+)\]")


def create(path: Path, text: str) -> None:
    """Write a new config file, readable by its owner only.

    Raises ConfigError: it would not load, there is a file already, or it cannot be written.
    """
    parse(text, path)
    try:
        path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)  # whatever the umask
        disk.write_whole(path, text.encode())
    except FileExistsError:
        raise ConfigError(say("{path} is there already and is not overwritten", path=path)) from None
    except OSError as error:
        raise _not_written(path, error) from None


def set_value(path: Path, name: str, written: str) -> object:
    """Set the key of that full name, as "gateway.priority"; return its value as TOML has it.

    `written` may be spelled as in TOML or without the quotation marks; a list may be written "a, b".

    Raises ConfigError: there is no such key, the value does not fit, or the config would not load with it.
    """
    place = tuple(name.split("."))
    value = value_of(place, written, path)
    set_values(path, {place: value})
    return value


def set_values(path: Path, values: Mapping[Section, object]) -> None:
    """Set several keys, by their full names, in one step; who sets others meanwhile does so after it.

    Raises ConfigError: the config would not load with them, or cannot be written.
    """
    with _alone_in(Path(os.path.realpath(path)).parent):  # a link to itself is told where it is read
        _set_values(path, values)


def _set_values(path: Path, values: Mapping[Section, object]) -> None:
    import tomlkit

    text = read_text(path)
    read_document(text, path)
    is_of_windows = "\r\n" in text and not re.search(r"(?<!\r)\n", text)
    for named, value in values.items():
        place = _as_it_is_there(named, tomllib.loads(text))
        document = tomlkit.parse(_uncommented(text, place))
        table: Any = document
        for name in place[:-1]:
            table = table.setdefault(name, tomlkit.table())
            if not isinstance(table, Mapping):
                parse(text, path)  # it says that this is a section
        table[place[-1]] = value
        text = tomlkit.dumps(document)
    if is_of_windows:
        text = re.sub(r"(?<!\r)\n", "\r\n", text)
    try:
        parse(text, path)
    except ConfigError as error:
        raise ConfigError(
            say("{path} stays as it is: it would not load with that", path=path), problems=error.problems
        ) from None
    _replace(path.resolve(), text)


def _as_it_is_there(place: Section, document: Mapping[str, Any]) -> Section:
    """Return the place of a key; of a municipality's the section that is there, in whatever letters."""
    sections = document.get(place[0])
    if place[0] != "municipalities" or not isinstance(sections, Mapping):
        return place
    return (place[0], key_called(place[1], {one: one for one in sections}) or place[1], *place[2:])


def value_of(place: Section, written: str, path: Path) -> object:
    """Return what was typed as the TOML value that the key takes.

    Raises ConfigError: there is no such key, or it does not take the value.
    """
    name = ".".join(place)
    if is_secret(place[-1]):
        raise ConfigError(say("{key}: {why}", key=name, why=NO_PASSWORD))
    key = find(place)
    if key is None:
        raise ConfigError(say("{key}: {why}", key=name, why=unknown(place)))
    try:
        return fitting(key, written, path)
    except UnfitValueError as refused:
        raise ConfigError(say("{key}: {why}", key=name, why=refused.why)) from None


def fitting(key: Key, written: str, path: Path) -> object:
    """Return what was typed as the TOML value that the key takes. Raises UnfitValueError."""
    refusals: list[tuple[object, UnfitValueError]] = []
    for value in _readings(_meant(key, written.strip())):
        try:
            key.kind.read(value, path.parent)
        except UnfitValueError as refused:
            refusals.append((value, refused))
        else:
            return value
    # Of a list, what is wrong with one of its values tells more than that a text is no list.
    of_lists = [refused for value, refused in refusals if key.kind.is_list and isinstance(value, list)]
    raise of_lists[-1] if of_lists else refusals[0][1]


def _meant(key: Key, written: str) -> str:
    """Return what a person means by another name of a gateway, or by a country code without its plus."""
    if key.kind is COUNTRY_CODE and (found := re.fullmatch(r"(?:00|\+)? ?([1-9][0-9]{0,2})", written)):
        return f"+{found[1]}"
    return GATEWAY_NAMES.get(written.casefold(), written) if key.kind is MODULE else written


def _readings(written: str) -> Iterator[object]:
    """Yield what the text may stand for, likeliest first."""
    is_quoted = written[:1] in ("'", '"')
    if not is_quoted:
        yield written
        yield [part.strip() for part in written.split(",")]
    try:
        yield tomllib.loads(f"value = {written}")["value"]
    except tomllib.TOMLDecodeError:
        yield written


def _uncommented(text: str, place: Section) -> str:
    """Put the line `# key = …` in force where the section has one, so that the value gets its place."""
    *section, key = place
    lines = text.split("\n")
    here: list[str] | None = []
    for number, line in enumerate(lines):
        if header := _HEADER.match(line):
            here = None if header["off"] else header["name"].split(".")
        elif here == section and line.startswith(f"# {key} ="):
            lines[number] = _WITHOUT_VALUE.sub(r"\1 0", line.removeprefix("# "))
            changed = "\n".join(lines)
            return changed if _is_toml(changed) else text
    return text


def _is_toml(text: str) -> bool:
    """Say whether tomllib reads it; it does not where the key is in force already."""
    try:
        tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return False
    return True


@contextmanager
def _alone_in(folder: Path) -> Iterator[None]:
    """Let nobody else change a config of this folder, for a while at most; or what they set would be lost."""
    with ExitStack() as held:
        with suppress(OSError):  # one that may not be read, or is not there
            handle = disk.open_folder(folder)
            if handle is not None:
                held.callback(os.close, handle)
                disk.wait_for_lock(handle, _LOCKED_S)
        yield


def _replace(path: Path, text: str) -> None:
    """Put the text in place of the file at once, with the file's owner and rights."""
    try:
        before = path.stat()
        own = partial(rights.give_back, before=before)
        disk.write_whole(path, text.encode(), replace=True, finish=own)
    except PermissionError as error:  # also of who owns it, where its group is not theirs
        raise _not_written(
            path, error, hint=say("Run it as root: the file keeps its owner and group.")
        ) from None
    except OSError as error:
        raise _not_written(path, error) from None


def _not_written(path: Path, error: OSError, hint: Sentence | None = None) -> ConfigError:
    return ConfigError(say("{path} cannot be written: {reason}", path=path, reason=error.strerror), hint=hint)
