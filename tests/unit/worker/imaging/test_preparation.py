"""Preparing images: every type, upright, at the right size, without metadata."""

import base64
import io
from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from shared.catalogue import Bounds
from shared.imaging.sniffing import ImageType
from tests.support.images import encode_image
from tests.support.prepared_images import (
    BLUE,
    GREEN,
    RED,
    SQUARE,
    assert_halves,
    is_similar,
    make_two_halves,
    open_prepared,
    read_pixel,
)
from tests.unit.worker.imaging.test_colour import make_swapped_profile
from worker.imaging.preparation import prepare_image

FAST: Final = Bounds(min_side=32, max_side=1536, max_pixels=1_048_576, max_aspect=48)
# 64x48, red on the left, blue on the right, cropped from a 64x64 HEVC image by a `clap` box, as phones do
HEIC: Final = base64.b64decode(
    "AAAAHGZ0eXBoZWljAAAAAG1pZjFoZWljbWlhZgAAAX1tZXRhAAAAAAAAACFoZGxyAAAAAAAAAABwaWN0AAAAAAAAAAAAAAAAAAAAACJpbG9jAAAA"
    "AERAAAEAAQAAAAABoQABAAAAAAAAAF4AAAAjaWluZgAAAAAAAQAAABVpbmZlAgAAAAABAABodmMxAAAAAA5waXRtAAAAAAABAAAA/WlwcnAAAADd"
    "aXBjbwAAAHZodmNDAQNwAAAAkAAAAAAAHvAA/P34+AAADwNgAAEAGEABDAH//wNwAAADAJAAAAMAAAMAHroCQGEAAQAqQgEBA3AAAAMAkAAAAwAA"
    "AwAeoCCBBZbq5Ka5uAhoMCAAAAMDIAAAAwAhYgABAAZEAcFzwIkAAAATY29scm5jbHgAAQANAAaAAAAAFGlzcGUAAAAAAAAAQAAAAEAAAAAoY2xh"
    "cAAAAEAAAAABAAAAMAAAAAEAAAAAAAAAAv////AAAAACAAAAEHBpeGkAAAAAAwgICAAAABhpcG1hAAAAAAAAAAEAAQWBAgMFhAAAAGZtZGF0AAAA"
    "WigBrxOA9SeBP//aBR//AJnh96AcxP/6wG6P51bX/5Sm3bgMNhVoHqEJX8PDug5GoTtslVAHI1uCEmE2vSEv2zQFj9X5iH5e1cOMHWRJJ/EuO6s5"
    "iXV745FQoA=="
)

Colour = tuple[int, int, int]


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF", "AVIF"])
def test_every_type_is_read_and_keeps_its_colours(kind: str) -> None:
    prepared = prepare_image(encode_image(make_two_halves(), kind), SQUARE, "crop")
    assert prepared.source_type is ImageType[kind]
    assert (prepared.source_width, prepared.source_height) == (96, 96)
    assert_halves(prepared, tolerance=8)


def test_heic_is_read_where_its_library_is_installed() -> None:
    pytest.importorskip("pi_heif")
    prepared = prepare_image(HEIC, [(128, 96)], "crop")
    assert (prepared.source_type, prepared.source_width, prepared.source_height) == (ImageType.HEIC, 64, 48)
    assert_halves(prepared, tolerance=8)


@pytest.mark.parametrize("kind", ["GIF", "PNG", "WEBP", "AVIF"])
def test_only_the_first_frame_of_an_animation_is_read(kind: str) -> None:
    others = [Image.new("RGB", (96, 96), (shade, 255, shade)) for shade in (0, 60, 120)]
    data = encode_image(make_two_halves(), kind, save_all=True, append_images=others, duration=100)
    assert_halves(prepare_image(data, SQUARE, "crop"), tolerance=10)


ROTATIONS: Final = {
    1: None,
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}


def make_corners() -> Image.Image:
    image = make_two_halves((120, 80))
    image.paste(GREEN, (0, 40, 60, 80))
    return image


