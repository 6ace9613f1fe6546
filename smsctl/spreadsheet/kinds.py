"""What a file is by how it begins: a workbook, a text, or something that only looks like a list of people."""

from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Final

from smsctl.errors import InputError, say, say_n

if TYPE_CHECKING:
    from zipfile import ZipFile


class Workbook(StrEnum):
    """The workbooks that are read."""

    XLSX = "XLSX"
    ODS = "ODS"
    XLS = "XLS"


class Hidden(StrEnum):
    """What becomes of the rows that a workbook hides or filters away."""

    SEND = "send"
    SKIP = "skip"


Places = dict[int, list[int]]
"""Cells of a sheet: row, as the sheet numbers it -> columns, from 0."""


class HiddenRowsError(InputError, code="hidden-rows"):
    """Rows are hidden or filtered away, and nobody has said whether they are meant."""

    def __init__(self, path: Path, name: str, n: int) -> None:
        """Say how many."""
        self.n = n
        super().__init__(
            say_n(
                "{path}: {n} row of the sheet {name} is hidden or filtered away.",
                "{path}: {n} rows of the sheet {name} are hidden or filtered away.",
                n=n,
                path=path,
                name=name,
            ),
            hint=say("Say whether they are meant, with: --hidden-rows send, or: --hidden-rows skip"),
        )


def recognise(file: BinaryIO, path: Path) -> Workbook | None:
    """Return which workbook a file is; None for a text. Raises InputError for what is neither."""
    if path.name.startswith(("~$", ".~lock.")):
        raise InputError(
            say("{path} is the lock that a program keeps beside a file that is open.", path=path),
            hint=say("Name the file itself, without ~$ before its name, and close it first."),
        )
    head = file.read(_HEAD_BYTES)
    file.seek(0)
    begins = head.removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    for marks, told, mend in _OTHERS:
        if begins.startswith(marks):
            raise InputError(told.given(path=path), hint=mend)
    if head.startswith(_OLE):
        return Workbook.XLS
    return _zipped(file, path) if head.startswith(_ZIP) else None


def _zipped(file: BinaryIO, path: Path) -> Workbook:
    with archive_in(file, path) as archive:
        names = archive.namelist()
    file.seek(0)
    if "content.xml" in names:
        return Workbook.ODS
    if any(name.startswith("xl/") for name in names):
        return Workbook.XLSX
    if any(name.endswith(".iwa") or name.startswith(("word/", "ppt/")) for name in names):
        raise InputError(
            say("{path} is a document of Numbers, Pages, Word or PowerPoint, not a workbook.", path=path),
            hint=say("Open it in its program and save the list as a workbook (.xlsx) or as CSV UTF-8."),
        )
    raise InputError(
        say("{path} is an archive (zip), not a list of people.", path=path),
        hint=say("Unpack it first, and name the file in it."),
    )


@contextmanager
def archive_in(file: BinaryIO, path: Path) -> "Iterator[ZipFile]":
    """Open the archive that a workbook is; InputError for what is none, or not as a workbook's must be."""
    import zipfile

    file.seek(0)
    try:
        with zipfile.ZipFile(file) as archive:
            yield archive
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, LookupError):
        raise unreadable(path) from None


def was_changed(path: Path) -> InputError:
    """Return what is told of a file that was not the same to its end."""
    return InputError(
        say("{path} was changed while it was being read.", path=path),
        hint=say("Wait until the program that writes it is done, and try again."),
    )


def unreadable(path: Path) -> InputError:
    """Return what is told of a workbook that cannot be read."""
    return InputError(
        say("{path} is a workbook that cannot be read: it is damaged, or not finished.", path=path),
        hint=say("Open it in Excel or LibreOffice and save it again, as a workbook or as CSV UTF-8."),
    )


_HEAD_BYTES: Final = 4096
_ZIP: Final = b"PK\x03\x04"
_OLE: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_SAVE_AGAIN = say("Open it in Excel or LibreOffice and save it as a workbook (.xlsx) or as CSV UTF-8.")
_EXPORT = say("Export the list as a workbook (.xlsx) or as CSV instead.")
_WEB_PAGE = say("{path} is a web page, as many systems write it in place of a workbook.", path="")
_OTHERS: Final = (
    ((b"<html", b"<!doctype html", b"<table", b"<head", b"<meta", b"<style"), _WEB_PAGE, _SAVE_AGAIN),
    ((b"<?xml", b"<workbook"), say("{path} is XML, not a list of people.", path=""), _SAVE_AGAIN),
    ((b"mime-version:",), _WEB_PAGE, _SAVE_AGAIN),
    (
        (b'{"', b"[{", b'["', b"{\n", b"{\r", b"[\n", b"[\r"),
        say("{path} is JSON, not a list of people.", path=""),
        _EXPORT,
    ),
    (
        (b"{\\rtf",),
        say("{path} is a document of a word processor, not a list of people.", path=""),
        _SAVE_AGAIN,
    ),
    ((b"%pdf-",), say("{path} is a PDF: it is made for printing, not for reading rows.", path=""), _EXPORT),
)
