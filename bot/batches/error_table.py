"""The table that goes back to its sender with a column of problems, in the format in which it came."""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from io import StringIO
from pathlib import PurePosixPath
from typing import Final

from bot.batches.reading.columns import fold_words
from bot.batches.reading.file_names import clean_name
from bot.batches.reading.neutralisation import neutralise_text
from bot.batches.reading.values import Line, Table, TableFormat, TableType
from bot.batches.workbook_writer import write_workbook
from shared.i18n.messages import Messages, list_languages, load_messages
from shared.problems import Problem

_MARKED_ENCODINGS: Final = {"utf-8": "utf-8-sig", "utf-16-le": "utf-16", "utf-16-be": "utf-16"}
"""Encodings with a byte order mark for those without, by which every spreadsheet program recognises them."""


@dataclass(frozen=True)
class TableFile:
    """A file of a table."""

    name: str
    data: bytes


def write_error_table(table: Table, problems: Mapping[int, Sequence[Problem]], messages: Messages) -> TableFile:
    """Write a table with the sentences of each row's problems in its last column, by the number of the row.

    All lines keep their order, cells and separator. A column of problems from an earlier time is replaced. Formulas are
    neutralised.
    """
    title = messages.text("batch_table.column")
    column = _find_problem_column(table)
    written = []
    for index, line in enumerate(table.lines):
        if index >= table.first_row:
            sentences = [messages.format_problem(problem) for problem in problems.get(line.number, ())]
            written.append(line.replace_cell(column, " ".join(sentences)))
        else:
            written.append(line.replace_cell(column, title) if index == table.first_row - 1 else line)
    if not table.first_row:  # it came without a header, and would not be understood so with a third column
        header = Line(1, table.columns).replace_cell(column, title)
        written = [header, *(replace(line, number=line.number + 1) for line in written)]
    stem = clean_name(PurePosixPath(table.file_name).stem) or table.format.type.value
    name = f"{stem}-{messages.text('batch_table.ending')}.{table.format.type}"
    if table.format.type is TableType.XLSX:
        return TableFile(name, write_workbook(table.format.sheet, written))
    return TableFile(name, _write_delimited_text(table.format, written))


def _find_problem_column(table: Table) -> int:
    """Find the column of problems that an earlier table has got, or else the first that is empty."""
    titles = [fold_words(load_messages(language).text("batch_table.column")) for language in list_languages()]
    known = next((index for index, column in enumerate(table.columns) if column in titles), None)
    width = max((len(line.cells) for line in table.lines), default=0)
    return max(width, len(table.columns)) if known is None else known


def _write_delimited_text(written: TableFormat, lines: Sequence[Line]) -> bytes:
    out = StringIO()
    if written.has_separator_line:
        out.write(f"sep={written.separator}{written.line_end}")
    rows = [[neutralise_text(cell) for cell in line.cells] for line in lines]
    has_line_ends = any("\r" in cell or "\n" in cell for row in rows for cell in row)
    writer = csv.writer(
        out,
        delimiter=written.separator,
        lineterminator=written.line_end,
        quoting=csv.QUOTE_ALL if has_line_ends else csv.QUOTE_MINIMAL,
    )
    writer.writerows(rows)
    encoding = _MARKED_ENCODINGS.get(written.encoding, written.encoding)
    try:
        return out.getvalue().encode(encoding)
    except UnicodeEncodeError:  # a sentence has letters that the encoding of the table lacks
        return out.getvalue().encode("utf-8-sig", "replace")
