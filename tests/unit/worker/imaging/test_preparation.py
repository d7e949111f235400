"""worker.imaging.prepare: every kind of picture, in the right colours, the right way up, at the right size."""

import base64
import io
import struct
import zlib
from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageCms, ImageDraw

from shared.catalogue import Bounds
from shared.imaging.limits import ImageRejectedError
from shared.imaging.sniffing import ImageType
from worker.imaging.fitting import choose_nearest_size, compute_placement, fit_to_bounds
from worker.imaging.preparation import PreparedImage, prepare_image

RED, BLUE, GREEN, WHITE = (200, 40, 30), (20, 60, 200), (30, 160, 60), (255, 255, 255)
SQUARE: Final = [(128, 128)]
SDXL: Final = [(1024, 1024), (1152, 896), (1216, 832), (1344, 768), (1536, 640)]
FAST: Final = Bounds(min_side=32, max_side=1536, max_pixels=1_048_576, max_aspect=48)
CONSERVATIVE: Final = Bounds(min_side=64, max_pixels=9_437_184, max_aspect=2.5)
SDXL_ALL: Final = SDXL + [(height, width) for width, height in SDXL[1:]]
# 64x48, red on the left, blue on the right, cropped from a 64x64 HEVC picture by a `clap` box, as phones do
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


def make_two_halves(size: tuple[int, int] = (96, 96), left: Colour = RED, right: Colour = BLUE) -> Image.Image:
    picture = Image.new("RGB", size, left)
    picture.paste(right, (size[0] // 2, 0, *size))
    return picture


def encode_image(picture: Image.Image, kind: str, **options: object) -> bytes:
    out = io.BytesIO()
    picture.save(out, kind, **options)
    return out.getvalue()


def open_prepared(prepared: PreparedImage) -> Image.Image:
    picture = Image.open(io.BytesIO(prepared.data), formats=["JPEG"])
    assert picture.size == (prepared.width, prepared.height)
    assert picture.mode == "RGB"
    return picture.convert("RGB")


def read_pixel(picture: Image.Image, across: float, down: float) -> Colour:
    pixel = picture.getpixel((int(across * picture.width), int(down * picture.height)))
    assert isinstance(pixel, tuple)
    return pixel[0], pixel[1], pixel[2]


def is_near(seen: Colour, expected: Colour, tolerance: int = 6) -> bool:
    return all(abs(one - other) <= tolerance for one, other in zip(seen, expected, strict=True))


def assert_halves(prepared: PreparedImage, left: Colour = RED, right: Colour = BLUE, tolerance: int = 6) -> None:
    picture = open_prepared(prepared)
    for across, expected in ((0.2, left), (0.8, right)):
        for down in (0.05, 0.5, 0.95):
            seen = read_pixel(picture, across, down)
            assert is_near(seen, expected, tolerance), f"{seen} at {across}, {down}, expected {expected}"


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


def make_png(depth: int, colour_type: int, rows: list[bytes], width: int, *chunks: tuple[bytes, bytes]) -> bytes:
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
    "16-bit grey": (make_png(16, 0, [pack_sixteen_bits(*[70] * 24, *[180] * 24)] * 48, 48), (70,) * 3, (180,) * 3),
    "16-bit grey, large": (
        make_png(16, 0, [pack_sixteen_bits(*[70] * 400, *[180] * 400)] * 800, 800),
        (70,) * 3,
        (180,) * 3,
    ),
    "16-bit grey with a colour key": (
        make_png(16, 0, [pack_sixteen_bits(*[70] * 24, *[180] * 24)] * 48, 48, (b"tRNS", pack_sixteen_bits(70))),
        (70,) * 3,
        (180,) * 3,
    ),
    "16-bit RGB": (make_png(16, 2, [pack_sixteen_bits(*RED * 24, *BLUE * 24)] * 48, 48), RED, BLUE),
    "16-bit RGBA": (make_png(16, 6, [pack_sixteen_bits(*(*RED, 255) * 24, *(*BLUE, 0) * 24)] * 48, 48), RED, WHITE),
    "16-bit grey and alpha": (
        make_png(16, 4, [pack_sixteen_bits(*(70, 255) * 24, *(9, 0) * 24)] * 48, 48),
        (70,) * 3,
        WHITE,
    ),
    "grey and alpha": (make_png(8, 4, [bytes((70, 255) * 24 + (9, 0) * 24)] * 48, 48), (70,) * 3, WHITE),
    "colour key": (encode_image(make_two_halves(), "PNG", transparency=BLUE), RED, WHITE),
    "grey colour key": (
        make_png(8, 0, [bytes([70] * 24 + [180] * 24)] * 48, 48, (b"tRNS", b"\0\xb4")),
        (70,) * 3,
        WHITE,
    ),
    "palette with alpha": (
        make_png(8, 3, [bytes([0] * 24 + [1] * 24)] * 48, 48, (b"PLTE", bytes(RED + BLUE)), (b"tRNS", b"\xff\x00")),
        RED,
        WHITE,
    ),
    "palette with half alpha": (
        make_png(8, 3, [bytes([0] * 24 + [1] * 24)] * 48, 48, (b"PLTE", bytes(RED + BLUE)), (b"tRNS", b"\xff\x80")),
        RED,
        (137, 157, 227),
    ),
}


@pytest.mark.parametrize("mode", MODES)
def test_every_mode_becomes_the_rgb_that_a_person_sees(mode: str) -> None:
    data, left, right = MODES[mode]
    assert_halves(prepare_image(data, SQUARE, "crop"), left, right)


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "AVIF"])
def test_transparency_is_laid_on_white_and_hidden_colours_do_not_bleed_in(kind: str) -> None:
    picture = make_two_halves((256, 256)).convert("RGBA")
    picture.paste((0, 0, 0, 0), (128, 0, 256, 256))
    seen = open_prepared(prepare_image(encode_image(picture, kind, quality=95), [(64, 64)], "crop"))
    assert is_near(read_pixel(seen, 0.2, 0.5), RED, 8)
    assert is_near(read_pixel(seen, 0.8, 0.5), WHITE)
    darkest = min(read_pixel(seen, across / 64, 0.5)[0] for across in range(64))
    assert darkest > 180


