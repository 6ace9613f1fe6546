"""What every gateway asks of its options and of a letter before anything is sent."""

import re
from collections.abc import Iterator

from smsctl.domain.gateway import Options, Traits
from smsctl.domain.text import characters_over, measure
from smsctl.errors import CredentialError, Sentence, say, say_n

_MAX_ALPHANUMERIC = 11


def password_of(options: Options) -> str:
    """Return the password for the wire, or raise CredentialError."""
    if options.password is None or not options.password:
        raise CredentialError(
            say("there is no password for the gateway"),
            hint=say("store it with: smsctl credential set"),
        )
    return options.password.reveal()


def too_long(body: str, traits: Traits) -> Iterator[Sentence]:
    """Say by how many characters a text exceeds what the gateway takes."""
    parts = measure(body, traits.parts).parts
    if parts > traits.max_parts:
        yield say_n(
            "the text takes {parts} parts, and {max_parts} is the most: remove {n} character",
            "the text takes {parts} parts, and {max_parts} is the most: remove {n} characters",
            n=characters_over(body, traits.parts, traits.max_parts),
            parts=parts,
            max_parts=traits.max_parts,
        )


def name_problems(sender: str, foreign: str, allowed: str) -> Iterator[Sentence]:
    """Say what is wrong with a sender made of letters; the pattern `foreign` finds what is not taken."""
    if not sender.strip():
        yield say("the sender is empty")
    if len(sender) > _MAX_ALPHANUMERIC:
        yield say(
            "the sender {sender} has {length} characters; {most} is the most",
            sender=sender,
            length=len(sender),
            most=_MAX_ALPHANUMERIC,
        )
    if found := "".join(dict.fromkeys(re.findall(foreign, sender))):
        yield say(
            "the sender {sender} holds {found}, and phone networks do not show that; allowed are {allowed}",
            sender=sender,
            found=" ".join(found),
            allowed=allowed,
        )
