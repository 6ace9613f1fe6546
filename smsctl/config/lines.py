"""On which line of a TOML text each key stands; asked only when there is something to complain about."""

import tomllib
from collections.abc import Iterator, Mapping

Where = tuple[str, ...]


def find_lines(text: str) -> dict[Where, int]:
    """Return the line, from 1, of every key and section in a text that tomllib reads.

    Each statement is read by itself: the lines up to the first that complete it.
    """
    found: dict[Where, int] = {}
    section: Where = ()
    statement, start = "", 1
    for number, line in enumerate(text.split("\n"), 1):
        start = start if statement else number
        statement += line + "\n"
        try:
            read = tomllib.loads(statement)
        except tomllib.TOMLDecodeError:
            continue
        if statement.lstrip().startswith("["):
            section = ()
        places = [section + path for path in _paths(read)]
        if statement.lstrip().startswith("["):
            section = places[-1]
        for place in places:
            found.setdefault(place, start)
        statement = ""
    return found


def line_of(path: Where, lines: Mapping[Where, int]) -> int | None:
    """Return the line of the key, else of the nearest section around it."""
    while path:
        if path in lines:
            return lines[path]
        path = path[:-1]
    return None


def _paths(table: object) -> Iterator[Where]:
    if isinstance(table, list):
        for item in table:
            yield from _paths(item)
    elif isinstance(table, dict):
        for name, value in table.items():
            yield (name,)
            yield from ((name, *deeper) for deeper in _paths(value))