@pytest.mark.parametrize("orientation", ROTATIONS)
@pytest.mark.parametrize(("kind", "fit"), [("JPEG", "crop"), ("PNG", "crop"), ("WEBP", "pad"), ("AVIF", "stretch")])
def test_an_image_with_an_orientation_is_rotated_upright(orientation: int, kind: str, fit: str) -> None:
    rotation = ROTATIONS[orientation]
    stored = make_corners() if rotation is None else make_corners().transpose(rotation)
    exif = Image.Exif()
    exif[0x0112] = orientation
    prepared = prepare_image(encode_image(stored, kind, exif=exif, quality=95), [(96, 64), (64, 96)], fit)
    assert (prepared.width, prepared.height) == (96, 64)
    assert (prepared.source_width, prepared.source_height) == (120, 80)
    result = open_prepared(prepared)
    assert is_similar(read_pixel(result, 0.2, 0.2), RED, 12)
    assert is_similar(read_pixel(result, 0.8, 0.5), BLUE, 12)
    assert is_similar(read_pixel(result, 0.2, 0.8), GREEN, 12)


@pytest.mark.parametrize(
    "exif", [b"", b"Exif\0\0", b"Exif\0\0MM\0*\0\0\0\x08\xff\xff", b"Exif\0\0nonsense" + bytes(40)]
)
def test_broken_exif_is_no_reason_to_reject_an_image(exif: bytes) -> None:
    assert_halves(prepare_image(encode_image(make_two_halves(), "JPEG", exif=exif), SQUARE, "crop"))
    assert_halves(prepare_image(encode_image(make_two_halves(), "PNG", exif=exif), SQUARE, "crop"))


