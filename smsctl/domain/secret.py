"""A secret, and the place it comes from: what the config names and a gateway is given."""

from enum import StrEnum
from pathlib import Path
from typing import NamedTuple, NoReturn

from smsctl.errors import Sentence, say

SECRETS = ("gateway", "proxy", "smtp", "reports", "ledger")
"""What the secrets of a site are called."""

_LARGEST_BYTES = 4096


class Secret:
    """A text that is never printed, logged, pickled or copied into a traceback by accident."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        """Wrap the text."""
        self._text = text

    def reveal(self) -> str:
        """Return the text; for the one place that puts it on the wire."""
        return self._text

    def __repr__(self) -> str:
        """Show that there is something, not what."""
        return "Secret(***)"

    def __str__(self) -> str:
        """Show stars."""
        return "***"

    def __format__(self, spec: str) -> str:
        """Show stars, whatever the format."""
        return format("***", spec)

    def __bool__(self) -> bool:
        """Say whether the text is not empty."""
        return bool(self._text)

    def __eq__(self, other: object) -> bool:
        """Compare in constant time."""
        from hmac import compare_digest

        if not isinstance(other, Secret):
            return NotImplemented
        return compare_digest(self._text.encode(), other._text.encode())

    def __hash__(self) -> int:
        """Refuse: a hash of a secret says something about it."""
        message = "a secret is not hashed"
        raise TypeError(message)

    def __reduce__(self) -> NoReturn:
        """Refuse to be pickled or copied."""
        message = "a secret is not pickled"
        raise TypeError(message)


def without_line_end(text: str) -> str:
    """Return a secret as it was typed: what wrote it to where it is kept may have ended its line."""
    return text.removesuffix("\n").removesuffix("\r")


def unfit(text: str) -> Sentence | None:
    """Say why a text cannot be a secret, wherever it is kept; None: it can."""
    if not text:
        return say("it is empty")
    if not text.isprintable():  # nor is what stands for bytes that are no UTF-8
        return say("it has several lines, or characters that cannot be shown")
    if len(text.encode()) > _LARGEST_BYTES:
        return say("it is longer than 4 KiB")
    return None


class SecretPlace(StrEnum):
    """Where a secret is kept (secrets.md)."""

    SYSTEMD = "systemd"
    FILE = "file"
    KEYRING = "keyring"
    ENV = "env"
    AUTO = "auto"


class SecretSource(NamedTuple):
    """What the config says of one secret: never the secret itself."""

    source: SecretPlace
    name: str  # of the systemd credential
    variable: str  # of the environment
    path: Path | None = None  # of the file
