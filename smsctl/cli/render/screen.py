"""Where a screen is written: coloured on a terminal, plain text everywhere else."""

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TextIO

from smsctl.cli.render import plain
from smsctl.cli.render.blocks import Block, Text
from smsctl.cli.render.language import words


class Screen:
    """One stream a person or a log reads."""

    def __init__(self, stream: TextIO) -> None:
        """Look at the stream once: only a terminal gets colour and progress."""
        self._stream = stream
        self.shows_bar = False
        self.is_terminal = stream.isatty() and os.environ.get("TERM") != "dumb"

    def show(self, blocks: Sequence[Block]) -> None:
        """Write the blocks."""
        if self.is_terminal:
            from smsctl.cli.render import terminal

            terminal.show(blocks, self._stream)
            return
        for line in plain.lines_of(blocks, words):
            self.line(line)
        self.flush()

    def line(self, text: str) -> None:
        """Write one line as it is; a stream that is not UTF-8 still gets it, with question marks."""
        encoding = self._stream.encoding or "utf-8"
        self._stream.write(text.encode(encoding, "replace").decode(encoding) + "\n")

    def ask(self, question: str) -> None:
        """Write a question, and stay on its line."""
        self._stream.write(question)
        self.flush()

    def clear_line(self) -> None:
        """Take away what stands on the line, a progress bar that is drawn again."""
        if self.is_terminal:
            self._stream.write("\r\x1b[2K")

    def flush(self) -> None:
        """Hand over what was written; a reader that went away is noticed here."""
        self._stream.flush()

    @contextmanager
    def progress(self, label: Text, total: int) -> Iterator[Callable[[int], None]]:
        """Show a bar with rate and time left, on a terminal; the caller tells how much is done."""
        if not self.is_terminal:
            yield _nobody
            return
        from smsctl.cli.render import terminal

        with terminal.progress(label, total, self._stream) as tell:
            self.shows_bar = True
            try:
                yield tell
            finally:
                self.shows_bar = False


def _nobody(_done: int) -> None:
    """Nobody is watching."""
