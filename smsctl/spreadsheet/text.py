"""A CSV file as Excel in Sweden, school platforms and the web write it, read with the `csv` module."""

import csv
import io
import os
import re
from collections import Counter
from collections.abc import Collection, Generator, Iterator
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, Final, NamedTuple, Protocol, TextIO

from smsctl.decoding import recognise, refuse_other_letters
from smsctl.errors import InputError, Sentence, say
from smsctl.opening import open_file
from smsctl.spreadsheet.kinds import was_changed

MAX_FIELD: Final = 131_072  # characters; a cell of Excel holds 32 767, one of Google Sheets 50 000
DELIMITERS: Final = ";\t,"
"""What may stand between cells; in this order where nothing else tells."""

_PREFACE: Final = r'(?i)(?:"?sep=(.)"?[ ;,\t]*|#type [^\r\n]*)(?:\r\n?|\n)'
"""What Excel obeys and does not show, and the kind of object that PowerShell writes of what it exports."""

_HEAD = 1 << 16  # characters; the header stands within them
_FEWEST_TO_TELL = 4
"""Of so many columns, a line with as many delimiters is a row, and no note with a semicolon in it."""
_SOME_NUMBER = r"\d(?:[\s\-]{0,3}\d){6}"
_NONE_MISSING = say("Where none is missing, save the list as a workbook (.xlsx).")
_LINES_COMPARED = 50
_PIECE_BYTES = 1 << 20
_LONGEST_WORD = 32  # bytes
_SMALL, _NOT_PLAIN = bytes(range(0x100)).lower(), bytes(range(0x80, 0x100))
_END_MARK = "\x1a"

_Stream = Generator[list[str], None, None]


class _Reader(Protocol):
    """What csv.reader returns; the csv module gives it no public name."""

    line_num: int

    def __iter__(self) -> Iterator[list[str]]: ...


class TextFormat(NamedTuple):
    """How to read the file: everything that was found out about it before its header."""

    path: Path
    encoding: str
    bom_bytes: int
    has_preface: bool
    delimiter: str
    stamp: tuple[int, int]  # size, and time of change in ns: other ones mean another file
    notice: Sentence | None
    has_quotes: bool = False
    has_end_mark: bool = False  # Ctrl-Z, which DOS and older systems write after the last line
    has_spaces: bool = False  # between a delimiter and the quote behind it, as in the heading
    rows: int = 0  # about so many, by the length of the first ones

    def read(self) -> _Stream:
        """Yield header and rows; InputError for a fault in the structure, and for a file that changes."""
        with open_file(self.path) as file, _text(file, self.encoding, self.bom_bytes) as text:
            try:
                yield from self._reader(text)
            except (csv.Error, UnicodeError) as error:
                self._refuse_change(file)
                raise self._broken(error) from None
            self._refuse_change(file)

    def may_hold(self, words: Collection[str]) -> bool:
        """Look for the words, of plain letters, below the first line, as bytes.

        All other signs are left out, for one that nobody sees may stand within a word (a soft hyphen).
        """
        if self.encoding.startswith("UTF-16"):
            return True
        sought = [word.encode() for word in words]
        with open_file(self.path) as file:
            # The Excel of a Mac ends a line in \r alone.
            file.seek(len(re.split(b"[\r\n]", file.read(_PIECE_BYTES), maxsplit=1)[0]))
            small = (piece.translate(_SMALL, _NOT_PLAIN) for piece in _pieces(file))
            return any(word in piece for piece in small for word in sought)

    def refuse_swallowed(self, width: int) -> None:
        """Raise InputError where a cell holds whole rows, because a quote is opened and closed far below.

        Nothing else would tell: those people would be nowhere. Only files with quotes are read for it.
        """
        if not self.has_quotes:
            return
        before = 0
        with open_file(self.path) as file, _text(file, self.encoding, self.bom_bytes) as text:
            reader = self._reader(text)
            with suppress(csv.Error, UnicodeError):  # told when the rows are read
                for row in reader:
                    many = reader.line_num - before > 1
                    if many and any(self._holds_rows(cell, at, width) for at, cell in enumerate(row)):
                        sentence = say(
                            "{path}, line {line}: a cell of the row that begins here holds whole rows: a"
                            ' closing quote (") is missing.',
                            path=self.path,
                            line=before + 1 + self.has_preface,
                        )
                        raise InputError(sentence, hint=_NONE_MISSING)
                    before = reader.line_num

    def _holds_rows(self, cell: str, at: int, width: int) -> bool:
        """Tell whether a line of a cell is a row, or the end of one row and the beginning of another."""
        lines = re.split(r"\r\n?|\n", cell)
        marks = [line.count(self.delimiter) for line in lines]
        if width >= _FEWEST_TO_TELL and any(self._is_row(line, width) for line in lines[1:]):
            return True
        is_cut = width > 1 and len(marks) > 1 and (marks[0], marks[-1]) == (width - 1 - at, at)
        return is_cut and re.search(_SOME_NUMBER, cell) is not None

    def _is_row(self, line: str, width: int) -> bool:
        """Tell whether a line has the delimiters of a row; in prose (nuts, milk) a space follows each."""
        marks = line.count(self.delimiter)
        if marks < width - 1:
            return False
        return marks > line.count(f"{self.delimiter} ") or re.search(_SOME_NUMBER, line) is not None

    def _reader(self, text: TextIO) -> _Reader:
        csv.field_size_limit(MAX_FIELD)  # of the process; no other csv file has longer fields either
        if self.has_preface:
            next(text)
        lines = (line.replace(_END_MARK, "") for line in text) if self.has_end_mark else text
        return csv.reader(lines, delimiter=self.delimiter, strict=True, skipinitialspace=self.has_spaces)

    def _refuse_change(self, file: BinaryIO) -> None:
        status = os.fstat(file.fileno())
        if (status.st_size, status.st_mtime_ns) != self.stamp:
            raise was_changed(self.path)

    def _broken(self, error: Exception) -> InputError:
        """Read once more to find the line on which the broken row begins: the mending starts there."""
        line = 0
        with open_file(self.path) as file, _text(file, self.encoding, self.bom_bytes) as text:
            reader = self._reader(text)
            try:
                for _row in reader:
                    line = reader.line_num
            except (csv.Error, UnicodeError):
                line += 1 + self.has_preface
        if "limit" in str(error):
            return InputError(
                say(
                    "{path}, line {line}: a field of the row that begins here has over {limit} characters.",
                    path=self.path,
                    line=line,
                    limit=MAX_FIELD,
                ),
                hint=say('Perhaps a closing quote (") is missing.'),
            )
        sentence = say(
            '{path}, line {line}: the row that begins here has a stray quote (").', path=self.path, line=line
        )
        return InputError(sentence)


