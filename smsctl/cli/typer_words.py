"""Typer's English for a command line that does not fit, known again so that it can be translated."""

import re
from functools import cache
from string import Formatter

from smsctl.cli.output import language
from smsctl.errors import Sentence, UsageError, say

_ANY = ""
_KNOWN = (
    say("No such command '{name}'. Did you mean {near}?", name=_ANY, near=_ANY),
    say("No such command '{name}'.", name=_ANY),
    say("No such option: {name} (Possible options: {options})", name=_ANY, options=_ANY),
    say("No such option: {name}", name=_ANY),
    say("Missing argument '{name}'.", name=_ANY),
    say("Missing option '{name}'.", name=_ANY),
    say("Option '{name}' requires an argument.", name=_ANY),
    say("Option '{name}' does not take a value.", name=_ANY),
    say("Got unexpected extra argument(s) ({words})", words=_ANY),
    say("Invalid value for '{name}': {why}", name=_ANY, why=_ANY),
    say("'{text}' is not a whole number.", text=_ANY),
    say("{text} is not in the range {span}.", text=_ANY, span=_ANY),
)

_PROGRAMMERS_WORDS = re.compile(r"(?<=' is not a )valid (int range|integer|int)(?=\.$)")


def misuse(text: str, command: str) -> UsageError:
    """Return what Typer says of the command line as an error of ours."""
    page = f"{language.program()} {command}".rstrip()
    return UsageError(told(text), hint=say("See: {page} --help", page=page))


def told(text: str) -> Sentence:
    """Return what Typer says as a sentence; what is not known here is told as it came."""
    plain = _PROGRAMMERS_WORDS.sub("whole number", text)
    for known in _KNOWN:
        if found := _pattern(known.template).fullmatch(plain):
            return known.given(**{name: told(value) for name, value in found.groupdict().items()})
    return say("{text}", text=text)


@cache
def _pattern(template: str) -> re.Pattern[str]:
    pieces = (
        re.escape(text) + (f"(?P<{name}>.+?)" if name else "")
        for text, name, _, _ in Formatter().parse(template)
    )
    return re.compile("".join(pieces), re.DOTALL)
