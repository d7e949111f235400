"""The type of a file by its bytes, never by its name alone."""

import re
from enum import StrEnum
from typing import Final

from bot.batches.reading.encodings import BYTE_ORDER_MARKS, find_unmarked_utf16
from shared.imaging.sniffing import sniff_image_type

HEAD_BYTES: Final = 4096
"""How many bytes of a file tell its type."""

_OLE2: Final = bytes.fromhex("d0cf11e0a1b11ae1")
_TEXT_MARKS: Final = tuple(mark for mark, _ in BYTE_ORDER_MARKS)
_CONTROLS: Final = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]")
_MARKUP: Final = re.compile(rb"\s*<(?:\?xml|!doctype|html|table|svg|\w+:)", re.IGNORECASE)
_BINARY_MARKS: Final = (b"%PDF", b"Rar!", b"7z\xbc\xaf", b"\x1f\x8b", b"BZh", b"\xfd7zXZ", b"{\\rtf")


class FileType(StrEnum):
    """The types of file. ZIP is also that of XLSX; OLE2 that of old Excel, and of Excel with a password."""

    PICTURE = "picture"
    ZIP = "zip"
    OLE2 = "ole2"
    TEXT = "text"
    OTHER = "other"


def sniff_file_type(head: bytes) -> FileType:
    """Determine the type of a file from its first `HEAD_BYTES`."""
    if sniff_image_type(head):
        return FileType.PICTURE
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return FileType.ZIP
    if head.startswith(_OLE2):
        return FileType.OLE2
    if head.startswith(_TEXT_MARKS) or find_unmarked_utf16(head):
        return FileType.TEXT
    if _CONTROLS.search(head) or _MARKUP.match(head) or head.startswith(_BINARY_MARKS):
        return FileType.OTHER
    return FileType.TEXT
