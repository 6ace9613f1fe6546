"""Bytes as Windows programs in Sweden write them -> text, and which encoding was assumed.

In this order (what-comes-from-outside.md, "Files"): a byte order mark decides; else NULs at every
other place mean UTF-16;
else the whole file must be UTF-8; else it is Windows-1252, and a notice says so. Windows-1252 makes some
text of almost any bytes, so whatever was assumed, the traces of a wrong assumption are looked for (here,
or in the program that wrote the file): better one sentence now than "Ã…sa" on a thousand telephones.

Files are read in pieces: a million recipients never stand in memory at once.
"""

import codecs
import io
import re
from typing import BinaryIO, Final, NamedTuple

from smsctl.domain.remains import Remain, remains
from smsctl.errors import InputError, Sentence, say

UTF_8: Final = "UTF-8"
UTF_16_LE: Final = "UTF-16-LE"
UTF_16_BE: Final = "UTF-16-BE"
WINDOWS_1252: Final = "Windows-1252"


class Assumption(NamedTuple):
    """How a file is to be read: the encoding (a name for people that Python knows too), and from where."""

    encoding: str
    bom_bytes: int = 0  # to be left out at the start
    notice: Sentence | None = None  # where the encoding is a guess


class Decoded(NamedTuple):
    """A text and the encoding it was read in; line breaks are left as they stood."""

    text: str
    encoding: str
    notice: Sentence | None = None  # where the encoding is a guess


def decode(data: bytes, encoding: str | None = None, *, source: Sentence | str = "The text") -> Decoded:
    """Return the text of a whole file; `source` names it in errors, `encoding` overrides the guess.

    Raises InputError: binary, not in the encoding, or showing traces of a wrong one.
    """
    assumed = recognise(io.BytesIO(data), source=source, encoding=encoding)
    text = data[assumed.bom_bytes :].decode(assumed.encoding)
    return Decoded(text=text, encoding=assumed.encoding, notice=assumed.notice)


def taken_for_windows(data: bytes) -> Remain | None:
    """Return a word of a text that is neither UTF-8 nor Windows-1252, though it would be taken for that.

    It is known by the letters that no Swede writes: code page 850 and 437 (the same in å ä ö), MacRoman.
    """
    if _byte_order_mark(data) or 0 in data:
        return None
    try:
        data.decode()
    except UnicodeDecodeError:
        found = [*remains(data.decode(WINDOWS_1252, "surrogateescape"), of_bytes=True)]
        return found[0] if len(found) > _swedish_in(data) else None
    return None


def refuse_other_letters(file: BinaryIO, source: str) -> None:
    """Raise InputError for a file that was taken for Windows-1252 and has letters of DOS or of an old Mac.

    More of them than it has å ä ö of Windows-1252: some names look like damage (Tomáš, Kalninš). Lines are
    looked at, some thousands together; nobody's name is repeated.
    """
    file.seek(0)
    line, damaged = 1, 0
    told: Sentence | None = None
    while damaged < _PLENTY and (lines := file.readlines(_PIECE_BYTES)):
        piece = b"".join(lines)
        if re.search(rb"[\x80-\x9f]", piece):
            text = piece.decode(WINDOWS_1252, "surrogateescape")
            for remain in remains(text, of_bytes=True):
                damaged += 1
                told = told or say(
                    "{source}, line {line}: {letters} stands where å, ä or ö should. The file is"
                    " {encoding}, not Windows-1252.",
                    source=source,
                    line=line + text.count("\n", 0, remain.at),
                    letters=" ".join(dict.fromkeys(one for one in remain.piece if one not in remain.meant)),
                    encoding=remain.mistake.title,
                )
        line += len(lines)
    if told is None:
        return
    seen = file.tell()
    file.seek(0)
    while damaged > 0 and (piece := file.read(min(_PIECE_BYTES, seen - file.tell()))):
        damaged -= _swedish_in(piece)
    if damaged > 0:
        raise InputError(told, hint=_SAVE_AGAIN)


