"""Types of images by their first bytes."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from shared.imaging.sniffing import ImageType, sniff_image_type
from tests.support.images import RED, encode_image


def make_ftyp_box(major: bytes, *compatible: bytes) -> bytes:
    body = b"ftyp" + major + bytes(4) + b"".join(compatible)
    return struct.pack(">I", len(body) + 4) + body + b"\0\0\0\x08mdat" + bytes(32)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF", "AVIF"])
def test_the_first_32_bytes_of_a_file_by_pillow_are_enough(kind: str) -> None:
    assert sniff_image_type(encode_image(Image.new("RGB", (40, 30), RED), kind)[:32]) is ImageType[kind]


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
        b" " + encode_image(Image.new("RGB", (40, 30), RED), "PNG"),
    ],
)
def test_other_files_have_no_type(head: bytes) -> None:
    assert sniff_image_type(head) is None


@given(st.binary(max_size=64), st.sampled_from([b"", b"\0\0\0\x18ftyp", b"RIFF"]))
def test_sniffing_never_raises(head: bytes, prefix: bytes) -> None:
    sniff_image_type(prefix + head)


def test_a_type_has_a_media_type_and_an_extension() -> None:
    assert [(kind.media_type, kind.extension) for kind in (ImageType.JPEG, ImageType.HEIC)] == [
        ("image/jpeg", "jpg"),
        ("image/heic", "heic"),
    ]
