"""Reading the table in an XLSX file: of the sheet that is named like a batch, else of the first one that is visible.

https://ecma-international.org/publications-and-standards/standards/ecma-376/
"""

import posixpath
import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from zipfile import ZipFile

from bot.batches.reading.cell_formats import CellFormats
from bot.batches.reading.columns import fold_words, has_content
from bot.batches.reading.limits import MAX_CELL_LENGTH, list_names, shorten_text
from bot.batches.reading.values import Line, TableFormat, TableType
from bot.batches.reading.worksheet import RawCell, RawRow, WorksheetReader, name_column
from bot.batches.reading.xml_parts import Attributes, PartReader, read_index
from shared.notes import Note, make_note
from shared.problems import Problem, RejectedError, make_problem

_WORKBOOK: Final = "xl/workbook.xml"
_RELATIONS: Final = "xl/_rels/workbook.xml.rels"
_BATCH_NAMES: Final = frozenset({"batch", "lot", "pentimento", "prompts", "invites", "items"})
_ESCAPE: Final = re.compile("_x([0-9A-Fa-f]{4})_")
_CONTROLS: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff]")
_MAX_FILLED: Final = 500_000


@dataclass(frozen=True)
class _Sheet:
    name: str
    relation: str
    is_visible: bool


def read_workbook(archive: ZipFile, name: str) -> tuple[TableFormat, tuple[Line, ...], tuple[Note, ...]]:
    """Read the lines of a workbook called `name`: those that have something in them, and the hidden ones marked so.

    Of a formula, its result is read. Raises `RejectedError` if the file is damaged or too large.
    """
    return _WorkbookReader(archive, name).read_table()


