"""Spreadsheets of office programs: XLSX is read, the others are refused with their name."""

from collections.abc import Collection
from typing import Final
from zipfile import ZipFile

from bot.batches.reading.limits import shorten_text
from bot.batches.reading.tables import build_table
from bot.batches.reading.values import Table
from bot.batches.reading.workbook import read_workbook
from shared.problems import Problem, RejectedError, make_problem

OFFICE_EXTENSIONS: Final = (".xlsx", ".xlsm", ".xltx", ".xlsb", ".ods", ".numbers", ".docx", ".odt")
"""Extensions of the files that may be such a spreadsheet in an archive."""

_WORKBOOK: Final = "xl/workbook.xml"
_TYPES_BY_PART: Final = {
    "xl/workbook.bin": "XLSB",
    "word/document.xml": "Word",
    "ppt/presentation.xml": "PowerPoint",
    "Index/Document.iwa": "Numbers",
    "Index.zip": "Numbers",
    "content.xml": "OpenDocument",
}


def is_office_file(archive: ZipFile) -> bool:
    """Tell whether a ZIP file is one of an office program rather than an archive of files."""
    names = set(archive.namelist())
    return any(part in names for part in (_WORKBOOK, *_TYPES_BY_PART))


def read_spreadsheet(archive: ZipFile, name: str, wanted: Collection[str] = ()) -> Table:
    """Read the table of a spreadsheet called `name`; `wanted` are the columns that a template names.

    Raises `RejectedError` if it is none that can be read.
    """
    names = set(archive.namelist())
    if _WORKBOOK not in names:
        kind = next((kind for part, kind in _TYPES_BY_PART.items() if part in names), "Office")
        raise RejectedError(make_problem("batch_table_type", name=shorten_text(name), type=kind))
    written, lines, notes = read_workbook(archive, name)
    return build_table(name, written, lines, notes, wanted)


def make_ole2_problem(data: bytes, name: str) -> Problem:
    """Make the problem of a file in Microsoft's old container: of Excel with a password, or of Excel 97 to 2003."""
    if "EncryptedPackage".encode("utf-16-le") in data:
        return make_problem("batch_file_encrypted", name=shorten_text(name))
    return make_problem("batch_table_type", name=shorten_text(name), type="Excel 97–2003")
