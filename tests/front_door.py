"""The ways a person or cron comes to smsctl: `main(argv)`, a process of its own, and a terminal."""

import io
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Protocol, Self

ENVELOPE = ("command", "mode", "ok", "exit_code", "data", "messages")
SMSCTL = (sys.executable, "-m", "smsctl")
OWN_TERMINAL = (
    "import fcntl, os, sys, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0)\n"
    "os.execvp(sys.argv[1], sys.argv[1:])"
)
"""A program that takes the terminal for its own, as a login does, and becomes the program that is named."""

_LONGEST_S = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """What came of one command. On a terminal, `out` is everything that was seen."""

    code: int
    out: str
    err: str = ""

    @property
    def json(self) -> dict[str, Any]:
        envelope: dict[str, Any] = json.loads(self.out)
        return envelope

    @property
    def data(self) -> dict[str, Any]:
        data: dict[str, Any] = self.json["data"]
        return data

    @property
    def said(self) -> str:
        return self.out + self.err

    @property
    def seen(self) -> str:
        """What a terminal showed, without its colours."""
        return re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", self.out)


class Run(Protocol):
    def __call__(self, *argv: object, stdin: str = "", terminal: bool = False) -> Ran: ...


class Stream(io.TextIOWrapper):
    """A standard stream as the interpreter makes it, which may claim to be a terminal."""

    def __init__(self, text: str = "", *, terminal: bool = False) -> None:
        super().__init__(io.BytesIO(text.encode()), encoding="utf-8", write_through=True)
        self._terminal = terminal

    def isatty(self) -> bool:
        return self._terminal

    def written(self) -> str:
        self.seek(0)
        return self.read()


def run_here(*argv: object, stdin: str = "", terminal: bool = False) -> Ran:
    """Run a command in this process; never through Typer's own runner, which goes round our errors."""
    from smsctl.cli.app import main

    with _streams(stdin, terminal=terminal) as (out, err):
        code = main([str(word) for word in argv])
        return Ran(code=int(code), out=out.written(), err=err.written())


@contextmanager
def _streams(stdin: str, *, terminal: bool) -> Iterator[tuple[Stream, Stream]]:
    before = sys.stdin, sys.stdout, sys.stderr
    out, err = Stream(terminal=terminal), Stream(terminal=terminal)
    sys.stdin, sys.stdout, sys.stderr = Stream(stdin, terminal=terminal), out, err
    try:
        yield out, err
    finally:
        sys.stdin, sys.stdout, sys.stderr = before


def begin_process(*argv: object) -> subprocess.Popen[str]:
    """Start a command as a process without a terminal."""
    return subprocess.Popen(
        _command(argv), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def end_process(process: subprocess.Popen[str]) -> Ran:
    """Wait for a process that was started."""
    out, err = process.communicate(timeout=_LONGEST_S)
    return Ran(code=process.returncode, out=out, err=err)


def run_process(*argv: object, stdin: str = "") -> Ran:
    """Run a command as a process without a terminal."""
    done = subprocess.run(
        _command(argv), input=stdin, capture_output=True, text=True, timeout=_LONGEST_S, check=False
    )
    return Ran(code=done.returncode, out=done.stdout, err=done.stderr)


class Terminal:
    """A process on a real terminal."""

    def __init__(
        self, *argv: object, program: Sequence[str] = SMSCTL, columns: int = 120, **environ: str
    ) -> None:
        import pty

        self._master, slave = pty.openpty()
        self.process = subprocess.Popen(
            [*program, *map(str, argv)],
            stdin=slave,
            stdout=slave,
            stderr=slave,
            start_new_session=True,
            env=os.environ | {"TERM": "xterm-256color", "COLUMNS": str(columns), "LINES": "40"} | environ,
        )
        os.close(slave)
        self.seen = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.hang_up()

    def hang_up(self) -> None:
        """Go away, as a connection that drops does."""
        if self._master >= 0:
            os.close(self._master)
        self._master = -1

    def wait_for(self, text: str) -> None:
        """Read until the text has been shown."""
        until = time.monotonic() + _LONGEST_S
        while text not in self.seen:
            assert time.monotonic() < until, f"{text!r} was never shown: {self.seen}"
            assert self._read(), f"{text!r} was never shown: {self.seen}"

    def type(self, text: str) -> None:
        """Type a line."""
        self.press(f"{text}\n")

    def press(self, keys: str) -> None:
        """Press keys, without the one that ends a line."""
        os.write(self._master, keys.encode(errors="surrogateescape"))

    def end(self) -> Ran:
        """Read until the process has ended."""
        while self._read():
            pass
        return Ran(code=self.process.wait(timeout=_LONGEST_S), out=self.seen)

    def _read(self) -> bool:
        try:
            data = os.read(self._master, 65_536)
        except OSError:  # Linux says so when the process has closed the terminal
            return False
        self.seen += data.decode(errors="replace")
        return bool(data)


def run_terminal(argv: Sequence[object], answers: Sequence[tuple[str, str]] = ()) -> Ran:
    """Run a command on a terminal; each answer is typed when the text before it has been shown."""
    with Terminal(*argv) as terminal:
        for question, answer in answers:
            terminal.wait_for(question)
            terminal.type(answer)
        return terminal.end()


def _command(argv: Sequence[object]) -> list[str]:
    return [*SMSCTL, *map(str, argv)]
