"""Help pages in the reader's language: what Typer has collected of the commands, and its own words around it.

Typer takes plain texts, so they are translated in the tree that it has built of them, a moment before it
writes the page.
"""

from collections.abc import Iterator
from typing import NamedTuple

from smsctl.cli.output.language import verbatim, words
from smsctl.errors import say

_TYPERS_HEADINGS = {
    "Usage:": say("Usage:"),
    "Arguments:": say("Arguments:"),
    "Options:": say("Options:"),
    "Commands:": say("Commands:"),
}
_TYPERS_WORDS = {
    "Show this message and exit.": say("Show this page."),
    "[required]": say("[required]"),
    "[default:": say("[default:"),
}


class _Place(NamedTuple):
    """Where a text stands in the tree; the classes of its nodes are Typer's own."""

    node: object
    name: str

    @property
    def text(self) -> str:
        return str(getattr(self.node, self.name, None) or "")


def texts(tree: object) -> Iterator[str]:
    """Yield what each command of Typer's tree, and each of its flags, says of itself."""
    return (place.text for place in _places(tree))


def translate(tree: object) -> None:
    """Put those texts into the reader's language."""
    for place in _places(tree):
        setattr(place.node, place.name, verbatim(place.text))


def translated(page: str) -> str:
    """Return a page of such a tree with Typer's own words in the reader's language too."""
    return "".join(map(_line, page.splitlines(keepends=True)))


def _line(line: str) -> str:
    for heading, told in _TYPERS_HEADINGS.items():
        if line.startswith(heading):
            return words(told) + line.removeprefix(heading)
    for english, told in _TYPERS_WORDS.items():
        line = line.replace(english, words(told))
    return line


def _places(node: object) -> Iterator[_Place]:
    for name in ("help", "short_help"):
        place = _Place(node=node, name=name)
        if place.text:
            yield place
    for below in (*getattr(node, "params", ()), *getattr(node, "commands", {}).values()):
        yield from _places(below)
