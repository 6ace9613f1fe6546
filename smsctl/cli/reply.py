"""What a command answers with: data for programs, blocks for people, one exit code for both."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

from smsctl.cli.render.blocks import Block
from smsctl.errors import ExitCode, Sentence


class Note(NamedTuple):
    """A remark beside the result: `level` is info, warning or error; `code` never changes its meaning."""

    code: str
    level: str
    text: Sentence


class Reply(NamedTuple):
    """The result of one command."""

    data: Mapping[str, object] = MappingProxyType({})
    screen: Sequence[Block] = ()
    summary: Sentence | None = None  # the one line without a terminal, free of personal data
    advice: Sequence[Sentence] = ()  # what to do next; told in a log when not all is well
    notes: Sequence[Note] = ()
    exit_code: ExitCode = ExitCode.OK
