"""Tells the result of a command: a screen for people, one line for logs, or one JSON envelope.

And what becomes of a run that Ctrl-C, SIGTERM or SIGHUP asks to end, from its beginning to its last word.
While it plans and asks, it is broken off, and nothing is sent. While it sends or serves, it ends in its own
way. Once that is done, it has an exit code, which holds: the site is told all the same.
"""

import errno
import io
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from smsctl.cli.output import envelope
from smsctl.cli.output.blocks import Block, TextLine, Tone
from smsctl.cli.output.language import opened, whole
from smsctl.cli.output.log import Log
from smsctl.cli.output.phrases import NOTHING_LEAVES, mistake
from smsctl.cli.output.reply import HINT, CommandResult, Note, hint, notes_of
from smsctl.cli.output.screen import Screen
from smsctl.errors import (
    ExitCode,
    HungUpError,
    InterruptionError,
    LedgerError,
    Sentence,
    SmsctlError,
    TerminatedError,
    say,
    worst,
)
from smsctl.host import process

_KINDS = {"SIGTERM": TerminatedError, "SIGHUP": HungUpError}


class Stopping:
    """Who asks this run to end, and what that breaks off."""

    def __init__(self) -> None:
        """Nobody has asked, and nothing is being done."""
        self.by = ""  # the signal that broke off what was done last
        self.is_asked = False  # a question was broken off
        self.has_sent = False  # or has served
        self._still_heard = 0
        self._lost = 0  # how often it is heard again, should Python not be able to raise what was heard

    @contextmanager
    def after(self, times: int) -> Iterator[None]:
        """Let whoever asks so many times break off the block by KeyboardInterrupt, once; 0: nobody does."""
        self.by = ""
        self._still_heard, self._lost = times, min(times, 1)
        try:
            with process.told_where_lost(self._hear_again):
                yield
        finally:
            self._still_heard = 0

    def _hear_again(self) -> None:
        self._still_heard = self._lost

    def hear(self, name: str) -> None:
        """Take in a signal. A terminal that hangs up does not insist."""
        if self._still_heard == 0 or (name == "SIGHUP" and self._still_heard > 1):
            return
        self._still_heard -= 1
        if self._still_heard == 0:
            self.by = name
            raise KeyboardInterrupt

    @contextmanager
    def ends(self, stop: Callable[[str], object]) -> Iterator[None]:
        """Let signals call `stop` with their name; from now on nothing else is broken off by them."""
        self._still_heard = self._lost = 0
        self.has_sent = True

        def hear(name: str) -> None:
            self.by = self.by or name
            stop(name)

        with process.stopped_by_signals(hear):
            if self.by:  # an exception may be lost where Python cannot raise it, while it tidies up
                stop(self.by)
            yield

    def told(self, sentence: Sentence, hint: Sentence | None = None) -> InterruptionError:
        """Return what is told of it, with the exit code that the signal has."""
        return _KINDS.get(self.by, InterruptionError)(sentence, hint=hint)


_TONES = {"error": Tone.BAD, "warning": Tone.WARN, "info": Tone.PLAIN}


def _line(note: Note) -> TextLine:
    """Return a note as it stands alone; a hint may end in a command, to be copied as it is."""
    return TextLine((opened if note.code == HINT else whole)(note.text), _TONES[note.level])