def _swedish_in(data: bytes) -> int:
    """Return how many å ä ö of Windows-1252 stand in words; in another encoding hardly any byte is one."""
    return len(
        re.findall(rb"(?<=[A-Za-z])[\xe5\xe4\xf6\xc5\xc4\xd6]|[\xe5\xe4\xf6\xc5\xc4\xd6](?=[A-Za-z])", data)
    )


def recognise(file: BinaryIO, *, source: Sentence | str, encoding: str | None = None) -> Assumption:
    """Read a seekable file through once and return how it is to be read.

    Every byte is decoded and checked here, so that reading it again the same way cannot fail.
    Raises InputError as `decode`.
    """
    head = file.read(_PIECE_BYTES)
    marked = _byte_order_mark(head)
    if encoding is not None:
        name = _codec(encoding)
        skip = len(marked[1]) if marked and codecs.lookup(marked[0]).name == name else 0
        return _checked(file, source, Assumption(encoding=name, bom_bytes=skip))
    if marked:
        return _checked(file, source, Assumption(encoding=marked[0], bom_bytes=len(marked[1])))
    if wide := _wide_without_mark(head):
        return _checked(file, source, Assumption(encoding=wide))
    _refuse_binary(head, source)
    try:
        return _checked(file, source, Assumption(encoding=UTF_8))
    except _NotInEncodingError as error:
        return _windows(file, source, error.sentence)


_PIECE_BYTES = 1 << 20
_PLENTY = 1000  # of words that are damaged, to stop counting
_SAMPLE_LETTERS = 10
_MARKS = ((UTF_8, codecs.BOM_UTF8), (UTF_16_LE, codecs.BOM_UTF16_LE), (UTF_16_BE, codecs.BOM_UTF16_BE))

_WORKBOOKS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")  # .xlsx and .ods; .xls
_SAVE_AGAIN = say("Save it again as UTF-8; in Excel the file type is called CSV UTF-8.")


class _NotInEncodingError(InputError):
    """The bytes are not of the encoding that was tried."""


def _byte_order_mark(head: bytes) -> tuple[str, bytes] | None:
    return next(((name, mark) for name, mark in _MARKS if head.startswith(mark)), None)


def _codec(encoding: str) -> str:
    """Return Python's name of an encoding; codecs that are not text encodings (zip, hex) are unknown too."""
    try:
        b" ".decode(encoding, "ignore")
        return codecs.lookup(encoding).name
    except (LookupError, ValueError):
        raise InputError(
            say("{encoding} is not an encoding that smsctl knows.", encoding=repr(encoding)),
            hint=say("The usual ones are UTF-8, UTF-16 and Windows-1252."),
        ) from None


def _wide_without_mark(head: bytes) -> str | None:
    """Return the UTF-16 that most of the head is: Western letters have a NUL as their other byte."""
    even, odd = head[::2].count(0), head[1::2].count(0)
    half = len(head) // 4
    if odd > half and not even:
        return UTF_16_LE
    if even > half and not odd:
        return UTF_16_BE
    return None


def _refuse_binary(head: bytes, source: Sentence | str) -> None:
    if head.startswith(_WORKBOOKS):
        raise InputError(say("{source} is a workbook, not a text file.", source=source), hint=_SAVE_AGAIN)
    if 0 in head:
        raise InputError(say("{source} is not a text file: it has NUL bytes.", source=source))


def _windows(file: BinaryIO, source: Sentence | str, no_utf_8: Sentence) -> Assumption:
    """Return Windows-1252 with a notice: what is not UTF-8 is most often that, unless most of it is UTF-8."""
    notice = say(
        "{source} is not UTF-8 and was read as Windows-1252, with these letters: {letters}.",
        source=source,
        letters=_sample(file, WINDOWS_1252),
    )
    try:
        return _checked(file, source, Assumption(encoding=WINDOWS_1252, notice=notice))
    except _NotInEncodingError as error:
        neither = say(
            "{source}, line {line}: this is neither UTF-8 nor Windows-1252.", **error.sentence.values
        )
        raise InputError(neither, hint=_SAVE_AGAIN) from None
    except InputError as error:
        found, broken = error.sentence.values, no_utf_8.values
        is_before = int(str(found["line"])) < int(str(broken["line"]))
        if found.get("trace") is not _PAIRS or not is_before:
            raise
        mixed = say("{source}, line {line}: this is not UTF-8, though what stands before is.", **broken)
        raise InputError(mixed, hint=_SAVE_AGAIN) from None


