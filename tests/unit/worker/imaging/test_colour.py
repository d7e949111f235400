"""Colours of prepared images: every mode, transparency and ICC profiles."""

import struct
import zlib
from typing import Final

import pytest
from PIL import Image, ImageCms

from shared.imaging.colour_conversion import convert_to_srgb
from tests.support.images import Colour, encode_image
from tests.support.prepared_images import (
    BLUE,
    RED,
    SQUARE,
    WHITE,
    assert_halves,
    is_similar,
    make_two_halves,
    open_prepared,
    read_pixel,
)
from worker.imaging.preparation import prepare_image


def make_raw_png(depth: int, colour_type: int, rows: list[bytes], width: int, *chunks: tuple[bytes, bytes]) -> bytes:
    parts = [b"\x89PNG\r\n\x1a\n"]
    header = struct.pack(">IIBBBBB", width, len(rows), depth, colour_type, 0, 0, 0)
    pixels = zlib.compress(b"".join(b"\0" + row for row in rows))
    for kind, body in ((b"IHDR", header), *chunks, (b"IDAT", pixels), (b"IEND", b"")):
        parts.append(struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body)))
    return b"".join(parts)


def pack_sixteen_bits(*values: int) -> bytes:
    return struct.pack(f">{len(values)}H", *(257 * value for value in values))


MODES: Final[dict[str, tuple[bytes, Colour, Colour]]] = {
    "1-bit": (encode_image(make_two_halves(left=(0, 0, 0), right=WHITE).convert("1"), "PNG"), (0, 0, 0), WHITE),
    "grey": (
        encode_image(make_two_halves(left=(64,) * 3, right=(192,) * 3).convert("L"), "PNG"),
        (64,) * 3,
        (192,) * 3,
    ),
    "grey JPEG": (
        encode_image(make_two_halves(left=(64,) * 3, right=(192,) * 3).convert("L"), "JPEG"),
        (64,) * 3,
        (192,) * 3,
    ),
    "palette": (encode_image(make_two_halves().quantize(2), "PNG"), RED, BLUE),
    "CMYK JPEG": (encode_image(make_two_halves().convert("CMYK"), "JPEG", quality=95), RED, BLUE),
    "16-bit grey": (make_raw_png(16, 0, [pack_sixteen_bits(*[70] * 24, *[180] * 24)] * 48, 48), (70,) * 3, (180,) * 3),
    "16-bit grey, large": (
        make_raw_png(16, 0, [pack_sixteen_bits(*[70] * 400, *[180] * 400)] * 800, 800),
        (70,) * 3,
        (180,) * 3,
    ),
    "16-bit grey with a colour key": (
        make_raw_png(16, 0, [pack_sixteen_bits(*[70] * 24, *[180] * 24)] * 48, 48, (b"tRNS", pack_sixteen_bits(70))),
        (70,) * 3,
        (180,) * 3,
    ),
    "16-bit RGB": (make_raw_png(16, 2, [pack_sixteen_bits(*RED * 24, *BLUE * 24)] * 48, 48), RED, BLUE),
    "16-bit RGBA": (make_raw_png(16, 6, [pack_sixteen_bits(*(*RED, 255) * 24, *(*BLUE, 0) * 24)] * 48, 48), RED, WHITE),
    "16-bit grey and alpha": (
        make_raw_png(16, 4, [pack_sixteen_bits(*(70, 255) * 24, *(9, 0) * 24)] * 48, 48),
        (70,) * 3,
        WHITE,
    ),
    "grey and alpha": (make_raw_png(8, 4, [bytes((70, 255) * 24 + (9, 0) * 24)] * 48, 48), (70,) * 3, WHITE),
    "colour key": (encode_image(make_two_halves(), "PNG", transparency=BLUE), RED, WHITE),
    "grey colour key": (
        make_raw_png(8, 0, [bytes([70] * 24 + [180] * 24)] * 48, 48, (b"tRNS", b"\0\xb4")),
        (70,) * 3,
        WHITE,
    ),
    "palette with alpha": (
        make_raw_png(8, 3, [bytes([0] * 24 + [1] * 24)] * 48, 48, (b"PLTE", bytes(RED + BLUE)), (b"tRNS", b"\xff\x00")),
        RED,
        WHITE,
    ),
    "palette with half alpha": (
        make_raw_png(8, 3, [bytes([0] * 24 + [1] * 24)] * 48, 48, (b"PLTE", bytes(RED + BLUE)), (b"tRNS", b"\xff\x80")),
        RED,
        (137, 157, 227),
    ),
}