class Output:
    """The voice of one run. Results go to standard output, errors and warnings to standard error."""

    def __init__(
        self,
        command: str,
        *,
        json: bool = False,
        quiet: bool = False,
        verbose: bool = False,
        simulate: bool = False,
        yes: bool = False,
        beforehand: Callable[[], str] = str,
    ) -> None:
        """`command` names the run in the envelope, `beforehand` writes it with the answer to its question."""
        self.out = Screen(sys.stdout)
        self.err = Screen(sys.stderr)
        self.mode = "simulate" if simulate else ""
        self.command = command
        self.speaks_json = json  # everything must stand in one envelope
        self.beforehand = beforehand
        self._is_quiet = quiet
        self.is_verbose = verbose
        self._is_answered = json or yes
        self._kept: list[Note] = []  # warnings that wait for the result
        self.known: Mapping[str, object] = {}  # by now, and told also where the run fails
        self.log = Log(command)
        self._log_path: Path | None = None
        self.stopping = Stopping()
        self.leaves_no_trace = False  # a dry run creates no file

    @property
    def interactive(self) -> bool:
        """Whether a person can be asked: standard input is a terminal, and no answer was given beforehand.

        The one meaning of "on a terminal", for every rule that depends on it.
        """
        return sys.stdin.isatty() and not self._is_answered

    @property
    def watched(self) -> bool:
        """Whether a person looks at standard output."""
        return sys.stdin.isatty() and self.out.is_terminal and not self.speaks_json

    @property
    def is_heard(self) -> bool:
        """Whether what was warned of is written, or stands in the envelope; with --quiet it waits."""
        self.err.flush()
        return self.speaks_json or not (self._is_quiet or self.err.lost)

    @property
    def face(self) -> Screen:
        """Where a person who is asked is looking, also when the result goes into a file."""
        return self.out if self.out.is_terminal else self.err

    @property
    def shows(self) -> bool:
        """Whether a person sees what is shown on the way to the result."""
        return self.interactive or (self.watched and not self._is_quiet)

    def show(self, blocks: Sequence[Block]) -> None:
        """Show something on the way to the result; to a person only."""
        if self.shows:
            self.face.show(blocks)

    def progress(self, label: Sentence, total: int) -> AbstractContextManager[Callable[[int], None]]:
        """Show how many of something are done, on a person's terminal only."""
        return self._watched_screen.progress(label, total)

    def working(self, label: Sentence) -> AbstractContextManager[Callable[[int, int], None]]:
        """Show how much of something is done, and of how much, where it takes more than a second."""
        return self._watched_screen.working(label)

    @property
    def _watched_screen(self) -> Screen:
        watched = self.out.is_terminal and not (self.speaks_json or self._is_quiet)
        return self.out if watched else Screen(io.StringIO())

    def know(self, data: Mapping[str, object]) -> None:
        """Keep what is known by now, so that the envelope tells it also where the run then fails."""
        self.known = data

    def warn(self, sentence: Sentence) -> None:
        """Say something on the way: in JSON it waits for the envelope, with --quiet for a bad end."""
        if self.speaks_json or self._is_quiet:
            self._kept.append(Note(code="warning", level="warning", text=sentence))
        else:
            if self.out.shows_bar:
                self.err.clear_line()
            self.err.show([TextLine(whole(sentence), Tone.WARN)])

    def insist(self, sentence: Sentence) -> None:
        """Say something on the way that nobody may miss: in the envelope, else at once, also with --quiet."""
        (self.warn if self.speaks_json else self.tell_now)(sentence)

    def tell_now(self, sentence: Sentence) -> None:
        """Say something on the standard error at once, whatever the flags: the end may be days away."""
        self.err.show([TextLine(whole(sentence), Tone.WARN)])

    def keep_log(self, path: Path, group: str | None) -> None:
        """Keep the log in this file; where that cannot be, all goes on without it."""
        if self.leaves_no_trace or path == self._log_path:  # a config may be read twice in a run
            return
        self._log_path = path
        try:
            self.log.begin(path, group)
        except (OSError, LedgerError) as error:
            told = say(
                "The log {path} cannot be written, and goes on without this run: {reason}.",
                path=path,
                reason=error.sentence if isinstance(error, LedgerError) else error.strerror,
            )
            self.warn(told)

    def write(self, page: str) -> None:
        """Write a page as it is; an empty one was written before."""
        if page:
            self.out.line(page.removesuffix("\n"))

    def hand_out(self, page: str) -> bool:
        """Write a page at once; say whether somebody took it, and no reader went away."""
        self.write(page)
        self.out.flush()
        return self.out.lost is None

    def tell(self, reply: CommandResult) -> None:
        """Tell the result."""
        well = reply.exit_code is ExitCode.OK
        if self.speaks_json:
            hints = () if well else [hint(step) for step in reply.advice]
            self._write_json(reply.data, (*reply.notes, *reply.said, *hints), reply.exit_code)
            return
        if reply.page is not None:
            self.write(reply.page)
        elif self._is_quiet and well and not reply.is_told_always:
            return
        self.err.show([_line(note) for note in (*self._kept, *reply.notes)])
        if reply.page is not None:
            return
        if reply.summary is None or self.watched:
            rehearsed = reply.is_of_the_ledger and self.mode == "simulate"
            head = [TextLine(NOTHING_LEAVES, Tone.WARN)] if rehearsed else []
            self.out.show([*head, *reply.screen])
        else:
            advice = () if well else reply.advice
            (self.out if well else self.err).show([TextLine(reply.summary), *map(TextLine, advice)])

    def fail(self, error: SmsctlError) -> int:
        """Tell what went wrong, where, and what mends it; return the error's exit code."""
        if self.speaks_json:
            self._write_json(self.known, notes_of(error), error.exit_code)
            return error.exit_code
        self.err.show([*map(_line, self._kept), *mistake(error)])
        return error.exit_code

    def interrupted(self, mend: Sentence | None) -> SmsctlError:
        """Return what is told of a run that was broken off; `mend`: where it has not begun to send."""
        begun = self.known.get("mailing")
        rest = say("Send what is pending with: smsctl mailings resume {id}", id=begun) if begun else None
        if self.stopping.is_asked and not self.stopping.has_sent:
            return self.stopping.told(say("Interrupted; nothing was sent."), rest)
        return self.stopping.told(say("Interrupted; nothing is on its way."), rest or mend)

    def own_up(self, error: BaseException) -> SmsctlError:
        """Return what is told of a fault in smsctl; the traceback is for whoever asks with --verbose."""
        if self.is_verbose:
            import traceback

            for piece in traceback.format_exception(error):
                self.err.line(piece.rstrip("\n"))
        return SmsctlError(
            say("smsctl itself failed ({kind}). The ledger tells what was sent.", kind=type(error).__name__),
            hint=say("Look with: smsctl mailings list. What failed is shown with --verbose."),
        )

    def end(self, code: int, *, is_product: bool) -> int:
        """Hand over what was written; return the exit code to leave with.

        A reader that went away has had enough. Where the output is what the command was run for, any other
        loss of it is a failure; where the command has done something, its own code stands.
        """
        self.out.flush()
        lost = self.out.lost
        if lost is not None and lost.errno != errno.EPIPE:
            reason = say("it is closed") if lost.errno == errno.EBADF else say("{text}", text=lost.strerror)
            told = say("The standard output cannot be written: {reason}.", reason=reason)
            self.err.show([TextLine(whole(told), Tone.BAD)])
            code = worst([ExitCode(code), ExitCode.LEDGER]) if is_product else code
        self.err.flush()
        return code

    def _write_json(self, data: object, notes: Sequence[Note], code: ExitCode) -> None:
        self.out.line(envelope.of(self.command, self.mode, data, (*self._kept, *notes), code))
        self.out.flush()