def _checked(file: BinaryIO, source: Sentence | str, assumed: Assumption) -> Assumption:
    """Return the assumption when the whole file fits it and shows no trace of a wrong one."""
    decoder = codecs.getincrementaldecoder(assumed.encoding)()
    before = b""  # the end of the piece before: a trace may be a pair of letters
    start = assumed.bom_bytes
    file.seek(start)
    while True:
        piece = file.read(_PIECE_BYTES)
        try:
            text = decoder.decode(piece, final=not piece)
        except UnicodeError as error:
            place = {"source": source, "line": _line(file, assumed, start, _good_part(error))}
            sentence = say(
                "{source}, line {line}: this is not {encoding}.", encoding=assumed.encoding, **place
            )
            raise _NotInEncodingError(sentence, hint=_SAVE_AGAIN) from None
        data = before + (piece if assumed.encoding == UTF_8 else text.encode("utf-8", "surrogatepass"))
        for rare, pattern, trace in _TRACES:
            if rare in data and (found := re.search(pattern, data)):
                good = data[len(before) : found.start()].decode("utf-8", "replace")
                line = _line(file, assumed, start, good)
                sentence = say("{source}, line {line}: {trace}.", source=source, line=line, trace=trace)
                raise InputError(sentence, hint=_SAVE_AGAIN)
        if not piece:
            return assumed
        before = data[-_LONGEST_TRACE:]
        start += len(piece)


def _good_part(error: UnicodeError) -> str:
    """Return what was decoded of the piece before the fault; not every codec tells where that is."""
    if not isinstance(error, UnicodeDecodeError):
        return ""
    return error.object[: error.start].decode(error.encoding, "replace")


def _line(file: BinaryIO, assumed: Assumption, start: int, rest: str) -> int:
    """Return the line after `start` bytes and `rest`. Counted only now: good files need not pay for it."""
    file.seek(assumed.bom_bytes)
    text = file.read(start - assumed.bom_bytes).decode(assumed.encoding, "replace") + rest
    return 1 + max(text.count("\n"), text.count("\r"))


def _as_utf8(letters: str) -> bytes:
    return b"(?:" + b"|".join(re.escape(letter.encode()) for letter in letters) + b")"


# What bytes 80-BF, the second half of å ä ö in UTF-8, become when they are read as Windows-1252 or Latin-1.
_SECOND_HALVES = "".join(
    {bytes([byte]).decode(codec, "ignore") for codec in ("cp1252", "latin-1") for byte in range(0x80, 0xC0)}
)

_PAIRS = say("letters such as å have become pairs such as Ã¥: UTF-8 was read as something else")

# Each trace as UTF-8 bytes, after a byte of it that good text seldom has: looking for one byte costs next to
# nothing, and only where it stands is the pattern tried. In a good file a pattern takes twenty times as long.
_TRACES = (
    (b"\0", b"\0", say("a NUL character stands here; this is not a text file")),
    (b"\x83", b"\xc3\x83" + _as_utf8(_SECOND_HALVES), _PAIRS),
    (b"\xe2", b"\xc3\xa2\xe2\x82\xac", _PAIRS),
    (b"\xc2", b"\xc2[\x80-\x9f]", say("an invisible control character stands where a letter should be")),
    (b"\xef", b"\xef\xbf\xbd", say("a letter was lost when the file was written (it reads \ufffd)")),
)
_LONGEST_TRACE = 5  # bytes


def _sample(file: BinaryIO, encoding: str) -> str:
    """Return the first letters outside ASCII: enough to judge the guess by, and nobody's name."""
    file.seek(0)
    found: dict[str, None] = {}
    while len(found) < _SAMPLE_LETTERS and (piece := file.read(_PIECE_BYTES)):
        found |= dict.fromkeys(re.findall(r"[^\x00-\x7f]", piece.decode(encoding, "replace")))
    return " ".join(list(found)[:_SAMPLE_LETTERS])
