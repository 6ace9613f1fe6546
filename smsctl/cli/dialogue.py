"""Every question to a person, and what is told of Ctrl-C while something is on its way.

Nothing is asked without a terminal; then the flag that answers is named.
"""

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from types import MappingProxyType

from smsctl.actions.stop_signal import BY_SIGNAL, StopReason, StopSignal
from smsctl.cli.output.blocks import Text, TextLine, Tone
from smsctl.cli.output.language import whole, words
from smsctl.cli.output.output import Output
from smsctl.cli.output.plain import safe
from smsctl.domain.secret import Secret
from smsctl.errors import CredentialError, NotConfirmedError, Sentence, UsageError, say

_MOST_PIPED = 65_536  # characters: more than any secret has

_ROOM_FOR_ANSWER = 8  # cells
_YES = frozenset({"y", "yes", "j", "ja"})
_CHEAPER = frozenset({"c", "cheaper", "b", "billigare"})


def confirm(output: Output, question: Sentence, *, otherwise: Sentence, may_be_cheaper: bool = False) -> bool:
    """Ask yes or no; say whether the cheaper text was chosen, where there is one: then that is an answer too.

    Raises NotConfirmedError for all others; `otherwise` says what was not done.
    """
    asked = say("{question} [y/N] ", question=question)
    if may_be_cheaper:
        asked = say("{question} [y/N, c: the cheaper text] ", question=question)
    answer = _ask(output, asked).casefold()
    is_cheaper = may_be_cheaper and answer in _CHEAPER
    if not (is_cheaper or answer in _YES):
        raise NotConfirmedError(otherwise)
    return is_cheaper


def stopped_by_signals(output: Output, stop_signal: StopSignal) -> AbstractContextManager[None]:
    """Let Ctrl-C, SIGTERM and SIGHUP ask for an end after what is in flight, and say so."""

    def stop(name: str) -> None:
        is_first, why = stop_signal.asked is None, BY_SIGNAL[name]
        stop_signal.ask(why)
        if is_first and why is not StopReason.HUNG_UP:  # or nobody is there to ask once more
            with suppress(RuntimeError):  # a line was being written just now
                output.warn(say("Stopping after what is on its way; once more to stop at once."))

    return output.stopping.ends(stop)


def confirm_count(
    output: Output, question: Sentence, count: int, *, otherwise: Sentence, may_be_cheaper: bool = False
) -> bool:
    """Ask for the number itself to be typed, for what is too large for a quick yes.

    Say whether the cheaper text was chosen: the number with a letter before it, where there is one.
    """
    asked = say("{question} Type the number to go on: ", question=question)
    if may_be_cheaper:
        asked = say(
            "{question} Type the number to go on, or c{count} for the cheaper text: ",
            question=question,
            count=count,
        )
    typed = "".join(_ask(output, asked).split()).casefold()  # also as it is shown or pasted, 1 204
    chosen = typed.rstrip("0123456789") if may_be_cheaper else ""
    if typed.removeprefix(chosen) != str(count) or chosen not in _CHEAPER | {""}:
        raise NotConfirmedError(otherwise)
    return chosen != ""


def agrees(output: Output, question: Sentence) -> bool:
    """Ask whether something optional shall be done; anything but yes is no."""
    return _ask(output, say("{question} [y/N] ", question=question)).casefold() in _YES


def ask_text(
    output: Output,
    question: Sentence,
    *,
    default: str = "",
    example: str = "",
    refuse: Callable[[str], Sentence | None] = lambda _text: None,
) -> str:
    """Ask for a text until `refuse` has nothing against it; an empty answer is the default.

    `example` is shown as a default is, and an empty answer stays empty. Ctrl-D is no answer, and breaks off.
    """
    shown = say("{question} [{default}]: ", question=question, default=default or example)
    while True:
        typed = _read(output, shown if default or example else say("{question}: ", question=question))
        if typed is None:
            output.stopping.is_asked = True
            raise KeyboardInterrupt
        text = typed or default
        against = refuse(text) if text != default else None
        if against is None:
            return text
        output.show([TextLine(whole(against), Tone.WARN)])


