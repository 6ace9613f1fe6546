"""Where a screen is written: coloured on a terminal, plain text everywhere else."""

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TextIO

from smsctl.cli.output import plain
from smsctl.cli.output.blocks import Block, Text
from smsctl.cli.output.language import words
from smsctl.cli.output.stream import Stream


class Screen:
    """One stream a person or a log reads.

    A terminal that is dumb, as one that is read aloud, gets plain lines and no bars: figures tell the same.
    """

    def __init__(self, stream: TextIO) -> None:
        """Look at the stream once: only a terminal gets colour and progress."""
        self._stream = Stream(stream)
        self.shows_bar = False
        is_dumb = os.environ.get("TERM") == "dumb"
        self.is_terminal = self._stream.isatty() and not is_dumb
        self._draws = not (self._stream.isatty() and is_dumb)

    @property
    def lost(self) -> OSError | None:
        """Why nothing more is written; None while all is well."""
        return self._stream.lost

    def show(self, blocks: Sequence[Block]) -> None:
        """Write the blocks."""
        if self.is_terminal:
            from smsctl.cli.output import terminal

            terminal.show(blocks, self._stream)
            return
        for line in plain.lines_of(blocks, words, draws=self._draws):
            self.line(line)
        self.flush()

    def line(self, text: str) -> None:
        """Write one line as it is."""
        self._stream.write(f"{text}\n")

    def ask(self, question: str) -> None:
        """Write a question, and stay on its line."""
        self._stream.write(question)
        self.flush()

    def clear_line(self) -> None:
        """Take away what stands on the line, a progress bar that is drawn again."""
        if self.is_terminal:
            self._stream.write("\r\x1b[2K")

    def flush(self) -> None:
        """Hand over what was written."""
        self._stream.flush()

    @contextmanager
    def progress(self, label: Text, total: int) -> Iterator[Callable[[int], None]]:
        """Show a bar with rate and time left, on a terminal and of more than nothing.

        The caller tells how much is done.
        """
        if not (self.is_terminal and total):
            yield lambda _done: None
            return
        from smsctl.cli.output import terminal

        with self._bar(), terminal.progress(label, total, self._stream) as tell:
            yield tell

    @contextmanager
    def working(self, label: Text) -> Iterator[Callable[[int, int], None]]:
        """Show on a terminal how much of a work of more than a second is done, of how much."""
        if not self.is_terminal:
            yield lambda _done, _total: None
            return
        from smsctl.cli.output import terminal

        with self._bar(), terminal.working(label, self._stream) as tell:
            yield tell

    @contextmanager
    def _bar(self) -> Iterator[None]:
        self.shows_bar = True
        try:
            yield
        finally:
            self.shows_bar = False
