"""One row of the table of bad input."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

SEND = "send message.txt --all --yes"
GUARDIANS = "send message.txt --group guardians --yes"


def nothing(_folder: Path) -> None:
    """Prepare nothing."""


class Case(NamedTuple):
    """What is typed where config, recipients.csv and message.txt are good, but for what is given here."""

    id: str
    argv: str  # as it would be typed
    code: int
    says: str | tuple[str, ...]  # in the sentence, or in what is listed below it
    csv: str | bytes | None = None
    text: str | bytes | None = None
    config: Mapping[str, object] | str | bytes | None = None  # overrides, or the whole file
    stdin: str = ""
    secret: bool = True  # it can be had
    before: Callable[[Path], object] = nothing

    @property
    def fragments(self) -> tuple[str, ...]:
        return (self.says,) if isinstance(self.says, str) else self.says
