"""shared.imaging.metadata: types by bytes, and the words of a PNG."""

import io
import struct
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from PIL.PngImagePlugin import PngImageFile, PngInfo

from shared.imaging.metadata import (
    ImageType,
    count_png_chunks,
    read_png_size,
    read_png_text,
    replace_png_text,
    sniff_image_type,
    verify_png,
)


def encode_image(kind: str, picture: Image.Image | None = None, **options: object) -> bytes:
    out = io.BytesIO()
    (picture or Image.new("RGB", (40, 30), (200, 40, 30))).save(out, kind, **options)
    return out.getvalue()


def make_png_chunk(kind: bytes, body: bytes = b"") -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def list_chunk_types(png: bytes) -> list[bytes]:
    found, at = [], 8
    while at < len(png):
        found.append(png[at + 4 : at + 8])
        at += 12 + int.from_bytes(png[at : at + 4])
    return found


PNG = encode_image("PNG")


def make_ftyp_box(major: bytes, *compatible: bytes) -> bytes:
    body = b"ftyp" + major + bytes(4) + b"".join(compatible)
    return struct.pack(">I", len(body) + 4) + body + b"\0\0\0\x08mdat" + bytes(32)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF", "AVIF"])
def test_the_first_32_bytes_of_what_pillow_writes_tell_its_type(kind: str) -> None:
    assert sniff_image_type(encode_image(kind)[:32]) is ImageType[kind]


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (make_ftyp_box(b"heic", b"mif1", b"heic"), ImageType.HEIC),
        (make_ftyp_box(b"mif1", b"mif1", b"heic"), ImageType.HEIC),
        (make_ftyp_box(b"msf1", b"hevc"), ImageType.HEIC),
        (make_ftyp_box(b"mif1", b"miaf", b"avif"), ImageType.AVIF),
        (make_ftyp_box(b"avis", b"heic"), ImageType.AVIF),
        (make_ftyp_box(b"heic", b"avif"), ImageType.HEIC),
        (make_ftyp_box(b"mif1", b"miaf"), None),
        (make_ftyp_box(b"mp42", b"isom"), None),
        (make_ftyp_box(b"isom") + b"avifheic", None),
    ],
)
def test_avif_and_heic_are_told_apart_by_their_brands(head: bytes, expected: ImageType | None) -> None:
    assert sniff_image_type(head) is expected


@pytest.mark.parametrize(
    "head",
    [
        b"",
        b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>",
        b"<!DOCTYPE html><html><script>alert(1)</script>",
        b"%!PS-Adobe-3.0 EPSF-3.0",
        b"II*\0" + bytes(40),
        b"BM" + bytes(40),
        b"RIFF\0\0\0\0WAVEfmt ",
        b"\x89PNG\n" + bytes(40),
        b"GIF88a" + bytes(40),
        b" " + PNG,
    ],
)
def test_what_is_no_picture_of_ours_has_no_type_whatever_it_is_called(head: bytes) -> None:
    assert sniff_image_type(head) is None


@given(st.binary(max_size=64), st.sampled_from([b"", b"\0\0\0\x18ftyp", b"RIFF"]))
def test_sniffing_never_raises(head: bytes, prefix: bytes) -> None:
    sniff_image_type(prefix + head)


def test_a_type_knows_its_media_type_and_extension() -> None:
    assert [(kind.media_type, kind.extension) for kind in (ImageType.JPEG, ImageType.HEIC)] == [
        ("image/jpeg", "jpg"),
        ("image/heic", "heic"),
    ]


keywords = st.from_regex(r"[!-~¡-¬®-ÿ]{1,30}( [!-~]{1,30})?", fullmatch=True)
words = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=300)


@given(st.dictionaries(keywords, words, max_size=5))
def test_words_put_into_a_png_come_back_and_the_pixels_are_the_same_bytes(entries: dict[str, str]) -> None:
    spliced = replace_png_text(PNG, entries)
    assert read_png_text(spliced) == entries
    assert spliced.endswith(PNG[33:])
    assert spliced[:33] == PNG[:33]
    assert PngImageFile(io.BytesIO(spliced)).text == entries