def open_text(file: BinaryIO, path: Path, encoding: str | None, delimiter: str | None) -> TextFormat:
    """Find out how an open file is to be read. Raises InputError: empty, no text, wrong encoding."""
    status = os.fstat(file.fileno())
    assumed = recognise(file, source=str(path), encoding=encoding)
    if assumed.notice:
        refuse_other_letters(file, str(path))
    has_quotes = _has_quotes(file)
    file.seek(max(status.st_size - 1, 0))
    has_end_mark = file.read() == _END_MARK.encode()
    with _text(file, assumed.encoding, assumed.bom_bytes) as text:
        head = text.read(_HEAD)
    if not head.strip():
        raise InputError(say("{path} is empty.", path=path))
    preface, mark = _preface(head), _delimiter(path, head, delimiter)
    heading = re.split("[\r\n]", head[preface.end() :] if preface else head, maxsplit=1)[0]
    return TextFormat(
        path=path,
        encoding=assumed.encoding,
        bom_bytes=assumed.bom_bytes,
        has_preface=preface is not None,
        delimiter=mark,
        stamp=(status.st_size, status.st_mtime_ns),
        notice=assumed.notice,
        has_quotes=has_quotes,
        has_end_mark=has_end_mark,
        has_spaces=re.search(rf'"{mark} +"', heading) is not None,
        rows=status.st_size * head.count("\n") // len(head.encode(errors="replace")),
    )


def _has_quotes(file: BinaryIO) -> bool:
    file.seek(0)
    return any(b'"' in piece for piece in _pieces(file))


def _pieces(file: BinaryIO) -> Iterator[bytes]:
    """Yield a file in pieces, each after the end of the one before, so that no word is only cut."""
    kept = b""
    while piece := file.read(_PIECE_BYTES):
        yield kept + piece
        kept = piece[-_LONGEST_WORD:]


def _preface(head: str) -> re.Match[str] | None:
    """Find the line before the heading that is for programs; few files have one, so few need the pattern."""
    begins = head[:5].casefold()
    return re.match(_PREFACE, head) if "sep=" in begins or begins == "#type" else None


def _text(file: BinaryIO, encoding: str, bom_bytes: int) -> TextIO:
    """Read a file as text from its start; line breaks stay as they are, as csv asks."""
    file.seek(bom_bytes)
    return io.TextIOWrapper(file, encoding, newline="")


def _delimiter(path: Path, head: str, asked: str | None) -> str:
    """Return the delimiter: what is asked for, else what the file says, else what its rows show."""
    preface = _preface(head)
    if preface:
        head = head[preface.end() :]
        asked = asked or preface[1]
    if asked is None:
        return _seen(path, head)
    if asked not in tuple(DELIMITERS):
        raise InputError(
            say("{path}: {delimiter} cannot separate columns.", path=path, delimiter=repr(asked)),
            hint=say("Columns are separated by a semicolon, a comma or a tab."),
        )
    return asked


def _seen(path: Path, head: str) -> str:
    """Return the mark that cuts most rows into as many cells as the heading, then the one seen most often.

    A stray tab in a heading, or commas in its words, decide nothing then.
    """
    bare = re.sub(r'"[^"]*"?', "", head) if '"' in head else head
    heading, *lines = bare.replace("\r\n", "\n").replace("\r", "\n").split("\n")[: _LINES_COMPARED + 1]
    if len(head) == _HEAD and len(lines) < _LINES_COMPARED:
        lines = lines[:-1]  # it may be cut
    marks = [mark for mark in DELIMITERS if mark in heading]
    if not marks and "|" in heading:
        raise InputError(
            say("{path}: its columns are separated by |, which is not read.", path=path),
            hint=say("Columns are separated by a semicolon, a comma or a tab."),
        )
    rows = [line for line in lines if line.strip()]
    ranks = {mark: (_agreeing(mark, heading, rows), heading.count(mark)) for mark in marks}
    best = max(ranks.values(), default=None)
    if best is not None and Counter(ranks.values())[best] > 1:
        raise InputError(
            say("{path}: it cannot be told what separates the columns.", path=path),
            hint=say("Say it with --delimiter: semicolon, comma or tab."),
        )
    return max(marks, key=ranks.__getitem__, default=DELIMITERS[0])


def _agreeing(mark: str, heading: str, rows: list[str]) -> int:
    wanted = heading.count(mark)
    return sum(row.count(mark) == wanted for row in rows)
