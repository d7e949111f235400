"""Reading tables of delimited text: CSV and TSV, as spreadsheets and people write them.

https://www.rfc-editor.org/rfc/rfc4180
"""

import csv
import re
from collections import Counter
from collections.abc import Collection, Iterator
from io import StringIO
from itertools import islice
from typing import Final

from bot.batches.reading.columns import count_column_names, has_content
from bot.batches.reading.encodings import decode_text
from bot.batches.reading.limits import MAX_CELL_LENGTH, MAX_COLUMNS, MAX_LINES, shorten_text
from bot.batches.reading.neutralisation import restore_text
from bot.batches.reading.values import Line, TableFormat, TableType
from shared.notes import Note, make_note
from shared.problems import RejectedError, make_problem

SEPARATORS: Final = (",", ";", "\t", "|")
_SEPARATOR_LINE: Final = re.compile(r'"?sep=([^\r\n"])"?(\r\n|\r|\n|$)', re.IGNORECASE)
_LINE_END: Final = re.compile(r"\r\n|\r|\n")
_SAMPLE_LINES: Final = 60
_SAMPLE_LENGTH: Final = 1 << 18
_END: Final = "\x00end\x00"


def read_delimited_text(
    data: bytes, name: str, wanted: Collection[str] = ()
) -> tuple[TableFormat, tuple[Line, ...], tuple[Note, ...]]:
    """Read the lines of a file called `name`; `wanted` are the columns that a template names.

    Raises `RejectedError` if it is no such table, or too large.
    """
    prefers_tab, is_csv = name.lower().endswith((".tsv", ".tab")), name.lower().endswith(".csv")
    name = shorten_text(name)
    decoded = decode_text(data, name)
    text = decoded.text
    if "\x00" in text:
        raise RejectedError(make_problem("batch_file_type", name=name))
    notes = (make_note("batch_encoding_guessed", name=name),) if decoded.is_guessed else ()
    found = _SEPARATOR_LINE.match(text)
    if found:
        separator, text = found[1], text[found.end() :]
    else:
        separator = _choose_separator(text, wanted, prefers_tab=prefers_tab)
    line_end = _LINE_END.search(decoded.text)
    written = TableFormat(
        TableType.TSV if separator == "\t" and not is_csv else TableType.CSV,
        decoded.encoding,
        separator,
        line_end[0] if line_end else "\r\n",
        has_separator_line=bool(found),
    )
    return written, tuple(_read_lines(text, separator, name)), notes


def _read_lines(text: str, separator: str, name: str) -> Iterator[Line]:
    """Read each record as a line, which it is in a spreadsheet, even if it has line ends in quotes."""
    number = 0
    for number, cells in enumerate(_read_records(text, separator), start=1):
        if cells == [_END]:
            return
        if number > MAX_LINES:
            raise RejectedError(make_problem("batch_table_lines", name=name, limit=MAX_LINES))
        while cells and not cells[-1].strip():
            cells.pop()
        if len(cells) > MAX_COLUMNS:
            raise RejectedError(make_problem("batch_table_columns", name=name, row=number, limit=MAX_COLUMNS))
        if any(len(cell) > MAX_CELL_LENGTH for cell in cells):
            raise RejectedError(make_problem("batch_cell_length", name=name, row=number, limit=MAX_CELL_LENGTH))
        yield Line(number, tuple(restore_text(cell) for cell in cells))
    raise RejectedError(make_problem("batch_quote_open", name=name, row=number))


def _read_records(text: str, separator: str) -> Iterator[list[str]]:
    """Read the records, and one that ends the table: it is missing if a quotation mark was not closed."""
    gap = "" if text.endswith(("\n", "\r")) or not text else "\n"
    reader = csv.reader(StringIO(f"{text}{gap}{_END}", newline=""), delimiter=separator, skipinitialspace=True)
    try:
        yield from reader
    except csv.Error:  # a cell is longer than the module reads: most likely a quotation mark was not closed
        yield []


def _choose_separator(text: str, wanted: Collection[str], *, prefers_tab: bool) -> str:
    """Choose the separator with which a line names the most columns, and the lines have as many cells as that one."""
    order = ("\t", *SEPARATORS) if prefers_tab else SEPARATORS
    return max(order, key=lambda separator: _rate_separator(text, separator, wanted))


def _rate_separator(text: str, separator: str, wanted: Collection[str]) -> tuple[int, float, float]:
    records = islice(_read_records(text[:_SAMPLE_LENGTH], separator), _SAMPLE_LINES)
    lines = [cells for cells in records if has_content(cells) and cells != [_END]]
    if not lines:  # nothing but separators
        return 0, 1, 2
    names, width = max((count_column_names(cells, wanted), len(cells)) for cells in lines)
    widths = Counter(len(cells) for cells in lines)
    if not names:
        width = widths.most_common(1)[0][0]
    return names, widths[width] / len(lines), min(width, 2)