@pytest.mark.parametrize("orientation", [0, 9, 65535])
def test_an_invalid_orientation_counts_as_upright(orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    assert_halves(prepare_image(encode_image(make_two_halves(), "JPEG", exif=exif), SQUARE, "crop"))


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_no_metadata_is_sent_to_the_model(kind: str) -> None:
    exif = Image.Exif()
    exif[0x010F] = "SECRET camera"
    exif[0x8825] = {2: (47.0, 22.0, 0.0)}
    image = make_two_halves()
    image.info["comment"] = b"SECRET comment"
    xmp = b"<x:xmpmeta>SECRET</x:xmpmeta>"
    profile = make_swapped_profile()
    data = encode_image(image, kind, exif=exif, xmp=xmp, icc_profile=profile, comment=b"SECRET comment", dpi=(300, 300))
    assert b"SECRET" in data

    jpeg = prepare_image(data, SQUARE, "crop").data

    assert b"SECRET" not in jpeg
    with Image.open(io.BytesIO(jpeg)) as image:
        assert set(image.info) == {"jfif", "jfif_version", "jfif_unit", "jfif_density"}
        assert [name for name, _ in image.applist] == ["APP0"]  # type: ignore[attr-defined]
        assert {layer[1:3] for layer in image.layer} == {(1, 1)}, "4:4:4"  # type: ignore[attr-defined]


def test_crop_shows_the_centre_without_distortion() -> None:
    image = Image.new("RGB", (400, 200), RED)
    ImageDraw.Draw(image).ellipse((150, 50, 250, 150), fill=BLUE)
    result = open_prepared(prepare_image(encode_image(image, "PNG"), SQUARE, "crop"))
    assert [is_similar(read_pixel(result, across, 0.5), BLUE, 20) for across in (0.2, 0.3, 0.5, 0.7, 0.8)] == [
        False,
        True,
        True,
        True,
        False,
    ]
    assert [is_similar(read_pixel(result, 0.5, down), BLUE, 20) for down in (0.2, 0.3, 0.5, 0.7, 0.8)] == [
        False,
        True,
        True,
        True,
        False,
    ]


def test_pad_shows_everything_between_bars_of_the_edges_mean_colour() -> None:
    image = make_two_halves((200, 100), left=(100, 40, 30), right=(200, 40, 130))
    result = open_prepared(prepare_image(encode_image(image, "PNG"), SQUARE, "pad"))
    assert is_similar(read_pixel(result, 0.1, 0.5), (100, 40, 30))
    assert is_similar(read_pixel(result, 0.9, 0.5), (200, 40, 130))
    assert is_similar(read_pixel(result, 0.1, 0.1), (150, 40, 80))
    assert is_similar(read_pixel(result, 0.9, 0.9), (150, 40, 80))
    tall = open_prepared(prepare_image(encode_image(image.transpose(Image.Transpose.ROTATE_90), "PNG"), SQUARE, "pad"))
    assert is_similar(read_pixel(tall, 0.1, 0.5), (150, 40, 80))


def test_stretch_shows_everything_and_fills_the_size() -> None:
    result = open_prepared(prepare_image(encode_image(make_two_halves((400, 100)), "PNG"), SQUARE, "stretch"))
    assert is_similar(read_pixel(result, 0.05, 0.05), RED)
    assert is_similar(read_pixel(result, 0.95, 0.95), BLUE)


def test_a_large_jpeg_is_cropped_at_the_same_place_as_the_same_png() -> None:
    image = Image.linear_gradient("L").resize((2001, 1003)).convert("RGB")
    image.paste(RED, (900, 400, 1100, 600))
    jpeg, png = (
        open_prepared(prepare_image(encode_image(image, kind, quality=98), SQUARE, "crop")) for kind in ("JPEG", "PNG")
    )
    worst = max(abs(one - other) for one, other in zip(jpeg.tobytes(), png.tobytes(), strict=True))
    mean = sum(abs(one - other) for one, other in zip(jpeg.tobytes(), png.tobytes(), strict=True)) / len(png.tobytes())
    assert mean < 1.5
    assert worst < 90


def test_an_unknown_fit_raises() -> None:
    with pytest.raises(ValueError, match="crop, pad or stretch"):
        prepare_image(encode_image(make_two_halves(), "PNG"), SQUARE, "squeeze")


@settings(max_examples=60)
@given(
    st.tuples(st.integers(16, 300), st.integers(16, 300)),
    st.lists(st.tuples(st.integers(16, 200), st.integers(16, 200)), min_size=1, max_size=4),
    st.sampled_from(["crop", "pad", "stretch"]),
    st.tuples(st.sampled_from(["PNG", "JPEG", "WEBP", "GIF"]), st.sampled_from(["RGB", "RGBA", "L", "P"])),
    st.integers(1, 8),
)
def test_the_result_is_always_an_rgb_jpeg_without_metadata_in_one_of_the_sizes(
    source: tuple[int, int], sizes: list[tuple[int, int]], fit: str, form: tuple[str, str], orientation: int
) -> None:
    kind, mode = form
    exif = Image.Exif()
    exif[0x0112] = orientation
    usable = "RGB" if kind == "JPEG" and mode in ("RGBA", "P") else mode
    prepared = prepare_image(encode_image(make_two_halves(source).convert(usable), kind, exif=exif), sizes, fit)
    assert (prepared.width, prepared.height) in sizes
    open_prepared(prepared)
    assert b"Exif" not in prepared.data


@pytest.mark.parametrize("size", [(32, 32), (100, 37), (1024, 1024), (1536, 640), (682, 1536)])
def test_an_image_within_the_bounds_keeps_its_size_whatever_the_fit(size: tuple[int, int]) -> None:
    for fit in ("crop", "pad", "stretch"):
        prepared = prepare_image(encode_image(make_two_halves(size), "PNG"), FAST, fit)
        assert (prepared.width, prepared.height) == size
        assert_halves(prepared)


@pytest.mark.parametrize("orientation", [1, 6])
def test_an_image_beyond_the_bounds_is_scaled_down_whole_and_upright(orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    image = Image.new("RGB", (3000, 1000), BLUE)
    image.paste(RED, (0, 0, 60, 1000))

    prepared = prepare_image(encode_image(image, "PNG", exif=exif), FAST, "crop")

    assert (prepared.width, prepared.height) == ((1536, 512) if orientation == 1 else (512, 1536))
    result = open_prepared(prepared)
    edge = read_pixel(result, 0.005, 0.5) if orientation == 1 else read_pixel(result, 0.5, 0.005)
    assert is_similar(edge, RED, 20), "nothing was cut off"