def test_a_transparent_gif_shows_white_where_it_is_transparent() -> None:
    picture = make_two_halves().quantize(2)
    index = picture.getpixel((90, 5))
    assert_halves(prepare_image(encode_image(picture, "GIF", transparency=index), SQUARE, "crop"), RED, WHITE)


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
    picture = make_two_halves((120, 80))
    picture.paste(GREEN, (0, 40, 60, 80))
    return picture


@pytest.mark.parametrize("orientation", ROTATIONS)
@pytest.mark.parametrize(("kind", "fit"), [("JPEG", "crop"), ("PNG", "crop"), ("WEBP", "pad"), ("AVIF", "stretch")])
def test_a_picture_that_a_camera_turned_is_shown_upright(orientation: int, kind: str, fit: str) -> None:
    turn = ROTATIONS[orientation]
    stored = make_corners() if turn is None else make_corners().transpose(turn)
    exif = Image.Exif()
    exif[0x0112] = orientation
    prepared = prepare_image(encode_image(stored, kind, exif=exif, quality=95), [(96, 64), (64, 96)], fit)
    assert (prepared.width, prepared.height) == (96, 64)
    assert (prepared.source_width, prepared.source_height) == (120, 80)
    seen = open_prepared(prepared)
    assert is_near(read_pixel(seen, 0.2, 0.2), RED, 12)
    assert is_near(read_pixel(seen, 0.8, 0.5), BLUE, 12)
    assert is_near(read_pixel(seen, 0.2, 0.8), GREEN, 12)


@pytest.mark.parametrize(
    "exif", [b"", b"Exif\0\0", b"Exif\0\0MM\0*\0\0\0\x08\xff\xff", b"Exif\0\0nonsense" + bytes(40)]
)
def test_broken_exif_is_no_reason_to_refuse_a_picture(exif: bytes) -> None:
    assert_halves(prepare_image(encode_image(make_two_halves(), "JPEG", exif=exif), SQUARE, "crop"))
    assert_halves(prepare_image(encode_image(make_two_halves(), "PNG", exif=exif), SQUARE, "crop"))