class _WorkbookReader:
    def __init__(self, archive: ZipFile, name: str) -> None:
        self._name = name
        self._parts = PartReader(archive, name)
        self._formats = CellFormats()
        self._sheets: list[_Sheet] = []
        self._relations: dict[str, tuple[str, str]] = {}
        self._in_cell_formats = False

    def read_table(self) -> tuple[TableFormat, tuple[Line, ...], tuple[Note, ...]]:
        self._parts.read_part(_WORKBOOK, self._read_workbook_element)
        self._parts.read_part(_RELATIONS, self._read_relation)
        sheets = [sheet for sheet in self._sheets if self._find_path(sheet, "/worksheet")]
        visible = [sheet for sheet in sheets if sheet.is_visible]
        if not visible:
            raise RejectedError(make_problem("batch_table_empty", name=shorten_text(self._name)))
        chosen = next((sheet for sheet in visible if fold_words(sheet.name) in _BATCH_NAMES), visible[0])
        sheet = WorksheetReader(self._parts, self._name)
        sheet.read_sheet(self._find_path(chosen, "/worksheet"))
        for path in self._list_paths("/styles"):
            self._parts.read_part(path, self._read_style, self._end_style)
        strings = self._read_strings(sheet.rows)
        lines = [self._build_line(row, strings) for row in sheet.rows]
        filled = self._fill_merged(lines, sheet)
        written = TableFormat(TableType.XLSX, sheet=chosen.name)
        others = [other.name for other in sheets if other is not chosen]
        return written, tuple(lines), tuple(_make_notes(chosen, others, lines, filled))

    def _read_workbook_element(self, name: str, attributes: Attributes) -> None:
        if name == "sheet":
            is_visible = attributes.get("state", "visible") == "visible"
            self._sheets.append(_Sheet(attributes.get("name", ""), attributes.get("id", ""), is_visible))
        elif name == "workbookPr":
            self._formats.counts_from_1904 = attributes.get("date1904") in {"1", "true"}

    def _read_relation(self, name: str, attributes: Attributes) -> None:
        if name == "Relationship" and attributes.get("TargetMode") != "External":
            path = posixpath.normpath(posixpath.join("/xl", attributes.get("Target", ""))).lstrip("/")
            self._relations[attributes.get("Id", "")] = (attributes.get("Type", ""), path)

    def _find_path(self, sheet: _Sheet, kind: str) -> str:
        """Find the part of a sheet of this kind; "" for one of another kind, such as a chart."""
        found, path = self._relations.get(sheet.relation, ("", ""))
        return path if found.endswith(kind) else ""

    def _list_paths(self, kind: str) -> list[str]:
        return [path for found, path in self._relations.values() if found.endswith(kind)]

    def _read_style(self, name: str, attributes: Attributes) -> None:
        format_id = read_index(attributes.get("numFmtId", ""))
        if name == "numFmt":
            self._formats.codes[format_id] = attributes.get("formatCode", "")
        elif name == "cellXfs":
            self._in_cell_formats = True
        elif name == "xf" and self._in_cell_formats:
            self._formats.style_formats.append(format_id)

    def _end_style(self, name: str, _: str) -> None:
        if name == "cellXfs":
            self._in_cell_formats = False

    def _read_strings(self, rows: Sequence[RawRow]) -> Mapping[str, str]:
        """Read the shared strings that the cells need, by their index."""
        needed = {cell.value for row in rows for cell in row.cells.values() if cell.type == "s"}
        reader = _StringsReader(needed)
        for path in self._list_paths("/sharedStrings"):
            self._parts.read_part(path, reader.start_element, reader.end_element)
        return reader.strings

    def _build_line(self, row: RawRow, strings: Mapping[str, str]) -> Line:
        cells = [""] * (max(row.cells) + 1)
        problems: dict[int, Problem] = {}
        for column, cell in row.cells.items():
            place = f"{name_column(column)}{row.number}"
            if cell.type == "e":
                problems[column] = make_problem("batch_cell_error", cell=place, value=shorten_text(cell.value))
                cells[column] = cell.value
            elif cell.formula and not cell.value and cell.type != "str":
                problems[column] = make_problem("batch_cell_formula", cell=place)
                cells[column] = _unescape(cell.formula)
            else:
                cells[column] = self._read_cell(cell, strings)
            if len(cells[column]) > MAX_CELL_LENGTH:
                shown = shorten_text(self._name)
                raise RejectedError(
                    make_problem("batch_cell_length", name=shown, row=row.number, limit=MAX_CELL_LENGTH)
                )
        return Line(row.number, tuple(cells), problems, row.is_hidden)

    def _read_cell(self, cell: RawCell, strings: Mapping[str, str]) -> str:
        match cell.type:
            case "s":
                if cell.value not in strings:
                    raise self._parts.make_damage_error()
                return strings[cell.value]
            case "n":
                return self._formats.format_number(cell.value, cell.style)
            case "b":
                return "TRUE" if cell.value in {"1", "true"} else "FALSE"
            case _:
                return _unescape(cell.value)

    def _fill_merged(self, lines: list[Line], sheet: WorksheetReader) -> int:
        """Fill the value of merged cells down into the rows that have something of their own; return into how many.

        Rows that are merged as a whole are one row.
        """
        numbers = [line.number for line in lines]
        filled: set[int] = set()
        work = 0
        for merged in sheet.merged:
            first = bisect_left(numbers, merged.first_row)
            others = range(first + 1, bisect_right(numbers, merged.last_row))
            is_filled = first < len(lines) and numbers[first] == merged.first_row
            cells = lines[first].cells if is_filled else ()
            value = cells[merged.column] if merged.column < len(cells) else ""
            work += len(others)
            if work > _MAX_FILLED:
                raise self._parts.make_damage_error()
            for index in others if value else ():
                lines[index] = lines[index].replace_cell(merged.column, value)
                filled.add(index)
        return len(filled)


class _StringsReader:
    """Reads shared strings without their phonetic readings, and keeps the needed ones."""

    def __init__(self, needed: set[str]) -> None:
        self.strings: dict[str, str] = {}
        self._needed = needed
        self._index = 0
        self._texts: list[str] = []
        self._is_phonetic = False

    def start_element(self, name: str, _: Attributes) -> None:
        if name == "rPh":
            self._is_phonetic = True

    def end_element(self, name: str, text: str) -> None:
        if name == "t" and not self._is_phonetic:
            self._texts.append(text)
        elif name == "rPh":
            self._is_phonetic = False
        elif name == "si":
            if str(self._index) in self._needed:
                self.strings[str(self._index)] = _unescape("".join(self._texts))
            self._index, self._texts = self._index + 1, []


def _unescape(text: str) -> str:
    """Write characters such as `_x000D_` that XML does not have, but for those that no text should have."""
    return _CONTROLS.sub("", _ESCAPE.sub(lambda found: chr(int(found[1], 16)), text))


def _make_notes(chosen: _Sheet, others: Sequence[str], lines: Sequence[Line], filled: int) -> Iterator[Note]:
    if others:
        yield make_note("batch_sheet_chosen", sheet=shorten_text(chosen.name), names=list_names(others))
    hidden = sum(line.is_hidden and has_content(line.cells) for line in lines)
    if hidden:
        yield make_note("batch_rows_hidden", count=hidden)
    if filled:
        yield make_note("batch_cells_merged", count=filled)
