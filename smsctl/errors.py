"""What can go wrong, in words: exit codes, sentences, and the family of errors.

A user-facing text is a `Sentence`: an English template and the values to fill in. Foreign text (names,
file contents, a gateway's reply) only ever stands in the values, never in the template. Whoever shows
a sentence may translate the template first; `str()` gives the English.
"""

import re
from collections.abc import Iterable, Mapping
from enum import IntEnum
from os import PathLike
from typing import ClassVar


class ExitCode(IntEnum):
    """What the process tells cron. Where several hold, `worst` picks one."""

    OK = 0
    BUG = 1
    USAGE = 2
    REJECTED = 3
    UNSETTLED = 4
    REFUSED = 5
    GATEWAY = 6
    STOPPED = 7
    INPUT = 8
    LEDGER = 9
    HUNG_UP = 129
    INTERRUPTED = 130
    TERMINATED = 143


_WORST_FIRST = (
    ExitCode.BUG,
    ExitCode.LEDGER,
    ExitCode.INTERRUPTED,
    ExitCode.TERMINATED,
    ExitCode.HUNG_UP,
    ExitCode.UNSETTLED,
    ExitCode.GATEWAY,
    ExitCode.STOPPED,
    ExitCode.REJECTED,
)


def worst(codes: Iterable[ExitCode]) -> ExitCode:
    """Return the code to leave with where several hold; OK where none does."""
    held = set(codes)
    for code in _WORST_FIRST:
        if code in held:
            return code
    return max(held, default=ExitCode.OK)


class Sentence:
    """One text for a person: a template with `{named}` places, and the values that fill them.

    With `plural`, the value named `n` decides which of the two templates is used.
    """

    __slots__ = ("plural", "template", "values")

    def __init__(self, template: str, plural: str | None, values: dict[str, object]) -> None:
        """Keep the parts; nothing is formatted until the sentence is shown."""
        self.template = template
        self.plural = plural
        self.values = values

    def __str__(self) -> str:
        """Return the English text."""
        chosen = self.template
        if self.plural is not None and self.values.get("n") != 1:
            chosen = self.plural
        return filled(chosen, self.values)

    def given(self, **values: object) -> "Sentence":
        """Return the same sentence with other values in some of its places."""
        return Sentence(self.template, self.plural, self.values | values)

    def __repr__(self) -> str:
        """Return the text marked as a sentence, for test failures."""
        return f"say({str(self)!r})"

    def __eq__(self, other: object) -> bool:
        """Two sentences are equal when they read the same."""
        return isinstance(other, Sentence) and str(self) == str(other)

    def __hash__(self) -> int:
        """Hash what is read."""
        return hash(str(self))


def filled(template: str, values: Mapping[str, object]) -> str:
    """Fill in a template. A foreign text that ends with a full stop needs no second one after it.

    Raises LookupError, ValueError, TypeError or AttributeError for a place that the values do not fit.
    """
    text = template.format(**values)
    if ".." not in text:  # as nearly always
        return text
    for name, value in values.items():
        if not isinstance(value, PathLike) and str(value).endswith("."):
            template = re.sub(rf"(\{{{name}\}})\.(?!\.)", r"\1", template)
    return template.format(**values)


def say(template: str, /, **values: object) -> Sentence:
    """Make a sentence. The template is a literal, so that it can be found for translation."""
    return Sentence(template, None, values)


def say_n(singular: str, plural: str, /, *, n: int, **values: object) -> Sentence:
    """Make a sentence whose template depends on the number `n`, which both may show."""
    return Sentence(singular, plural, {"n": n, **values})


def joined(*several: object) -> Sentence:
    """Make one sentence of several, with commas between."""
    told = say("{one}", one=several[0] if several else "")
    for one in several[1:]:
        told = say("{before}, {one}", before=told, one=one)
    return told


class SmsctlError(Exception):
    """A mistake that is told in words. The class carries the exit code and the slug for JSON."""

    exit_code: ClassVar[ExitCode] = ExitCode.BUG
    code: ClassVar[str] = "bug"

    def __init__(
        self, sentence: Sentence, *, hint: Sentence | None = None, problems: Iterable[Sentence] = ()
    ) -> None:
        """Say what is wrong; `hint` is the command or change that mends it, `problems` the details."""
        super().__init__(str(sentence))
        self.sentence = sentence
        self.hint = hint
        self.problems = tuple(problems)

    def __init_subclass__(cls, *, exit_code: ExitCode | None = None, code: str = "") -> None:
        """Take what a kind of mistake is told with; one of a kind goes by that kind's."""
        super().__init_subclass__()
        cls.exit_code = cls.exit_code if exit_code is None else exit_code
        cls.code = code or cls.code


class UsageError(SmsctlError, exit_code=ExitCode.USAGE, code="usage"):
    """The command line does not fit the command."""


class RuleError(SmsctlError, exit_code=ExitCode.REFUSED, code="refused"):
    """A rule of the municipality or of smsctl says no; nothing was sent."""


class ApprovalError(RuleError, code="approval"):
    """A mailing waits for a second person; nothing of it has left."""


class NotConfirmedError(SmsctlError, exit_code=ExitCode.REFUSED, code="not-confirmed"):
    """Nobody said yes: a person said no, or there is no terminal to ask on; nothing was done."""


class GatewayRefusedError(SmsctlError, exit_code=ExitCode.GATEWAY, code="gateway-refused"):
    """The gateway refused us (login, service): nothing more can be sent until that is mended."""


class StoppedError(SmsctlError, exit_code=ExitCode.STOPPED, code="stopped"):
    """The gateway could not be reached, or the run stopped before its end."""


class UnsettledError(SmsctlError, exit_code=ExitCode.UNSETTLED, code="unsettled"):
    """It could not go on, and what is left of the mailing must be settled by a person, which goes before."""

    def __init__(
        self, sentence: Sentence, *, hint: Sentence | None, problems: Iterable[Sentence], mailing: int
    ) -> None:
        """Say why it could not go on, and in the problems what is left of which mailing."""
        super().__init__(sentence, hint=hint, problems=problems)
        self.mailing = mailing


class ConfigError(SmsctlError, exit_code=ExitCode.INPUT, code="config"):
    """The config file is wrong."""


class CredentialError(SmsctlError, exit_code=ExitCode.INPUT, code="credential"):
    """A secret cannot be had."""


class InputError(SmsctlError, exit_code=ExitCode.INPUT, code="input"):
    """A file or text given to smsctl is wrong."""


class InterruptionError(SmsctlError, exit_code=ExitCode.INTERRUPTED, code="interrupted"):
    """A person pressed Ctrl-C while nothing was being sent."""


class TerminatedError(InterruptionError, exit_code=ExitCode.TERMINATED, code="terminated"):
    """The machine goes down, or somebody ended the process, while nothing was being sent."""


class HungUpError(InterruptionError, exit_code=ExitCode.HUNG_UP, code="hung-up"):
    """The terminal went away while nothing was being sent."""


class OutputError(SmsctlError, exit_code=ExitCode.LEDGER, code="output"):
    """What a command was run for, a list or an export, cannot be written."""


class LedgerError(SmsctlError, exit_code=ExitCode.LEDGER, code="ledger"):
    """The ledger is busy, newer than this smsctl, damaged or cannot be written."""
