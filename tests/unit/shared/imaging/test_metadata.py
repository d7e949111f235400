"""Text in a PNG."""

import io
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from PIL.PngImagePlugin import PngImageFile, PngInfo

from shared.imaging.metadata import read_png_text, replace_png_text, verify_png
from tests.support.images import RED, encode_image, make_png_chunk


def list_chunk_types(png: bytes) -> list[bytes]:
    types, offset = [], 8
    while offset < len(png):
        types.append(png[offset + 4 : offset + 8])
        offset += 12 + int.from_bytes(png[offset : offset + 4])
    return types


PNG = encode_image(Image.new("RGB", (40, 30), RED), "PNG")


keywords = st.from_regex(r"[!-~¡-¬®-ÿ]{1,30}( [!-~]{1,30})?", fullmatch=True)
texts = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=300)


@given(st.dictionaries(keywords, texts, max_size=5))
def test_text_written_to_a_png_is_read_back_and_the_pixels_are_the_same_bytes(entries: dict[str, str]) -> None:
    changed = replace_png_text(PNG, entries)
    assert read_png_text(changed) == entries
    assert changed.endswith(PNG[33:])
    assert changed[:33] == PNG[:33]
    assert PngImageFile(io.BytesIO(changed)).text == entries


def test_all_other_metadata_is_removed_and_display_chunks_remain() -> None:
    palette = Image.new("P", (9, 9), 1)
    palette.putpalette([10, 20, 30, 40, 50, 60])
    info = PngInfo()
    info.add_text("Author", "somebody")
    info.add_itxt("XML:com.adobe.xmp", "<x/>", zip=True)
    info.add_text("Comment", "zipped", zip=True)
    exif = Image.Exif()
    exif[0x8825] = {1: "N"}
    options = {"pnginfo": info, "exif": exif, "dpi": (72, 72), "transparency": 0, "icc_profile": b"a profile"}
    png = encode_image(palette, "PNG", **options)
    extra = (
        make_png_chunk(b"tIME", bytes(7))
        + make_png_chunk(b"caBX", b"signed")
        + make_png_chunk(b"prVt", b"private")
        + make_png_chunk(b"gAMA", bytes(4))
    )
    png = png[:33] + extra + png[33:] + b"a second file after the end"
    assert {b"tEXt", b"iTXt", b"zTXt", b"eXIf", b"tIME", b"caBX", b"prVt"} <= set(list_chunk_types(png[:-27]))

    changed = replace_png_text(png, {"seed": "7"})

    assert list_chunk_types(changed) == [
        b"IHDR",
        b"iTXt",
        b"gAMA",
        b"iCCP",
        b"PLTE",
        b"tRNS",
        b"pHYs",
        b"IDAT",
        b"IEND",
    ]
    with Image.open(io.BytesIO(png)) as before, Image.open(io.BytesIO(changed)) as after:
        assert before.convert("RGBA").tobytes() == after.convert("RGBA").tobytes()


def test_an_animation_remains_one() -> None:
    frames = [Image.new("RGB", (8, 8), (shade, 0, 0)) for shade in (0, 90, 180)]
    changed = replace_png_text(encode_image(frames[0], "PNG", save_all=True, append_images=frames[1:]), {"seed": "7"})
    assert PngImageFile(io.BytesIO(changed)).n_frames == 3


DAMAGED = {
    "no signature": b"\0" + PNG[1:],
    "empty": b"",
    "signature alone": PNG[:8],
    "ends in a length": PNG[:35],
    "ends in the pixels": PNG[:-20],
    "without IEND": PNG[:-12],
    "length beyond the end": PNG[:33] + b"\xff\xff\xff\xff" + PNG[37:],
    "a bit of the pixels flipped": PNG[:45] + bytes([PNG[45] ^ 1]) + PNG[46:],
    "a bit of the checksum flipped": PNG[:-1] + bytes([PNG[-1] ^ 1]),
    "IHDR in second place": PNG[:8] + make_png_chunk(b"gAMA", bytes(4)) + PNG[8:],
    "IHDR twice": PNG[:33] + PNG[8:33] + PNG[33:],
    "IHDR too short": PNG[:8] + make_png_chunk(b"IHDR", bytes(5)) + PNG[33:],
    "no pixels": PNG[:33] + make_png_chunk(b"IEND"),
}


@pytest.mark.parametrize("damage", DAMAGED)
def test_a_malformed_png_is_rejected(damage: str) -> None:
    with pytest.raises(ValueError, match="PNG"):
        replace_png_text(DAMAGED[damage], {"seed": "7"})
    with pytest.raises(ValueError, match="PNG"):
        verify_png(DAMAGED[damage])


@given(st.integers(8, len(PNG) - 1), st.integers(1, 255))
def test_no_changed_byte_passes_verification(offset: int, change: int) -> None:
    with pytest.raises(ValueError, match="PNG"):
        verify_png(PNG[:offset] + bytes([PNG[offset] ^ change]) + PNG[offset + 1 :])


@pytest.mark.parametrize("keyword", ["", "x" * 80, "日本", " seed", "seed ", "two  spaces", "a\nb", "nul\0"])
def test_a_keyword_that_png_does_not_allow_is_rejected(keyword: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - encoding errors have messages of their own
        replace_png_text(PNG, {keyword: "x"})


@pytest.mark.parametrize("text", ["a\0b", "\ud800"])
def test_a_text_that_png_does_not_allow_is_rejected(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - encoding errors have messages of their own
        replace_png_text(PNG, {"seed": text})


def test_reading_stops_at_a_mebibyte_and_skips_compressed_text() -> None:
    chunks = [
        make_png_chunk(b"tEXt", b"old\0caf\xe9"),
        make_png_chunk(b"tEXt", b"large\0" + bytes(1 << 20)),
        make_png_chunk(b"iTXt", b"zipped\0\x01\0\0\0" + zlib.compress(bytes(1000))),
        make_png_chunk(b"zTXt", b"zipped\0\0" + zlib.compress(bytes(1000))),
        make_png_chunk(b"iTXt", b"cut\0\0\0en"),
        make_png_chunk(b"iTXt", "new\0\0\0fr\0nouveau\0château".encode()),
    ]
    assert read_png_text(PNG[:33] + b"".join(chunks) + PNG[33:]) == {"old": "café", "new": "château"}
