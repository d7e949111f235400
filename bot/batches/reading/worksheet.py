"""Reading the cells of a worksheet of an XLSX file.

openpyxl is not used: its streaming reader knows neither hidden rows nor merged cells, and its other one holds about 50
times the file in memory. https://openpyxl.readthedocs.io/en/stable/performance.html
"""

import re
from dataclasses import dataclass, field
from typing import Final

from bot.batches.reading.limits import MAX_COLUMNS, MAX_LINES, shorten_text
from bot.batches.reading.xml_parts import Attributes, PartReader, read_index
from shared.problems import RejectedError, make_problem

_REFERENCE: Final = re.compile(r"\$?([A-Z]{1,3})\$?([1-9]\d{0,6})")
_MAX_MERGED: Final = 10_000


@dataclass
class RawCell:
    """A cell as the file has it: its type, its style, its value, and its formula, None without one."""

    type: str = "n"
    style: int = 0
    value: str = ""
    formula: str | None = None


@dataclass
class RawRow:
    """A row with at least one cell that has something in it; `cells` are by their column, from 0."""

    number: int
    is_hidden: bool
    cells: dict[int, RawCell] = field(default_factory=dict)


@dataclass(frozen=True)
class MergedRange:
    """Cells of at least two rows that are merged: their first column, first and last row."""

    column: int
    first_row: int
    last_row: int


class WorksheetReader:
    """Reads the rows of a worksheet, in its order, and its merged cells."""

    def __init__(self, parts: PartReader, name: str) -> None:
        self.rows: list[RawRow] = []
        self.merged: list[MergedRange] = []
        self._parts = parts
        self._name = shorten_text(name)
        self._row = RawRow(0, is_hidden=False)
        self._column = -1
        self._cell = RawCell()
        self._texts: list[str] = []
        self._is_phonetic = False

    def read_sheet(self, path: str) -> None:
        """Read the sheet of this part. Raises `RejectedError` if it is damaged, or has too many rows or columns."""
        self._parts.read_part(path, self._start_element, self._end_element)

    def _start_element(self, name: str, attributes: Attributes) -> None:
        match name:
            case "row":
                number = read_index(attributes.get("r", "")) or self._row.number + 1
                if number <= self._row.number:
                    raise self._parts.make_damage_error()
                self._row = RawRow(number, attributes.get("hidden") in {"1", "true"})
                self._column = -1
            case "c":
                self._start_cell(attributes)
            case "is":
                self._texts = []
            case "rPh":
                self._is_phonetic = True
            case "mergeCell":
                self._add_merged(attributes.get("ref", ""))

    def _start_cell(self, attributes: Attributes) -> None:
        found = _REFERENCE.fullmatch(attributes.get("r", ""))
        self._column = read_column(found[1]) if found else self._column + 1
        self._cell = RawCell(attributes.get("t", "n"), read_index(attributes.get("s", "")))
        self._texts = []

    def _end_element(self, name: str, text: str) -> None:
        match name:
            case "v":
                self._cell.value = text
            case "f":
                self._cell.formula = f"={text}"
            case "t" if not self._is_phonetic:
                self._texts.append(text)
            case "rPh":
                self._is_phonetic = False
            case "c":
                if self._cell.type == "inlineStr":
                    self._cell.value = "".join(self._texts)
                if self._cell.value or self._cell.formula:
                    self._add_cell()

    def _add_cell(self) -> None:
        if self._column >= MAX_COLUMNS:
            row = self._row.number
            raise RejectedError(make_problem("batch_table_columns", name=self._name, row=row, limit=MAX_COLUMNS))
        if not self._row.cells:
            self.rows.append(self._row)
        if len(self.rows) > MAX_LINES:
            raise RejectedError(make_problem("batch_table_lines", name=self._name, limit=MAX_LINES))
        self._row.cells[self._column] = self._cell

    def _add_merged(self, reference: str) -> None:
        ends = [_REFERENCE.fullmatch(corner) for corner in reference.split(":")]
        if len(ends) != 2 or not ends[0] or not ends[1]:  # noqa: PLR2004  # two corners
            return
        merged = MergedRange(read_column(ends[0][1]), int(ends[0][2]), int(ends[1][2]))
        if merged.last_row > merged.first_row:
            self.merged.append(merged)
        if len(self.merged) > _MAX_MERGED:
            raise self._parts.make_damage_error()


def read_column(letters: str) -> int:
    """Read the letters of a column as its index: 0 for A, 26 for AA."""
    index = 0
    for letter in letters:
        index = index * 26 + ord(letter) - ord("A") + 1
    return index - 1


def name_column(index: int) -> str:
    """Name a column by its letters."""
    letters = ""
    while index >= 0:
        letters = chr(ord("A") + index % 26) + letters
        index = index // 26 - 1
    return letters