def ask_lines(output: Output, question: Sentence) -> list[str]:
    """Ask for a text of several lines, which an empty one ends.

    An empty line in the middle of what is pasted does not: more is waiting behind it.
    """
    from smsctl.host import process

    lines: list[str] = []
    asked: Text = say("{question}: ", question=question)
    while (line := _read(output, asked)) or (lines and line is not None and process.more_is_typed()):
        lines.append(line or "")
        asked = ""
    return lines


def ask_choice(
    output: Output,
    question: Sentence,
    choices: Sequence[str],
    *,
    default: str,
    also: Mapping[str, str] = MappingProxyType({}),
) -> str:
    """Ask for one of a few words; the beginning of one is enough. `also`: other words for them."""
    listed = ", ".join(choices)
    every = {choice: choice for choice in choices} | dict(also)

    def meant(text: str) -> list[str]:
        typed = text.casefold()
        if typed in every:
            return [every[typed]]
        return list({choice for word, choice in every.items() if word.startswith(typed)})

    def refuse(text: str) -> Sentence | None:
        return None if len(meant(text)) == 1 else say("It is one of: {choices}", choices=listed)

    return meant(ask_text(output, question, default=default, refuse=refuse))[0]


def secret(output: Output, question: Sentence) -> Secret:
    """Ask for a secret without echo, or read standard input where that is no terminal: one line."""
    try:
        if sys.stdin.isatty():
            return _typed_secret(output, question)
        given = sys.stdin.read(_MOST_PIPED).rstrip("\r\n")
    except UnicodeDecodeError:
        raise _no_text() from None
    if not given:
        raise UsageError(
            say("No secret was given on standard input."),
            hint=say("Run it in a terminal, or pipe the secret in."),
        )
    return _secret_of(given)


def _typed_secret(output: Output, question: Sentence) -> Secret:
    import getpass

    if output.speaks_json:
        raise UsageError(
            say("No secret was given on standard input."),
            hint=say("Pipe the secret in: with --json nothing is asked."),
        )
    with _broken_off(output):
        return _secret_of(getpass.getpass(words(question)))


def _secret_of(line: str) -> Secret:
    try:
        line.encode()
    except UnicodeEncodeError:  # bytes that the terminal's or the stream's encoding does not know
        raise _no_text() from None
    return Secret(line)


def _no_text() -> CredentialError:
    return CredentialError(
        say("The secret is not a text in UTF-8; nothing was kept."),
        hint=say("Type it in a terminal that speaks UTF-8, or pipe it in as UTF-8."),
    )


def _ask(output: Output, question: Text) -> str:
    return _read(output, question) or ""


def _read(output: Output, question: Text) -> str | None:
    """Return what is typed; None where the terminal has hung up, or Ctrl-D was typed.

    Raises NotConfirmedError where nobody can be asked.
    """
    if not output.interactive:
        raise NotConfirmedError(
            say("Not confirmed: there is no terminal to ask on; nothing was done."),
            hint=say("Answer beforehand with: {command}", command=output.beforehand()),
        )
    *above, last = _folded(safe(words(question)))
    for line in above:
        output.face.line(line)
    if output.face is not output.out:  # or the question would go where the result goes
        output.face.ask(last)
        last = ""
    try:
        with _broken_off(output):
            return input(last).strip()
    except (EOFError, OSError):  # a terminal that hangs up cannot be read
        output.face.show([TextLine("", Tone.PLAIN)])
        return None


@contextmanager
def _broken_off(output: Output) -> Iterator[None]:
    """End the line of a question that Ctrl-C breaks off: what follows is told on the next."""
    try:
        yield
    except KeyboardInterrupt:
        output.stopping.is_asked = True
        output.face.line("")
        raise


def _folded(question: str) -> list[str]:
    """Fold a question between words, with room for a short answer: a terminal would cut through them."""
    import shutil
    import textwrap

    body = question.rstrip()
    width = max(shutil.get_terminal_size().columns - _ROOM_FOR_ANSWER, _ROOM_FOR_ANSWER)
    lines = textwrap.wrap(body, width, break_long_words=False, break_on_hyphens=False) or [body]
    return [*lines[:-1], lines[-1] + question[len(body) :]]
