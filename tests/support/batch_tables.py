"""Tables, workbooks and archives as people send them for a batch, and what is read of them."""

from collections.abc import Callable, Mapping, Sequence
from io import BytesIO
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile

import openpyxl

from bot.batches.reading.files import read_files
from bot.batches.reading.rows import build_rows
from bot.batches.reading.values import BatchRows, SentFile
from shared.i18n.messages import describe_problem

PNG = b"\x89PNG\r\n\x1a\n" + bytes(40)
PICTURES = ("fox.png", "owl.png")

Item = tuple[int, str | None, str | None]


def read_table(data: bytes, name: str = "batch.csv", pictures: Sequence[str] = (), template: str = "") -> BatchRows:
    """Read a table that was sent with these pictures."""
    files = [SentFile(name, data), *(SentFile(picture, PNG) for picture in pictures)]
    return build_rows(read_files(files, template), template)


def list_items(rows: BatchRows) -> list[Item]:
    """List the row, the picture and the prompt of each item of a batch that is all right."""
    assert describe_problems(rows) == []
    return [
        (row.number, item.picture.path if item.picture else None, item.options.get("prompt"))
        for row in rows.rows
        for item in row.items
    ]


def describe_problems(rows: BatchRows) -> list[str]:
    """Describe the problems of the files, else those of the rows after their number."""
    return [describe_problem(problem) for problem in rows.problems] or [
        f"{row.number}: {describe_problem(problem)}" for row in rows.rows for problem in row.problems
    ]


def make_workbook(*lines: Sequence[Any], change: Callable[[Any], None] | None = None) -> bytes:
    """Make an XLSX file with these lines in its first sheet, and let `change` change it before it is saved."""
    book = openpyxl.Workbook()
    for line in lines:
        book.active.append(line)
    if change:
        change(book)
    file = BytesIO()
    book.save(file)
    return file.getvalue()


def replace_part(data: bytes, path: str, old: str, new: str) -> bytes:
    """Replace words in one part of an XLSX file."""
    with ZipFile(BytesIO(data)) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    assert old.encode() in parts[path], parts[path]
    parts[path] = parts[path].replace(old.encode(), new.encode())
    return make_archive(parts)


def make_archive(entries: Mapping[str, bytes]) -> bytes:
    """Make a ZIP file."""
    file = BytesIO()
    with ZipFile(file, "w", ZIP_DEFLATED) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return file.getvalue()
