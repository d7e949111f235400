"""Text in a PNG, read and written without decoding the pixels.

https://www.w3.org/TR/png-3/
"""

from collections.abc import Mapping
from typing import Final

from shared.imaging.file_structure import count_png_chunks
from shared.imaging.limits import DEFAULT_LIMITS
from shared.imaging.png_chunks import build_png_chunk, iterate_png_chunks
from shared.imaging.sniffing import PNG_SIGNATURE

# The ancillary chunks that change how the pixels look: https://www.w3.org/TR/png-3/#4Concepts.FormatTypes
_DISPLAY_CHUNKS: Final = frozenset(b"tRNS gAMA cHRM sRGB iCCP cICP mDCV cLLI sBIT bKGD pHYs acTL fcTL fdAT".split())
_MAX_KEYWORD_BYTES: Final = 79
_MAX_TEXT_BYTES: Final = 1 << 20


def verify_png(png: bytes) -> None:
    """Raise `ValueError` unless this is a complete PNG whose critical chunks, pixels included, have correct checksums.

    Nothing is inflated.
    """
    if all(chunk.kind != b"IDAT" for chunk in list(iterate_png_chunks(png))):
        raise ValueError("this PNG is damaged: it has no pixels")


def replace_png_text(png: bytes, entries: Mapping[str, str]) -> bytes:
    """Insert `entries` after IHDR as uncompressed iTXt chunks, and remove all other metadata and trailing data.

    IDAT and the chunks that decide how it looks (transparency, colour, animation) are copied unchanged. Raises
    `ValueError` when the PNG is malformed, a keyword is not 1 to 79 bytes of printable Latin-1 without outer or double
    spaces, or a text contains a NUL (https://www.w3.org/TR/png-3/#11textinfo).
    """
    parts: list[bytes | memoryview] = [PNG_SIGNATURE]
    has_pixels = False
    for chunk in iterate_png_chunks(png):
        has_pixels = has_pixels or chunk.kind == b"IDAT"
        if chunk.kind in _DISPLAY_CHUNKS or not chunk.is_ancillary:
            parts.append(chunk.raw)
        if chunk.kind == b"IHDR":
            parts += [_build_itxt(keyword, text) for keyword, text in entries.items()]
    if not has_pixels:
        raise ValueError("this PNG is damaged: it has no pixels")
    return b"".join(parts)


def _build_itxt(keyword: str, text: str) -> bytes:
    key = keyword.encode("latin-1")
    if not 1 <= len(key) <= _MAX_KEYWORD_BYTES or not keyword.isprintable() or "  " in f" {keyword} ":
        raise ValueError(
            f"{keyword!r} cannot be a keyword in a PNG: "
            "use 1 to 79 printable Latin-1 characters without outer or double spaces"
        )
    if "\0" in text:
        raise ValueError(f"the text of {keyword!r} contains a NUL, which ends a text in a PNG")
    return build_png_chunk(b"iTXt", key + b"\0\0\0\0\0" + text.encode())


def read_png_text(png: bytes) -> dict[str, str]:
    """Read tEXt and uncompressed iTXt chunks, keyword to text, up to 1 MiB in all. Compressed text is skipped.

    Raises `ValueError` when the PNG is malformed or has more chunks than the worker reads.
    """
    if count_png_chunks(png, DEFAULT_LIMITS.max_png_chunks) > DEFAULT_LIMITS.max_png_chunks:
        raise ValueError(f"this PNG has more than {DEFAULT_LIMITS.max_png_chunks} chunks")
    entries: dict[str, str] = {}
    remaining_bytes = _MAX_TEXT_BYTES
    for chunk in iterate_png_chunks(png):
        if chunk.kind not in (b"tEXt", b"iTXt") or len(chunk.data) > remaining_bytes:
            continue
        remaining_bytes -= len(chunk.data)
        keyword, _, rest = bytes(chunk.data).partition(b"\0")
        if chunk.kind == b"tEXt":
            entries[keyword.decode("latin-1")] = rest.decode("latin-1")
            continue
        fields = rest[2:].split(b"\0", 2)  # language, translated keyword, text
        if rest.startswith(b"\0\0") and len(fields) == 3:  # noqa: PLR2004 - as the comment above says
            entries[keyword.decode("latin-1")] = fields[2].decode(errors="replace")
    return entries
