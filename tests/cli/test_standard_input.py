"""A text on standard input is what it would be in a file, whatever stands there and however it comes."""

import fcntl
import os
import struct
import subprocess
import termios
from collections.abc import Mapping
from pathlib import Path

import pytest

from ..conftest import MakeConfig
from ..front_door import SMSCTL, Ran, Run, Terminal
from .conftest import guardians, wait_until

TRY = ("send", "-", "--all", "--dry-run", "--json")
TEXT = "Hej! Skolan är stängd på måndag."
TEXTS: Mapping[str, bytes] = {
    "plain": TEXT.encode(),
    "marked": b"\xef\xbb\xbf" + TEXT.encode(),
    "wide": TEXT.encode("utf-16"),
    "wide, not marked": TEXT.encode("utf-16-be"),
    "Windows": TEXT.replace(" ", "\r\n").encode("cp1252") + b"\r\n\r\n",
    "code page 850": TEXT.encode("cp850"),
    "NUL": b"Hej\0 du",
    "half of a letter": b"Hej d\xc3",
    "surrogate": b"Hej \xed\xa0\x80 du",
    "empty": b"",
    "marked and empty": b"\xef\xbb\xbf",
    "blank": b" \t\r\n\xc2\xa0\n",
    "combining": "Hej A\u030asa o\u0308ga".encode(),
    "nothing but combining": ("e" + "\u0301" * 2000).encode(),
    "fields": ("((Namn)) " * 7000).encode(),
    "too large": ("((Namn)) " * 8000).encode(),
    "field of the file": b"Hej ((Namn))!",
    "field of no file": b"Hej ((Klass))!",
    "merge mark": b"Hej <<Namn>>!",
    "workbook": b"PK\x03\x04" + b"x" * 100,
}


def through_a_pipe(config: Path, data: bytes, *argv: object) -> Ran:
    words = [*SMSCTL, "--config", str(config), *map(str, argv or TRY)]
    done = subprocess.run(words, input=data, capture_output=True, timeout=60, check=False)
    return Ran(code=done.returncode, out=done.stdout.decode(), err=done.stderr.decode())


@pytest.mark.parametrize("name", TEXTS)
def test_it_ends_as_the_same_bytes_in_a_file_do(
    name: str, make_config: MakeConfig, tmp_path: Path, run: Run
) -> None:
    config, path = make_config(rows=guardians(2)), tmp_path / "text.txt"
    path.write_bytes(TEXTS[name])
    piped, read = through_a_pipe(config, TEXTS[name]), run("--config", config, "send", path, *TRY[2:])
    assert (piped.code, piped.out.replace("standard input", str(path))) == (read.code, read.out)
    assert read.code == (0 if read.json["ok"] else 8)
    assert "Traceback" not in piped.said


def test_a_text_that_comes_in_two_halves_is_read_to_its_end(make_config: MakeConfig) -> None:
    """Also where the other program has set the pipe so that a read does not wait."""
    config = make_config(rows=guardians(2))
    reader, writer = os.pipe()
    os.set_blocking(reader, False)
    words = [*SMSCTL, "--config", str(config), *TRY]
    with subprocess.Popen(words, stdin=reader, stdout=subprocess.PIPE, text=True) as process:
        os.write(writer, TEXT[:10].encode())
        wait_until(lambda: _waiting_in(reader) == 0)
        os.write(writer, TEXT[10:].encode())
        os.close(writer)
        out, _ = process.communicate(timeout=60)
    os.close(reader)
    ran = Ran(code=process.returncode, out=out)
    assert (ran.code, ran.data["text"]["units"]) == (0, len(TEXT))


def _waiting_in(reader: int) -> int:
    (count,) = struct.unpack("i", fcntl.ioctl(reader, termios.FIONREAD, b"\0" * 4))
    return int(count)


@pytest.mark.parametrize(("turned", "why"), [("<&-", "empty"), ("0>/dev/null", "cannot be read")])
def test_standard_input_that_cannot_be_read_is_told(turned: str, why: str, make_config: MakeConfig) -> None:
    words = [*SMSCTL, "--config", str(make_config(rows=guardians(2))), *TRY]
    shell = ["sh", "-c", f'exec "$@" {turned}', "sh", *words]
    done = subprocess.run(shell, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, "Traceback" in done.stderr) == (8, False)
    assert why in Ran(code=8, out=done.stdout).json["messages"][0]["text"]


def test_what_is_typed_on_a_terminal_is_a_text_too(make_config: MakeConfig) -> None:
    config = make_config(rows=guardians(2))
    with Terminal("--config", config, "send", "-", "--all", "--yes") as terminal:
        terminal.type(TEXT)
        terminal.press("\x04")
        ran = terminal.end()
    assert (ran.code, TEXT in ran.seen) == (0, True)


CHOICE = "Namn=Person 1:-"


def test_the_text_for_some_rows_may_come_there_too_but_nothing_is_asked_then(
    make_config: MakeConfig, tmp_path: Path, run: Run
) -> None:
    config, path = make_config(rows=guardians(2)), tmp_path / "text.txt"
    path.write_text(TEXT, encoding="utf-8")
    chosen = ("send", path, "--all", "--text-for", CHOICE)
    asked = run("--config", config, *chosen, stdin="Salaam")
    assert (asked.code, "nothing can be asked" in asked.err) == (2, True)
    ran = through_a_pipe(config, "Hej på er, alla i klassen".encode(), *chosen, "--dry-run", "--json")
    assert (ran.code, ran.data["personal"]["several"]["numbers"]) == (0, 0)
    for words in (("send", "-", *chosen[2:], "--yes"), ("recipients", "check", "--text", "-", *chosen[3:])):
        twice = run("--config", config, *words, stdin="Salaam")
        assert (twice.code, "- names it twice" in twice.err) == (2, True)
    slot = run("--config", config, "schedule", "--at", "07:30", "--", *chosen, "--max-parts", 9)
    assert (slot.code, "A slot has no standard input" in slot.err) == (2, True)
