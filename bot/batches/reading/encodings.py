"""Decoding a table's text, whichever program wrote it.

Spreadsheets write UTF-8 with or without a byte order mark, UTF-16 with one ("Unicode text"), and, as plain "CSV", the
encoding of the system: Windows-1252 in Western Europe, Mac OS Roman in Excel for Mac.
"""

import re
from dataclasses import dataclass
from typing import Final

from shared.problems import RejectedError, make_problem

BYTE_ORDER_MARKS: Final = (
    (b"\xef\xbb\xbf", "utf-8-sig"),
    (b"\xff\xfe\x00\x00", "utf-32"),
    (b"\x00\x00\xfe\xff", "utf-32"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
)
_OLD_ENCODINGS: Final = ("cp1252", "mac_roman")
_NOT_UTF8: Final = re.compile("\ufffd")
_NON_ASCII: Final = re.compile(r"[^\x00-\x7f\ufffd]")
_WESTERN: Final = frozenset("àáâãäåæçèéêëìíîïñòóôõöøùúûüýÿœßÀÁÂÃÄÅÆÇÈÉÊËÌÍÎÏÑÒÓÔÕÖØÙÚÛÜŒ«»“”‘’–—…€°·¡¿§№½¼¾²³±× ")
_MISPLACED: Final = re.compile("(?<=[a-zß-öø-ÿ])[À-ÖØ-Þ]")  # a capital after a small letter
_FOREIGN_WORD: Final = re.compile(r"[^\W\d_a-zA-Z]{3,}")


@dataclass(frozen=True)
class DecodedText:
    """A text and its encoding. `is_guessed` if nothing in the file says which it is."""

    text: str
    encoding: str
    is_guessed: bool = False


def decode_text(data: bytes, name: str) -> DecodedText:
    """Decode the bytes of a text file called `name`. Raises `RejectedError` if its encoding cannot be told."""
    encoding = next((encoding for mark, encoding in BYTE_ORDER_MARKS if data.startswith(mark)), None)
    if encoding is None and len(data) >= 4 and not len(data) % 2:  # noqa: PLR2004  # two characters
        encoding = find_unmarked_utf16(data[:4096])
    encoding = encoding or "utf-8"
    try:
        return DecodedText(data.decode(encoding).removeprefix("\ufeff"), encoding)
    except UnicodeDecodeError:
        decoded = _decode_old(data) if encoding == "utf-8" else None
    if decoded is None:
        raise RejectedError(make_problem("batch_encoding_unknown", name=name))
    return decoded


def find_unmarked_utf16(sample: bytes) -> str | None:
    """Find which UTF-16 a text without a mark has, by its ASCII: every other byte is mostly NUL, the others never are.

    None if it has neither.
    """
    even, odd = sample[::2], sample[1::2]
    if odd.count(0) > len(odd) // 2 and not even.count(0):
        return "utf-16-le"
    return "utf-16-be" if even.count(0) > len(even) // 2 and not odd.count(0) else None


def _decode_old(data: bytes) -> DecodedText | None:
    """Decode a text that is not UTF-8 in the encoding in which it reads best; None if it reads well in neither."""
    as_utf8 = data.decode("utf-8", "replace")
    if len(_NON_ASCII.findall(as_utf8)) > len(_NOT_UTF8.findall(as_utf8)):
        return None  # most of it is UTF-8, some of it damaged
    candidates = []
    for encoding in _OLD_ENCODINGS:
        text = data.decode(encoding, "replace")
        if "\ufffd" not in text and not _FOREIGN_WORD.search(text):
            characters = [c for c in text if ord(c) > 0x7F]  # noqa: PLR2004  # ASCII
            likely = sum(c in _WESTERN for c in characters) - len(_MISPLACED.findall(text))
            candidates.append((likely / len(characters), encoding, text))
    if not candidates:
        return None
    share, encoding, text = max(candidates, key=lambda candidate: (candidate[0], candidate[1] == "cp1252"))
    return DecodedText(text, encoding, is_guessed=True) if share > 1 / 2 else None