def test_all_other_metadata_is_gone_and_what_shows_the_pixels_stays() -> None:
    palette = Image.new("P", (9, 9), 1)
    palette.putpalette([10, 20, 30, 40, 50, 60])
    info = PngInfo()
    info.add_text("Author", "somebody")
    info.add_itxt("XML:com.adobe.xmp", "<x/>", zip=True)
    info.add_text("Comment", "zipped", zip=True)
    exif = Image.Exif()
    exif[0x8825] = {1: "N"}
    options = {"pnginfo": info, "exif": exif, "dpi": (72, 72), "transparency": 0, "icc_profile": b"a profile"}
    png = encode_image("PNG", palette, **options)
    extra = (
        make_png_chunk(b"tIME", bytes(7))
        + make_png_chunk(b"caBX", b"signed")
        + make_png_chunk(b"prVt", b"private")
        + make_png_chunk(b"gAMA", bytes(4))
    )
    png = png[:33] + extra + png[33:] + b"a second file after the end"
    assert {b"tEXt", b"iTXt", b"zTXt", b"eXIf", b"tIME", b"caBX", b"prVt"} <= set(list_chunk_types(png[:-27]))

    spliced = replace_png_text(png, {"seed": "7"})

    assert list_chunk_types(spliced) == [
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
    with Image.open(io.BytesIO(png)) as before, Image.open(io.BytesIO(spliced)) as after:
        assert before.convert("RGBA").tobytes() == after.convert("RGBA").tobytes()


def test_an_animation_stays_one() -> None:
    frames = [Image.new("RGB", (8, 8), (shade, 0, 0)) for shade in (0, 90, 180)]
    spliced = replace_png_text(encode_image("PNG", frames[0], save_all=True, append_images=frames[1:]), {"seed": "7"})
    assert PngImageFile(io.BytesIO(spliced)).n_frames == 3


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
def test_a_malformed_png_is_refused(damage: str) -> None:
    with pytest.raises(ValueError, match="PNG"):
        replace_png_text(DAMAGED[damage], {"seed": "7"})
    with pytest.raises(ValueError, match="PNG"):
        verify_png(DAMAGED[damage])


@given(st.integers(8, len(PNG) - 1), st.integers(1, 255))
def test_no_changed_byte_passes_the_check(at: int, change: int) -> None:
    with pytest.raises(ValueError, match="PNG"):
        verify_png(PNG[:at] + bytes([PNG[at] ^ change]) + PNG[at + 1 :])


@pytest.mark.parametrize("keyword", ["", "x" * 80, "日本", " seed", "seed ", "two  spaces", "a\nb", "nul\0"])
def test_a_keyword_that_png_does_not_allow_is_refused(keyword: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - an encoding error is one, in its own words
        replace_png_text(PNG, {keyword: "x"})


@pytest.mark.parametrize("text", ["a\0b", "\ud800"])
def test_a_text_that_png_does_not_allow_is_refused(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - an encoding error is one, in its own words
        replace_png_text(PNG, {"seed": text})


def test_reading_words_stops_at_a_mebibyte_and_leaves_compressed_ones_alone() -> None:
    texts = [
        make_png_chunk(b"tEXt", b"old\0caf\xe9"),
        make_png_chunk(b"tEXt", b"large\0" + bytes(1 << 20)),
        make_png_chunk(b"iTXt", b"zipped\0\x01\0\0\0" + zlib.compress(bytes(1000))),
        make_png_chunk(b"zTXt", b"zipped\0\0" + zlib.compress(bytes(1000))),
        make_png_chunk(b"iTXt", b"cut\0\0\0en"),
        make_png_chunk(b"iTXt", "new\0\0\0fr\0nouveau\0château".encode()),
    ]
    assert read_png_text(PNG[:33] + b"".join(texts) + PNG[33:]) == {"old": "café", "new": "château"}


def test_the_size_is_read_from_the_header_alone() -> None:
    assert read_png_size(PNG[:33]) == (40, 30)
    with pytest.raises(ValueError, match="cut short"):
        read_png_size(PNG[:20])


def test_chunks_are_counted_no_further_than_asked() -> None:
    many = PNG[:33] + make_png_chunk(b"prVt") * 100 + PNG[33:]
    assert count_png_chunks(PNG, 10) == 3
    assert count_png_chunks(many, 1000) == 103
    assert count_png_chunks(many, 50) == 51
    assert count_png_chunks(b"", 50) == 0
