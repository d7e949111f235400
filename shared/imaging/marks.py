"""The marks of a picture, in PNG, JPEG and WebP alike: read and written without decoding or encoding the pixels."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Final

from shared.imaging.file_structure import has_png_chunk
from shared.imaging.jpeg_segments import (
    MAX_XMP_BYTES,
    iterate_jpeg_segments,
    read_jpeg_xmp,
    remove_jpeg_jumbf,
    replace_jpeg_xmp,
)
from shared.imaging.limits import DEFAULT_LIMITS
from shared.imaging.metadata import read_png_text, replace_png_text
from shared.imaging.sniffing import ImageType, sniff_image_type
from shared.imaging.webp_chunks import (
    C2PA_CHUNK,
    iterate_webp_chunks,
    read_webp_xmp,
    remove_webp_chunks,
    replace_webp_xmp,
)
from shared.imaging.xmp import Marks, build_xmp, parse_xmp

XMP_KEYWORD: Final = "XML:com.adobe.xmp"
"""The keyword of XMP in a PNG: XMP specification part 3, section 1.1.5."""
_HEAD_BYTES: Final = 32


def embed_marks(data: bytes, marks: Marks, png_text: Mapping[str, str] | None = None) -> bytes:
    """Write the marks into a picture, in the place of any other XMP. The pixels keep their bytes.

    A PNG also gets `png_text`, and loses all other metadata, as `replace_png_text` says; JPEG and WebP keep theirs. A
    JPEG, which holds 64 KiB, goes without the parameters, and then without the settings, if they are longer. A picture
    of another type is returned as it is. Raises `ValueError` if the picture is damaged.
    """
    match sniff_image_type(data[:_HEAD_BYTES]):
        case ImageType.PNG:
            return replace_png_text(data, {**(png_text or {}), XMP_KEYWORD: build_xmp(marks).decode()})
        case ImageType.JPEG:
            return replace_jpeg_xmp(data, _build_short_xmp(marks))
        case ImageType.WEBP:
            return replace_webp_xmp(data, build_xmp(marks))
        case _:
            return data


def read_marks(data: bytes) -> Marks:
    """Read the marks of a picture, in a PNG from its text, too. Empty ones if there are none, or none that are valid.

    Anyone may have written them, so they prove nothing.
    """
    with suppress(ValueError):
        match sniff_image_type(data[:_HEAD_BYTES]):
            case ImageType.PNG:
                return _read_png_marks(read_png_text(data))
            case ImageType.JPEG:
                return _parse_packet(read_jpeg_xmp(data))
            case ImageType.WEBP:
                return _parse_packet(read_webp_xmp(data))
    return Marks()


def has_content_credentials(data: bytes) -> bool:
    """Tell whether a picture carries a C2PA manifest store, valid or not. False for a damaged picture."""
    with suppress(ValueError):
        match sniff_image_type(data[:_HEAD_BYTES]):
            case ImageType.PNG:
                return has_png_chunk(data, b"caBX", DEFAULT_LIMITS.max_png_chunks)
            case ImageType.JPEG:
                return any(segment.is_c2pa for segment in iterate_jpeg_segments(data))
            case ImageType.WEBP:
                return any(chunk.kind == C2PA_CHUNK for chunk in iterate_webp_chunks(data))
    return False


def remove_content_credentials(data: bytes) -> bytes:
    """Remove the C2PA manifest store of a JPEG or WebP; `embed_marks` removes that of a PNG, with all other metadata.

    Raises `ValueError` if the picture is damaged.
    """
    match sniff_image_type(data[:_HEAD_BYTES]):
        case ImageType.JPEG:
            return remove_jpeg_jumbf(data)
        case ImageType.WEBP:
            return remove_webp_chunks(data, C2PA_CHUNK)
        case _:
            return data


def _read_png_marks(text: Mapping[str, str]) -> Marks:
    """Take the settings of the text, which a PNG of the time before XMP has alone."""
    marks = Marks()
    with suppress(ValueError):
        marks = _parse_packet(text[XMP_KEYWORD].encode() if XMP_KEYWORD in text else None)
    settings, parameters = text.get("pentimento", marks.settings), text.get("parameters", marks.parameters)
    return replace(marks, settings=settings, parameters=parameters)


def _parse_packet(packet: bytes | None) -> Marks:
    return Marks() if packet is None else parse_xmp(packet)


def _build_short_xmp(marks: Marks) -> bytes:
    """Build the packet that a JPEG can hold."""
    packet = build_xmp(marks)
    if len(packet) > MAX_XMP_BYTES:
        packet = build_xmp(replace(marks, parameters=""))
    return packet if len(packet) <= MAX_XMP_BYTES else build_xmp(marks.without_settings)
