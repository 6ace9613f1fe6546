"""What a command answers with: data for programs, blocks for people, one exit code for both."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from smsctl.cli.render.blocks import Block
from smsctl.errors import ExitCode, Sentence


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """A remark beside the result: `level` is info, warning or error; `code` never changes its meaning."""

    code: str
    level: str
    text: Sentence


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """The result of one command."""

    data: Mapping[str, object] = field(default_factory=dict)
    screen: Sequence[Block] = ()
    summary: Sentence | None = None  # the one line without a terminal, free of personal data
    notes: Sequence[Note] = ()
    exit_code: ExitCode = ExitCode.OK