@pytest.mark.parametrize("mode", MODES)
def test_every_mode_becomes_the_rgb_that_a_viewer_shows(mode: str) -> None:
    data, left, right = MODES[mode]
    assert_halves(prepare_image(data, SQUARE, "crop"), left, right)


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "AVIF"])
def test_transparent_areas_become_white_without_a_trace_of_their_hidden_colour(kind: str) -> None:
    image = make_two_halves((256, 256)).convert("RGBA")
    image.paste((0, 0, 0, 0), (128, 0, 256, 256))
    result = open_prepared(prepare_image(encode_image(image, kind, quality=95), [(64, 64)], "crop"))
    assert is_similar(read_pixel(result, 0.2, 0.5), RED, 8)
    assert is_similar(read_pixel(result, 0.8, 0.5), WHITE)
    darkest = min(read_pixel(result, across / 64, 0.5)[0] for across in range(64))
    assert darkest > 180


def test_transparent_areas_of_a_gif_become_white() -> None:
    image = make_two_halves().quantize(2)
    index = image.getpixel((90, 5))
    assert_halves(prepare_image(encode_image(image, "GIF", transparency=index), SQUARE, "crop"), RED, WHITE)


@pytest.mark.parametrize("transparency", [None, 1])
@pytest.mark.parametrize(("box", "is_left_covered"), [((48, 0), False), ((0, 0), True)])
def test_a_gif_is_white_where_its_first_frame_does_not_cover_it(
    box: tuple[int, int], is_left_covered: bool, transparency: int | None
) -> None:
    options = {} if transparency is None else {"transparency": transparency}
    frame = Image.new("RGB", (48, 96), RED).quantize(2)
    gif = bytearray(encode_image(frame, "GIF", **options))
    descriptor = gif.index(b"," + bytes(4) + struct.pack("<HH", 48, 96))
    gif[descriptor + 1 : descriptor + 5] = struct.pack("<HH", *box)
    gif[6:10] = struct.pack("<HH", 96, 96)
    assert_halves(prepare_image(bytes(gif), SQUARE, "crop"), *((RED, WHITE) if is_left_covered else (WHITE, RED)))


def make_swapped_profile() -> bytes:
    """Make sRGB's profile with the red and blue primaries exchanged, so that its use is plain to see."""
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    tags = {bytes(profile[at : at + 4]): at for at in range(132, 132 + 12 * int.from_bytes(profile[128:132]), 12)}
    red, blue = tags[b"rXYZ"] + 4, tags[b"bXYZ"] + 4
    profile[red : red + 8], profile[blue : blue + 8] = profile[blue : blue + 8], profile[red : red + 8]
    return bytes(profile).replace("sRGB".encode("utf-16-be"), "BGR!".encode("utf-16-be"))


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "AVIF"])
def test_an_icc_profile_is_converted_to_srgb(kind: str) -> None:
    data = encode_image(
        make_two_halves(left=(250, 0, 0), right=(0, 0, 250)), kind, icc_profile=make_swapped_profile(), quality=95
    )
    assert_halves(prepare_image(data, SQUARE, "crop"), (0, 0, 250), (250, 0, 0), tolerance=14)


def test_an_icc_profile_applies_to_images_with_transparency_too() -> None:
    image = make_two_halves(left=(250, 0, 0)).convert("RGBA")
    image.paste((0, 0, 0, 0), (48, 0, 96, 96))
    assert_halves(
        prepare_image(encode_image(image, "PNG", icc_profile=make_swapped_profile()), SQUARE, "crop"),
        (0, 0, 250),
        WHITE,
    )


GREY_PROFILE_OF_RGB: Final = encode_image(
    make_two_halves(left=(64,) * 3, right=(192,) * 3).convert("L"), "PNG", icc_profile=make_swapped_profile()
)


@pytest.mark.parametrize("profile", [b"no profile at all", make_swapped_profile()[:200], bytes(5 << 20), b""])
def test_a_broken_icc_profile_is_ignored(profile: bytes) -> None:
    assert_halves(prepare_image(encode_image(make_two_halves(), "JPEG", icc_profile=profile), SQUARE, "crop"))


def test_a_profile_for_another_mode_is_ignored() -> None:
    assert_halves(prepare_image(GREY_PROFILE_OF_RGB, SQUARE, "crop"), (64,) * 3, (192,) * 3)


def test_an_srgb_profile_changes_nothing() -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    plain, tagged = (
        prepare_image(encode_image(make_two_halves(), "PNG", **extra), SQUARE, "crop")
        for extra in ({}, {"icc_profile": profile})
    )
    assert plain.data == tagged.data


@pytest.mark.parametrize("mode", ["RGB", "L", "RGBA", "I;16"])
def test_converted_pixels_outlive_the_image_that_they_came_from(mode: str) -> None:
    image = Image.new(mode, (8, 8))

    converted = convert_to_srgb(image, None)
    image.paste(255, (0, 0, 8, 8)) if mode != "RGB" else image.paste("white", (0, 0, 8, 8))

    assert converted is not image
    assert converted.mode == "RGB"
    assert converted.getpixel((0, 0)) == ((255, 255, 255) if mode == "RGBA" else (0, 0, 0))
    assert convert_to_srgb(Image.new("RGBA", (3, 2_000_000), "red"), None).getpixel((2, 1_999_999)) == (255, 0, 0)
