"""What every gateway asks of its options and of a letter before anything is sent."""

from collections.abc import Iterator

from smsctl.domain.gateway import Options, Traits
from smsctl.domain.text import characters_over, measure
from smsctl.errors import CredentialError, Sentence, say, say_n


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