@pytest.mark.parametrize("orientation", [0, 9, 65535])
def test_an_orientation_that_means_nothing_is_upright(orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    assert_halves(prepare_image(encode_image(make_two_halves(), "JPEG", exif=exif), SQUARE, "crop"))


def make_swapped_profile() -> bytes:
    """sRGB's profile with red's and blue's primaries exchanged, so that using it is plain to see."""
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


def test_an_icc_profile_applies_to_the_colours_under_transparency_too() -> None:
    picture = make_two_halves(left=(250, 0, 0)).convert("RGBA")
    picture.paste((0, 0, 0, 0), (48, 0, 96, 96))
    assert_halves(
        prepare_image(encode_image(picture, "PNG", icc_profile=make_swapped_profile()), SQUARE, "crop"),
        (0, 0, 250),
        WHITE,
    )


GREY_PROFILE_OF_RGB: Final = encode_image(
    make_two_halves(left=(64,) * 3, right=(192,) * 3).convert("L"), "PNG", icc_profile=make_swapped_profile()
)


@pytest.mark.parametrize("profile", [b"no profile at all", make_swapped_profile()[:200], bytes(5 << 20), b""])
def test_a_broken_icc_profile_is_ignored(profile: bytes) -> None:
    assert_halves(prepare_image(encode_image(make_two_halves(), "JPEG", icc_profile=profile), SQUARE, "crop"))


def test_a_profile_made_for_another_mode_is_ignored() -> None:
    assert_halves(prepare_image(GREY_PROFILE_OF_RGB, SQUARE, "crop"), (64,) * 3, (192,) * 3)


def test_an_srgb_profile_changes_nothing() -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    plain, tagged = (
        prepare_image(encode_image(make_two_halves(), "PNG", **extra), SQUARE, "crop")
        for extra in ({}, {"icc_profile": profile})
    )
    assert plain.data == tagged.data


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_nothing_that_was_written_beside_the_pixels_is_sent_on(kind: str) -> None:
    exif = Image.Exif()
    exif[0x010F] = "SECRET camera"
    exif[0x8825] = {2: (47.0, 22.0, 0.0)}
    picture = make_two_halves()
    picture.info["comment"] = b"SECRET comment"
    xmp = b"<x:xmpmeta>SECRET</x:xmpmeta>"
    profile = make_swapped_profile()
    data = encode_image(
        picture, kind, exif=exif, xmp=xmp, icc_profile=profile, comment=b"SECRET comment", dpi=(300, 300)
    )
    assert b"SECRET" in data

    sent = prepare_image(data, SQUARE, "crop").data

    assert b"SECRET" not in sent
    with Image.open(io.BytesIO(sent)) as picture:
        assert set(picture.info) == {"jfif", "jfif_version", "jfif_unit", "jfif_density"}
        assert [name for name, _ in picture.applist] == ["APP0"]  # type: ignore[attr-defined]
        assert {layer[1:3] for layer in picture.layer} == {(1, 1)}, "4:4:4"  # type: ignore[attr-defined]


def test_crop_shows_the_centre_without_distortion() -> None:
    picture = Image.new("RGB", (400, 200), RED)
    ImageDraw.Draw(picture).ellipse((150, 50, 250, 150), fill=BLUE)
    seen = open_prepared(prepare_image(encode_image(picture, "PNG"), SQUARE, "crop"))
    assert [is_near(read_pixel(seen, across, 0.5), BLUE, 20) for across in (0.2, 0.3, 0.5, 0.7, 0.8)] == [
        False,
        True,
        True,
        True,
        False,
    ]
    assert [is_near(read_pixel(seen, 0.5, down), BLUE, 20) for down in (0.2, 0.3, 0.5, 0.7, 0.8)] == [
        False,
        True,
        True,
        True,
        False,
    ]


def test_pad_shows_everything_between_bars_of_the_edges_mean_colour() -> None:
    picture = make_two_halves((200, 100), left=(100, 40, 30), right=(200, 40, 130))
    seen = open_prepared(prepare_image(encode_image(picture, "PNG"), SQUARE, "pad"))
    assert is_near(read_pixel(seen, 0.1, 0.5), (100, 40, 30))
    assert is_near(read_pixel(seen, 0.9, 0.5), (200, 40, 130))
    assert is_near(read_pixel(seen, 0.1, 0.1), (150, 40, 80))
    assert is_near(read_pixel(seen, 0.9, 0.9), (150, 40, 80))
    tall = open_prepared(
        prepare_image(encode_image(picture.transpose(Image.Transpose.ROTATE_90), "PNG"), SQUARE, "pad")
    )
    assert is_near(read_pixel(tall, 0.1, 0.5), (150, 40, 80))


def test_stretch_shows_everything_and_fills_the_size() -> None:
    seen = open_prepared(prepare_image(encode_image(make_two_halves((400, 100)), "PNG"), SQUARE, "stretch"))
    assert is_near(read_pixel(seen, 0.05, 0.05), RED)
    assert is_near(read_pixel(seen, 0.95, 0.95), BLUE)


def test_a_large_jpeg_is_cropped_at_the_same_place_as_the_same_png() -> None:
    picture = Image.linear_gradient("L").resize((2001, 1003)).convert("RGB")
    picture.paste(RED, (900, 400, 1100, 600))
    jpeg, png = (
        open_prepared(prepare_image(encode_image(picture, kind, quality=98), SQUARE, "crop"))
        for kind in ("JPEG", "PNG")
    )
    worst = max(abs(one - other) for one, other in zip(jpeg.tobytes(), png.tobytes(), strict=True))
    mean = sum(abs(one - other) for one, other in zip(jpeg.tobytes(), png.tobytes(), strict=True)) / len(png.tobytes())
    assert mean < 1.5
    assert worst < 90


def test_an_unknown_fit_is_a_fault_of_the_caller() -> None:
    with pytest.raises(ValueError, match="crop, pad and stretch"):
        prepare_image(encode_image(make_two_halves(), "PNG"), SQUARE, "squeeze")


@pytest.mark.parametrize(
    ("width", "height", "expected"),
    [
        (3000, 3000, (1024, 1024)),
        (4000, 3000, (1152, 896)),
        (3000, 4000, (896, 1152)),
        (3840, 2160, (1344, 768)),
        (9000, 1000, (1536, 640)),
        (16, 4000, (640, 1536)),
    ],
)
def test_the_size_of_the_nearest_shape_is_chosen(width: int, height: int, expected: tuple[int, int]) -> None:
    assert choose_nearest_size(SDXL_ALL, width, height) == expected


def test_twice_as_wide_is_as_far_as_half_as_wide_and_of_equals_the_larger_is_chosen() -> None:
    assert choose_nearest_size([(100, 200), (400, 200)], 300, 300) == (400, 200)
    assert choose_nearest_size([(64, 64), (512, 512), (256, 256)], 300, 300) == (512, 512)


sides = st.integers(16, 3000)
targets = st.tuples(st.integers(64, 1600), st.integers(64, 1600))


@given(sides, sides, targets, st.sampled_from(["crop", "pad", "stretch"]))
def test_what_is_shown_lies_within_the_picture_and_keeps_its_shape(
    width: int, height: int, target: tuple[int, int], fit: str
) -> None:
    (left, top, right, bottom), (drawn_width, drawn_height) = compute_placement((width, height), target, fit)
    assert 0 <= left < right <= width
    assert 0 <= top < bottom <= height
    assert 1 <= drawn_width <= target[0]
    assert 1 <= drawn_height <= target[1]
    if fit == "crop":
        assert (right - left) / (bottom - top) == pytest.approx(target[0] / target[1])
        assert width == pytest.approx(right - left) or height == pytest.approx(bottom - top)
    if fit == "pad":
        assert target[0] == drawn_width or target[1] == drawn_height
        assert drawn_width == pytest.approx(width * drawn_height / height, abs=1 + width / height)


@settings(max_examples=60)
@given(
    st.tuples(st.integers(16, 300), st.integers(16, 300)),
    st.lists(st.tuples(st.integers(16, 200), st.integers(16, 200)), min_size=1, max_size=4),
    st.sampled_from(["crop", "pad", "stretch"]),
    st.tuples(st.sampled_from(["PNG", "JPEG", "WEBP", "GIF"]), st.sampled_from(["RGB", "RGBA", "L", "P"])),
    st.integers(1, 8),
)
def test_the_result_is_always_a_bare_rgb_jpeg_of_one_of_the_sizes(
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
def test_a_picture_within_bounds_keeps_its_size_whatever_the_fit(size: tuple[int, int]) -> None:
    for fit in ("crop", "pad", "stretch"):
        prepared = prepare_image(encode_image(make_two_halves(size), "PNG"), FAST, fit)
        assert (prepared.width, prepared.height) == size
        assert_halves(prepared)


@pytest.mark.parametrize("orientation", [1, 6])
def test_a_picture_beyond_bounds_is_scaled_down_whole_and_upright(orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    picture = Image.new("RGB", (3000, 1000), BLUE)
    picture.paste(RED, (0, 0, 60, 1000))

    prepared = prepare_image(encode_image(picture, "PNG", exif=exif), FAST, "crop")

    assert (prepared.width, prepared.height) == ((1536, 512) if orientation == 1 else (512, 1536))
    seen = open_prepared(prepared)
    edge = read_pixel(seen, 0.005, 0.5) if orientation == 1 else read_pixel(seen, 0.5, 0.005)
    assert is_near(edge, RED, 20), "nothing was cut off"


@given(st.sampled_from([FAST, CONSERVATIVE]), st.integers(16, 7000), st.integers(16, 7000))
def test_a_bounded_size_keeps_the_shape_within_a_pixel_or_says_why_it_cannot(
    bounds: Bounds, width: int, height: int
) -> None:
    try:
        size = fit_to_bounds(bounds, width, height)
    except ImageRejectedError as refused:
        narrow = max(width, height) > bounds.max_aspect * min(width, height)
        assert refused.code == ("too_small" if min(width, height) < bounds.min_side else "too_narrow")
        assert narrow or refused.code == "too_small"
        return
    assert bounds.min_side <= min(size)
    assert max(size) <= min(bounds.max_side or 7000, bounds.max_aspect * min(size))
    assert size[0] * size[1] <= bounds.max_pixels
    scale = max(size) / max(width, height)
    assert abs(size[0] - width * scale) < 2.5
    assert abs(size[1] - height * scale) < 2.5
    assert size == (width, height) or size[0] * size[1] > 0.9 * bounds.max_pixels or max(size) >= 1500
