"""The values of reading: the files, the table among them, and the rows that they become."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from io import BytesIO
from pathlib import Path
from typing import BinaryIO, Self

from shared.imaging.sniffing import ImageType
from shared.notes import Note
from shared.problems import Problem


@dataclass(frozen=True)
class SentFile:
    """A file as it was sent. `content` is its bytes, or the path of a local file that holds them."""

    name: str
    content: bytes | Path = field(repr=False)

    def open(self) -> BinaryIO:
        """Open it for reading."""
        return BytesIO(self.content) if isinstance(self.content, bytes) else self.content.open("rb")

    @property
    def size(self) -> int:
        """Its size in bytes."""
        return len(self.content) if isinstance(self.content, bytes) else self.content.stat().st_size


@dataclass(frozen=True)
class PictureRef:
    """A picture among the files: one of them or, with an `entry_index`, an entry of an archive among them.

    `path` is its name, in an archive with the folders before it, without characters that do not show. `size` is in
    bytes.
    """

    path: str
    type: ImageType
    size: int
    file_index: int
    entry_index: int | None = None

    @property
    def name(self) -> str:
        """Its name without folders."""
        return self.path.rpartition("/")[2]


class TableType(StrEnum):
    """The types of table. Each value is the extension of the file that is written back."""

    CSV = "csv"
    TSV = "tsv"
    XLSX = "xlsx"


@dataclass(frozen=True)
class TableFormat:
    """How a table was written, and is written back. All but `type` and `sheet` are those of CSV and TSV.

    `has_separator_line` is whether it begins with a line such as `sep=;`, which Excel reads.
    """

    type: TableType
    encoding: str = "utf-8-sig"
    separator: str = ","
    line_end: str = "\r\n"
    has_separator_line: bool = False
    sheet: str = ""


@dataclass(frozen=True)
class Line:
    """A line of a table. `number` is the one beside it in a spreadsheet, from 1.

    `cell_problems` are those of cells that cannot be read, by the index of the cell.
    """

    number: int
    cells: tuple[str, ...]
    cell_problems: Mapping[int, Problem] = field(default_factory=dict)
    is_hidden: bool = False

    def replace_cell(self, column: int, text: str) -> Self:
        """Return the line with this text in a cell, and empty cells before it where it had none."""
        cells = [*self.cells, *[""] * (column + 1 - len(self.cells))]
        cells[column] = text
        return replace(self, cells=tuple(cells))


@dataclass(frozen=True)
class Table:
    """A table as it was sent: all of its lines, also those above its header and the hidden ones.

    `columns` has a key for each cell of the header: one of `columns.KNOWN_COLUMNS`, else
    its folded words, "" if it is empty. `first_row` is the index of the line after the header.
    """

    file_name: str
    format: TableFormat
    lines: tuple[Line, ...]
    columns: tuple[str, ...]
    first_row: int
    notes: tuple[Note, ...] = ()


@dataclass(frozen=True)
class ReadFiles:
    """The pictures and the table among the files. With `problems`, the files cannot become a batch."""

    pictures: tuple[PictureRef, ...] = ()
    table: Table | None = None
    notes: tuple[Note, ...] = ()
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True)
class DraftItem:
    """A picture that a row asks for.

    `name` is that of the file that is made, without its ending: safe and unique in the batch. `options` are those of
    `build_request`, as text: a request without a prompt has none.
    """

    name: str
    options: Mapping[str, str]
    picture: PictureRef | None = None
    note: str = ""


@dataclass(frozen=True)
class Row:
    """A row of a batch: its number in the spreadsheet or, without a table, among the pictures.

    It has no items if it has problems.
    """

    number: int
    items: tuple[DraftItem, ...] = ()
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True)
class BatchRows:
    """The rows of a batch in their order. With `problems`, none of them can be made.

    `unused_pictures` are those that no row names.
    """

    rows: tuple[Row, ...] = ()
    notes: tuple[Note, ...] = ()
    problems: tuple[Problem, ...] = ()
    unused_pictures: tuple[PictureRef, ...] = ()
