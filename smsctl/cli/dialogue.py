"""Every question to a person. Nothing is asked without a terminal; then the flag that answers is named."""

import sys

from smsctl.cli.render.blocks import Line, Tone
from smsctl.cli.render.language import words
from smsctl.cli.render.plain import safe
from smsctl.cli.teller import Teller
from smsctl.domain.secret import Secret
from smsctl.errors import RuleError, Sentence, UsageError, say

_YES = frozenset({"y", "yes", "j", "ja"})


def confirm(teller: Teller, question: Sentence, *, otherwise: Sentence) -> None:
    """Ask yes or no; raise RuleError unless the answer is yes. `otherwise` says what was not done."""
    _must_be_asked(teller)
    if _ask(teller, say("{question} [y/N] ", question=question)).casefold() not in _YES:
        raise RuleError(otherwise)


def confirm_count(teller: Teller, question: Sentence, count: int, *, otherwise: Sentence) -> None:
    """Ask for the number itself to be typed, for what is too large for a quick yes."""
    _must_be_asked(teller)
    typed = _ask(teller, say("{question} Type the number to go on: ", question=question))
    if typed.replace(" ", "") != str(count):
        raise RuleError(otherwise)


def secret(question: Sentence) -> Secret:
    """Ask for a secret without echo, or read one line of standard input where that is no terminal."""
    if sys.stdin.isatty():
        import getpass

        return Secret(getpass.getpass(words(question)))
    line = sys.stdin.readline().rstrip("\r\n")
    if not line:
        raise UsageError(
            say("No secret was given on standard input."),
            hint=say("Run it in a terminal, or pipe the secret in."),
        )
    return Secret(line)


def _must_be_asked(teller: Teller) -> None:
    if not teller.interactive:
        raise RuleError(
            say("Not confirmed: there is no terminal to ask on; nothing was sent."),
            hint=say("Answer beforehand with: --yes"),
        )


def _ask(teller: Teller, question: Sentence) -> str:
    try:
        return input(safe(words(question))).strip()
    except EOFError:
        teller.out.show([Line("", Tone.PLAIN)])
        return ""
