"""The flags that work before and after the command, taken out of argv ahead of everything else.

So usage errors speak JSON too, and no command declares them.
"""

import os
from collections.abc import Sequence
from itertools import takewhile
from pathlib import Path
from typing import NamedTuple

from smsctl.errors import UsageError, say

_VALUELESS = {
    "--json": "json",
    "--quiet": "quiet",
    "--verbose": "verbose",
    "--simulate": "simulate",
    "--show-numbers": "show_numbers",
}

_UNASKED = ("--yes", "--json", "--quiet")


class Flags(NamedTuple):
    """What was asked of every command."""

    json: bool = False
    quiet: bool = False
    verbose: bool = False
    simulate: bool = False
    show_numbers: bool = False
    config: Path | None = None
    typed: tuple[str, ...] = ()  # no flag: everything, as it was typed

    @property
    def yes(self) -> bool:
        """Whether the command is told by its own flag to ask nothing."""
        return "--yes" in takewhile(lambda word: word != "--", self.typed)

    def unasked_command(self, added: Sequence[str], *, by_a_person: bool) -> str:
        """Return the same of a command that would ask, where nobody can be asked: with --yes."""
        unasked = () if by_a_person or self.yes else ("--yes",)
        return self.command((*added, *unasked), by_a_person=by_a_person)

    def command(self, added: Sequence[str], *, by_a_person: bool) -> str:
        """Return the whole command that was typed, with these flags instead of what they were before.

        `added` are flags with their values; a dry run becomes a real one. `by_a_person`: on a terminal,
        where questions are asked.
        """
        import shlex

        replaced = {
            flag: index + 1 < len(added) and not added[index + 1].startswith("--")
            for index, flag in enumerate(added)
            if flag.startswith("--")
        } | dict.fromkeys(("--dry-run", *(_UNASKED if by_a_person else ())), False)
        kept: list[str] = []
        rest: list[str] = []
        words = iter(self.typed)
        for word in words:
            if word == "--":
                rest = [word, *words]
            elif (flag := word.partition("=")[0]) not in replaced:
                kept.append(word)
            elif replaced[flag] and flag == word:
                next(words, None)
        return shlex.join(["smsctl", *kept, *added, *rest])


def take(argv: Sequence[str]) -> tuple[Flags, list[str]]:
    """Return the flags and what is left; nothing after `--` is touched.

    `--config PATH` is taken where it stands before the command. Raises UsageError when its path is missing.
    """
    found: dict[str, bool] = {}
    config: Path | None = None
    rest: list[str] = []
    typed = tuple(map(_in_utf_8, argv))
    words = iter(typed)
    for word in words:
        if word == "--":
            rest += [word, *words]
        elif word in _VALUELESS:
            found[_VALUELESS[word]] = True
        elif word == "--config" or word.startswith("--config="):
            path = word.partition("=")[2] if "=" in word else next(words, "")
            if not path or path.startswith("--"):
                raise UsageError(say("--config needs the path of a config file."))
            config = Path(path)
        else:
            rest.append(word)
    return Flags(config=config, typed=typed, **found), _with_dashes(rest)


def _with_dashes(words: list[str]) -> list[str]:
    """Return the words of `schedule` with the dashes before `send` that may be left out."""
    if words[:1] != ["schedule"] or "--" in words:
        return words
    places = (n for n, word in enumerate(words) if word == "send" and words[n - 1] != "--name")
    place = next(places, len(words))
    return [*words[:place], *(["--"] if place < len(words) else []), *words[place:]]


def _in_utf_8(word: str) -> str:
    """Return a word as it was typed: Python keeps bytes that the locale does not know as halves of letters.

    What is typed may be stored and shown, and a path stands in the ledger: so all of it must be text.
    """
    try:
        word.encode()
    except UnicodeEncodeError:
        try:
            return os.fsencode(word).decode()
        except UnicodeError:
            raise UsageError(
                say("The command line has a word that is not in UTF-8: {word}", word=ascii(word)),
                hint=say("Type it in UTF-8; give a file with such a name another one."),
            ) from None
    return word
