"""shared.pictures: types by bytes, and the words of a PNG."""

import io
import struct
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from PIL.PngImagePlugin import PngImageFile, PngInfo

from shared.pictures import (
    PictureType,
    check_png,
    png_chunk_count,
    png_size,
    png_text,
    png_with_text,
    sniff,
)


def encoded(kind: str, picture: Image.Image | None = None, **options: object) -> bytes:
    out = io.BytesIO()
    (picture or Image.new("RGB", (40, 30), (200, 40, 30))).save(out, kind, **options)
    return out.getvalue()


def chunk(kind: bytes, body: bytes = b"") -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def kinds(png: bytes) -> list[bytes]:
    found, at = [], 8
    while at < len(png):
        found.append(png[at + 4 : at + 8])
        at += 12 + int.from_bytes(png[at : at + 4])
    return found


PNG = encoded("PNG")


def ftyp(major: bytes, *compatible: bytes) -> bytes:
    body = b"ftyp" + major + bytes(4) + b"".join(compatible)
    return struct.pack(">I", len(body) + 4) + body + b"\0\0\0\x08mdat" + bytes(32)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF", "AVIF"])
def test_the_first_32_bytes_of_what_pillow_writes_tell_its_type(kind: str) -> None:
    assert sniff(encoded(kind)[:32]) is PictureType[kind]


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (ftyp(b"heic", b"mif1", b"heic"), PictureType.HEIC),
        (ftyp(b"mif1", b"mif1", b"heic"), PictureType.HEIC),
        (ftyp(b"msf1", b"hevc"), PictureType.HEIC),
        (ftyp(b"mif1", b"miaf", b"avif"), PictureType.AVIF),
        (ftyp(b"avis", b"heic"), PictureType.AVIF),
        (ftyp(b"heic", b"avif"), PictureType.HEIC),
        (ftyp(b"mif1", b"miaf"), None),
        (ftyp(b"mp42", b"isom"), None),
        (ftyp(b"isom") + b"avifheic", None),
    ],
)
def test_avif_and_heic_are_told_apart_by_their_brands(head: bytes, expected: PictureType | None) -> None:
    assert sniff(head) is expected


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
    assert sniff(head) is None


@given(st.binary(max_size=64), st.sampled_from([b"", b"\0\0\0\x18ftyp", b"RIFF"]))
def test_sniffing_never_raises(head: bytes, prefix: bytes) -> None:
    sniff(prefix + head)


def test_a_type_knows_its_media_type_and_extension() -> None:
    assert [(kind.media_type, kind.extension) for kind in (PictureType.JPEG, PictureType.HEIC)] == [
        ("image/jpeg", "jpg"),
        ("image/heic", "heic"),
    ]


keywords = st.from_regex(r"[!-~¡-¬®-ÿ]{1,30}( [!-~]{1,30})?", fullmatch=True)
words = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=300)


@given(st.dictionaries(keywords, words, max_size=5))
def test_words_put_into_a_png_come_back_and_the_pixels_are_the_same_bytes(entries: dict[str, str]) -> None:
    spliced = png_with_text(PNG, entries)
    assert png_text(spliced) == entries
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
    png = encoded("PNG", palette, **options)
    extra = chunk(b"tIME", bytes(7)) + chunk(b"caBX", b"signed") + chunk(b"prVt", b"private") + chunk(b"gAMA", bytes(4))
    png = png[:33] + extra + png[33:] + b"a second file after the end"
    assert {b"tEXt", b"iTXt", b"zTXt", b"eXIf", b"tIME", b"caBX", b"prVt"} <= set(kinds(png[:-27]))

    spliced = png_with_text(png, {"seed": "7"})

    assert kinds(spliced) == [b"IHDR", b"iTXt", b"gAMA", b"iCCP", b"PLTE", b"tRNS", b"pHYs", b"IDAT", b"IEND"]
    with Image.open(io.BytesIO(png)) as before, Image.open(io.BytesIO(spliced)) as after:
        assert before.convert("RGBA").tobytes() == after.convert("RGBA").tobytes()


def test_an_animation_stays_one() -> None:
    frames = [Image.new("RGB", (8, 8), (shade, 0, 0)) for shade in (0, 90, 180)]
    spliced = png_with_text(encoded("PNG", frames[0], save_all=True, append_images=frames[1:]), {"seed": "7"})
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
    "IHDR in second place": PNG[:8] + chunk(b"gAMA", bytes(4)) + PNG[8:],
    "IHDR twice": PNG[:33] + PNG[8:33] + PNG[33:],
    "IHDR too short": PNG[:8] + chunk(b"IHDR", bytes(5)) + PNG[33:],
    "no pixels": PNG[:33] + chunk(b"IEND"),
}


@pytest.mark.parametrize("damage", DAMAGED)
def test_a_malformed_png_is_refused(damage: str) -> None:
    with pytest.raises(ValueError, match="PNG"):
        png_with_text(DAMAGED[damage], {"seed": "7"})
    with pytest.raises(ValueError, match="PNG"):
        check_png(DAMAGED[damage])


@given(st.integers(8, len(PNG) - 1), st.integers(1, 255))
def test_no_changed_byte_passes_the_check(at: int, change: int) -> None:
    with pytest.raises(ValueError, match="PNG"):
        check_png(PNG[:at] + bytes([PNG[at] ^ change]) + PNG[at + 1 :])


@pytest.mark.parametrize("keyword", ["", "x" * 80, "日本", " seed", "seed ", "two  spaces", "a\nb", "nul\0"])
def test_a_keyword_that_png_does_not_allow_is_refused(keyword: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - an encoding error is one, in its own words
        png_with_text(PNG, {keyword: "x"})


@pytest.mark.parametrize("text", ["a\0b", "\ud800"])
def test_a_text_that_png_does_not_allow_is_refused(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - an encoding error is one, in its own words
        png_with_text(PNG, {"seed": text})


def test_reading_words_stops_at_a_mebibyte_and_leaves_compressed_ones_alone() -> None:
    texts = [
        chunk(b"tEXt", b"old\0caf\xe9"),
        chunk(b"tEXt", b"large\0" + bytes(1 << 20)),
        chunk(b"iTXt", b"zipped\0\x01\0\0\0" + zlib.compress(bytes(1000))),
        chunk(b"zTXt", b"zipped\0\0" + zlib.compress(bytes(1000))),
        chunk(b"iTXt", b"cut\0\0\0en"),
        chunk(b"iTXt", "new\0\0\0fr\0nouveau\0château".encode()),
    ]
    assert png_text(PNG[:33] + b"".join(texts) + PNG[33:]) == {"old": "café", "new": "château"}


def test_the_size_is_read_from_the_header_alone() -> None:
    assert png_size(PNG[:33]) == (40, 30)
    with pytest.raises(ValueError, match="cut short"):
        png_size(PNG[:20])


def test_chunks_are_counted_no_further_than_asked() -> None:
    many = PNG[:33] + chunk(b"prVt") * 100 + PNG[33:]
    assert png_chunk_count(PNG, 10) == 3
    assert png_chunk_count(many, 1000) == 103
    assert png_chunk_count(many, 50) == 51
    assert png_chunk_count(b"", 50) == 0
