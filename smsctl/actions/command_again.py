"""The command that was typed, written into what is told: with the flags that let it go past a rule."""

from collections.abc import Iterator, Sequence
from typing import Protocol

from smsctl.domain.rules import Refusal


class CommandAgain(Protocol):
    """The command that was typed, as it would go."""

    def __call__(self, added: Sequence[str], *, by_a_person: bool) -> str:
        """Return it with these flags and their values; `by_a_person`: on a terminal, where it asks."""


def with_command(refusal: Refusal, others: Sequence[Refusal], command: CommandAgain) -> Refusal:
    """Write into the hint the command that goes past this rule, and past all others that flags go past."""
    hint = refusal.hint
    if hint is None or "command" not in hint.values:
        return refusal
    against = [*others, refusal]
    flags = dict(pair for one in against for pair in _pairs(one.flags))
    words = [word for pair in flags.items() for word in pair if word]
    by_a_person = any(one.rule.needs_a_person for one in against)
    return refusal._replace(hint=hint.given(command=command(words, by_a_person=by_a_person)))


def _pairs(flags: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Yield each flag with its value; one without a value has an empty one."""
    for place, flag in enumerate(flags):
        if flag.startswith("--"):
            value = flags[place + 1] if place + 1 < len(flags) else ""
            yield flag, "" if value.startswith("--") else value
