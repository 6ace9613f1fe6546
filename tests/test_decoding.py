import codecs
import os
import sys
from io import BytesIO
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from smsctl.decoding import decode, recognise, taken_for_windows
from smsctl.errors import InputError
from smsctl.opening import open_file

TEXT = "Hej Åsa!\r\nMöte på tisdag."


@pytest.mark.parametrize(
    ("data", "encoding"),
    [
        (TEXT.encode(), "UTF-8"),
        (codecs.BOM_UTF8 + TEXT.encode(), "UTF-8"),
        (codecs.BOM_UTF16_LE + TEXT.encode("utf-16-le"), "UTF-16-LE"),
        (codecs.BOM_UTF16_BE + TEXT.encode("utf-16-be"), "UTF-16-BE"),
        (TEXT.encode("utf-16-le"), "UTF-16-LE"),
        (TEXT.encode("utf-16-be"), "UTF-16-BE"),
        (TEXT.encode("cp1252"), "Windows-1252"),
    ],
)
def test_the_encodings_of_swedish_offices_are_recognised(data: bytes, encoding: str) -> None:
    decoded = decode(data)
    assert (decoded.text, decoded.encoding) == (TEXT, encoding)


@pytest.mark.parametrize("text", ["Tomáš är sjuk", "Kalninš och Sjöberg", "Åsa Öst† är struken"])
def test_a_word_that_looks_like_damage_is_none_beside_swedish_letters(text: str) -> None:
    assert taken_for_windows(text.encode("cp1252")) is None


@pytest.mark.parametrize("data", [b"", b"Hej", codecs.BOM_UTF8, codecs.BOM_UTF16_LE])
def test_plain_and_empty_texts_need_no_notice(data: bytes) -> None:
    assert decode(data).notice is None


def test_a_guess_is_told_with_the_letters_it_gave_and_nobody_s_name() -> None:
    notice = str(decode("Åsa Öberg".encode("cp1252"), source="message.txt").notice)
    assert notice == "message.txt is not UTF-8 and was read as Windows-1252, with these letters: Å Ö."


@pytest.mark.parametrize(
    ("data", "encoding"),
    [
        ("Å".encode("cp850"), "cp850"),
        ("Å".encode("cp1252"), "Windows-1252"),
        ("Å".encode("cp1252"), "latin-1"),
        (codecs.BOM_UTF8 + "Å".encode(), "utf-8"),
        (codecs.BOM_UTF8 + "Å".encode(), "UTF-8-sig"),
        (codecs.BOM_UTF16_BE + "Å".encode("utf-16-be"), "utf-16"),
        (codecs.BOM_UTF16_BE + "Å".encode("utf-16-be"), "UTF-16-BE"),
    ],
)
def test_an_encoding_that_is_asked_for_holds(data: bytes, encoding: str) -> None:
    decoded = decode(data, encoding)
    assert (decoded.text, decoded.notice) == ("Å", None)


@pytest.mark.parametrize("encoding", ["klingon", "hex", "zlib", "rot13", "", "utf-8\0", "å"])
def test_what_is_no_text_encoding_is_refused(encoding: str) -> None:
    with pytest.raises(InputError, match="is not an encoding that smsctl knows"):
        decode(b"Hej", encoding)


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"PK\x03\x04\x14\x00", "f is a workbook, not a text file."),
        (b"\xd0\xcf\x11\xe0\xa1\xb1", "f is a workbook, not a text file."),
        (b"\x7fELF\x02\x01\x01\x00\x00\x01", "f is not a text file: it has NUL bytes."),
        (b"a\0b\0\0c", "f is not a text file: it has NUL bytes."),
        (b"x" * (1 << 20) + b"\n\0", "f, line 2: a NUL character stands here; this is not a text file."),
        (
            b"ok\r\nA\xc3\x83\xc2\xa5sa",
            "f, line 2: letters such as å have become pairs such as Ã¥: UTF-8 was read as something else.",
        ),
        (
            "ok\nÃ…sa".encode(),
            "f, line 2: letters such as å have become pairs such as Ã¥: UTF-8 was read as something else.",
        ),
        (
            "â€”".encode(),
            "f, line 1: letters such as å have become pairs such as Ã¥: UTF-8 was read as something else.",
        ),
        (
            b"\xe5\n\n\xc3\xa5",
            "f, line 3: letters such as å have become pairs such as Ã¥: UTF-8 was read as something else.",
        ),
        ("ok\rny\x85".encode(), "f, line 2: an invisible control character stands where a letter should be."),
        ("\ufffdsa".encode(), "f, line 1: a letter was lost when the file was written (it reads \ufffd)."),
        (b"ok\nok\n\x81", "f, line 3: this is neither UTF-8 nor Windows-1252."),
        (codecs.BOM_UTF8 + b"ok\n\xe5", "f, line 2: this is not UTF-8."),
        (codecs.BOM_UTF16_LE + b"\n\0x", "f, line 2: this is not UTF-16-LE."),
        (codecs.BOM_UTF16_LE + b"\x00\xd8a\0", "f, line 1: this is not UTF-16-LE."),
    ],
)
def test_what_was_damaged_is_refused_with_its_line(data: bytes, sentence: str) -> None:
    with pytest.raises(InputError) as caught:
        decode(data, source="f")
    assert str(caught.value) == sentence


