"""The preview of a batch: all that its requester is told of the files beside the items that follow from them."""

from dataclasses import dataclass, field
from typing import Final

from shared.notes import Note
from shared.problems import Problem

MAX_LISTED_ROWS: Final = 8
"""The most wrong rows that a preview keeps; the file that comes back has all of them."""


@dataclass(frozen=True)
class RejectedRow:
    """A row that is left out, by its number in the spreadsheet or, without a table, among the pictures."""

    number: int
    problems: tuple[Problem, ...]


@dataclass(frozen=True)
class BatchPreview:
    """The notes on the files, how many rows are wrong, and the first of them.

    `template` is the prompt of the rows that have none, as it was written, so that the files can be sent again with it.
    `table` is the table with a column of errors, named `table_name`; None if there was no table, or nothing is wrong.
    """

    rejected_count: int = 0
    rejected_rows: tuple[RejectedRow, ...] = ()
    notes: tuple[Note, ...] = ()
    table_name: str = ""
    table: bytes | None = field(default=None, repr=False)
    template: str = ""
