"""The sender: what a phone shows as from whom, by each gateway's rules (wire/puzzel.md, wire/pswincom.md)."""

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

from smsctl.errors import Sentence, say

_LONGEST_NAME: Final = 11


class _Shape(NamedTuple):
    """Patterns as texts, compiled at first use; `foreign` finds what a name may not hold."""

    number: str
    foreign: str
    allowed: Sentence


_SHAPES: Final = {
    "intelecom": _Shape(
        number=r"\+[1-9][0-9]{7,14}|[0-9]{3,6}",
        foreign="[^A-Za-z0-9 %&+,.-]",
        allowed=say("A-Z, a-z, 0-9, space and {signs}", signs="% & + , - ."),
    ),
    "pswincom": _Shape(
        number=r"\+?[1-9][0-9]{7,14}|[0-9]{4,5}",
        foreign=r"""[^A-Za-z0-9 !"#%&'()*+\-./?><;]""",
        allowed=say("A-Z, a-z, 0-9, space and {signs}", signs="! \" # % & ' ( ) * + - . / ? > < ;"),
    ),
}


def sender_problems(sender: str, gateway: str) -> Iterator[Sentence]:
    """Say why the gateway would not take the sender; one from outside checks for itself."""
    shape = _SHAPES.get(gateway)
    if shape is None:
        return
    if not sender.strip():
        yield say("the sender is empty")
    elif sender.startswith("+") or sender.isdecimal():
        if not re.fullmatch(shape.number, sender):
            yield say(
                "the sender {sender} is neither a short number nor a number with + and its country code",
                sender=sender,
            )
    else:
        yield from _name_problems(sender, shape)


def _name_problems(sender: str, shape: _Shape) -> Iterator[Sentence]:
    if len(sender) > _LONGEST_NAME:
        yield say(
            "the sender {sender} has {length} characters; {most} is the most",
            sender=sender,
            length=len(sender),
            most=_LONGEST_NAME,
        )
    if found := "".join(dict.fromkeys(re.findall(shape.foreign, sender))):
        yield say(
            "the sender {sender} holds {found}, and phone networks do not show that; allowed are {allowed}",
            sender=sender,
            found=" ".join(found),
            allowed=shape.allowed,
        )