@pytest.mark.parametrize("text", ["SÃO PAULO", "Ângela", "Ã", "3 € ä ö", "a\u00a0b", "Zürich\t"])
def test_rare_letters_alone_are_no_trace_of_damage(text: str) -> None:
    assert decode(text.encode()).text == text


@pytest.mark.parametrize("line", [1, 2, 40_000])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_a_trace_across_two_pieces_of_a_big_file_is_found_on_its_line(encoding: str, line: int) -> None:
    piece = 1 << 20
    unit = len("x".encode("utf-16-le")) if encoding == "utf-16" else 1
    before = "\r\n" * (line - 1)
    text = before + "x" * (piece // unit - len(before) - 1) + "Ã¥" + "x" * 10
    with pytest.raises(InputError, match=f"line {line}: letters such as"):
        decode(text.encode(encoding), source="f")


@given(st.binary(max_size=200) | st.text(max_size=60).map(lambda text: text.encode("utf-16")))
@example(b"\xff\xfe\x00")
@example(b"\x00")
def test_any_bytes_are_text_or_an_input_error(data: bytes) -> None:
    try:
        decoded = decode(data)
    except InputError:
        return
    assert "\0" not in decoded.text
    assert decoded.text.encode(decoded.encoding) in data


@given(st.text(st.characters(codec="cp1252", exclude_categories=["Cc"]), max_size=50))
def test_recognising_a_file_and_decoding_it_agree(text: str) -> None:
    data = text.encode()
    try:
        assumed = recognise(BytesIO(data), source="f")
    except InputError:
        return
    assert assumed.encoding == decode(data).encoding


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"message\.txt does not exist"):
        open_file(tmp_path / "message.txt")


def test_a_folder_is_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is a folder, not a file"):
        open_file(tmp_path)


@pytest.mark.skipif(sys.platform == "win32", reason="has no such devices")
def test_a_device_without_an_end_is_told() -> None:
    with pytest.raises(InputError, match="/dev/zero is not an ordinary file"):
        open_file(Path("/dev/zero"))
    with open_file(Path(os.devnull)) as empty:
        assert empty.read() == b""


def test_a_path_that_cannot_be_opened_is_told_with_the_reason(tmp_path: Path) -> None:
    loop = tmp_path / "loop.csv"
    loop.symlink_to(loop)
    with pytest.raises(InputError, match=r"loop\.csv cannot be read: "):
        open_file(loop)


def test_a_path_with_a_nul_is_told() -> None:
    with pytest.raises(InputError, match="is not a path"):
        open_file(Path("a\0b"))


def test_a_line_in_another_encoding_than_the_lines_before_it_is_told() -> None:
    """The lines before it are right, and were told to be wrong."""
    with pytest.raises(InputError) as caught:
        decode("Åsa\nBo\n".encode() + "Pär\n".encode("windows-1252"), source="r.csv")
    assert str(caught.value) == "r.csv, line 3: this is not UTF-8, though what stands before is."
