"""Limits on the files of a batch, which keep the memory and the time of reading them small."""

from collections.abc import Iterable
from itertools import islice
from typing import Final

MAX_TABLE_BYTES: Final = 8 << 20
"""Size of a table's file. 500 rows with prompts of 10,000 characters have 5 MB."""

MAX_XML_BYTES: Final = 16 << 20
"""Size of all parts of an XLSX file that are read, unpacked."""

MAX_XML_ELEMENTS: Final = 400_000
"""Elements in these parts. Each takes some microseconds; 5,000 rows of 26 cells, most of them empty, have 140,000."""

MAX_XML_DEPTH: Final = 64
"""Elements in one another. A cell with formatted text has 8."""

MAX_LINES: Final = 5_000
"""Lines of a table, empty ones included."""

MAX_COLUMNS: Final = 100
"""Columns of a table."""

MAX_CELL_LENGTH: Final = 32_767
"""Characters of a cell, as in Excel.

https://support.microsoft.com/office/excel-specifications-and-limits-1672b34d-7043-467e-8e27-269d656771c3
"""

MAX_BRACES: Final = 200
"""Columns and lists in a prompt."""

MAX_HEADER_LINE: Final = 20
"""The last line among those with content that may be the header."""

MAX_ARCHIVE_ENTRIES: Final = 2_000
"""Entries of an archive, folders and ignored files included."""

MAX_DIRECTORY_BYTES: Final = 1 << 20
"""Size of the directory of an archive, of which each entry takes at least 46 bytes and about 1 KiB of memory."""

MAX_ARCHIVE_BYTES: Final = 2 << 30
"""Size of all files of an archive, unpacked. They are read one at a time."""

MAX_RATIO: Final = 200
"""How many times smaller than a file of more than a MiB its entry in an archive may be. Pictures hardly shrink."""

MAX_SHOWN_NAMES: Final = 5
"""Names that a sentence lists."""

MAX_SHOWN_LENGTH: Final = 80
"""Characters of a person's words that a sentence quotes."""


def shorten_text(text: str) -> str:
    """Shorten a person's words for a sentence that quotes them."""
    return text if len(text) <= MAX_SHOWN_LENGTH else f"{text[: MAX_SHOWN_LENGTH - 1]}…"


def list_names(names: Iterable[str]) -> str:
    """List the first of several names for a sentence."""
    return ", ".join(shorten_text(name) for name in islice(names, MAX_SHOWN_NAMES))
