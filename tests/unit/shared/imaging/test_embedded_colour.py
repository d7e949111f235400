"""Colours that a file describes are shown as Chromium shows them: profiles, code points, gamma and primaries, HDR."""

import io
import struct
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageCms

from shared.imaging.colour_conversion import convert_to_srgb, make_resizable
from shared.imaging.colour_spaces import BT709, Curve, MatrixColour, resolve_nclx_code_points
from shared.imaging.decoding import decode_pixels, open_image
from shared.imaging.icc_profiles import build_matrix_profile
from shared.imaging.isobmff import ItemColour, read_item_colour
from shared.imaging.limits import DEFAULT_LIMITS
from tests.support import colour_files as files
from tests.support.colour_files import (
    P3_CHROMATICITIES,
    PATCHES,
    SRGB_CHUNK,
    make_cicp,
    make_described_avif,
    make_described_png,
    make_gamma,
    make_iccp,
    make_light_level,
    make_mastering_display,
    make_profile_with_code_points,
    read_patches,
)
from tests.support.images import Colour, encode_image, is_near, make_png_chunk

TOLERANCE: Final = 4
SRGB_PROFILE: Final = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
LINEAR_PROFILE: Final = build_matrix_profile(MatrixColour(BT709, Curve(1.0)))


def show(data: bytes) -> list[Colour]:
    opened = open_image(data, DEFAULT_LIMITS)
    with decode_pixels(opened) as pixels:
        return read_patches(convert_to_srgb(make_resizable(pixels.image), opened.colour))


def assert_shown(data: bytes, expected: tuple[Colour, ...], tolerance: int = TOLERANCE) -> None:
    shown = show(data)
    wrong = [pair for pair in zip(shown, expected, strict=True) if not is_near(*pair, tolerance)]
    assert not wrong, f"(shown, expected): {wrong}"


PNGS: Final[dict[str, tuple[tuple[bytes, ...], tuple[Colour, ...]]]] = {
    "nothing": ((), PATCHES),
    "gAMA of linear light": ((make_gamma(1),), files.LINEAR),
    "gAMA of sRGB": ((make_gamma(0.45455),), PATCHES),
    "gAMA that sRGB overrides": ((make_gamma(1), SRGB_CHUNK), PATCHES),
    "gAMA that is absurd": ((make_png_chunk(b"gAMA", struct.pack(">I", 1)),), PATCHES),
    "cHRM alone": ((P3_CHROMATICITIES,), PATCHES),
    "cHRM and gAMA": ((P3_CHROMATICITIES, make_gamma(0.45455)), files.P3_AT_GAMMA_2_2),
    "cHRM and gAMA of linear light": ((P3_CHROMATICITIES, make_gamma(1)), files.P3_LINEAR),
    "cICP of sRGB": ((make_cicp(1, 13),), PATCHES),
    "cICP of Display P3": ((make_cicp(12, 13),), files.P3),
    "cICP of BT.2020 with the curve of sRGB": ((make_cicp(9, 13),), files.BT2020_SRGB_CURVE),
    "cICP of BT.2020": ((make_cicp(9, 14),), files.BT2020),
    "cICP of linear light": ((make_cicp(1, 8),), files.LINEAR),
    "cICP of gamma 2.2": ((make_cicp(1, 4),), files.GAMMA_2_2),
    "cICP of gamma 2.8": ((make_cicp(1, 5),), files.GAMMA_2_8),
    "cICP of PQ": ((make_cicp(9, 16),), files.PQ),
    "cICP of PQ in BT.709": ((make_cicp(1, 16),), files.PQ_IN_BT709),
    "cICP of PQ in P3": ((make_cicp(12, 16),), files.PQ_IN_P3),
    "cICP of PQ and cLLI": ((make_cicp(9, 16), make_light_level(400)), files.PQ_OF_400_NITS),
    "cICP of PQ and a cLLI of zero": ((make_cicp(9, 16), make_light_level(0)), files.PQ),
    "cICP of PQ and mDCV": ((make_cicp(9, 16), make_mastering_display(4000)), files.PQ_OF_4000_NITS),
    "cICP of HLG": ((make_cicp(9, 18),), files.HLG),
    "cICP of HLG in P3": ((make_cicp(12, 18),), files.HLG_IN_P3),
    "cICP in a limited range": ((make_cicp(12, 13, full_range=0),), PATCHES),
    "cICP of YCbCr": ((make_cicp(12, 13, matrix=6),), PATCHES),
    "cICP of unspecified primaries": ((make_cicp(2, 13),), PATCHES),
    "cICP that overrides iCCP and sRGB": ((make_cicp(12, 13), make_iccp(LINEAR_PROFILE), SRGB_CHUNK), files.P3),
    "cICP that is unknown, and gAMA": ((make_cicp(99, 13), make_gamma(1)), files.LINEAR),
    "iCCP that overrides sRGB and gAMA": ((make_iccp(LINEAR_PROFILE), SRGB_CHUNK, make_gamma(1)), files.LINEAR),
    "iCCP of PQ": ((make_iccp(make_profile_with_code_points(9, 16)),), files.PQ),
    "iCCP of HLG": ((make_iccp(make_profile_with_code_points(9, 18)),), files.HLG),
    "iCCP with code points of SDR": ((make_iccp(make_profile_with_code_points(9, 13)),), PATCHES),
    "iCCP with code points in a limited range": ((make_iccp(make_profile_with_code_points(9, 16, 0)),), PATCHES),
}


@pytest.mark.parametrize("name", PNGS)
def test_a_png_has_the_colours_that_its_chunks_describe(name: str) -> None:
    chunks, expected = PNGS[name]
    assert_shown(make_described_png(*chunks), expected)


AVIFS: Final[dict[str, tuple[int, int, tuple[Colour, ...]]]] = {
    "sRGB": (1, 13, PATCHES),
    "BT.709, which is shown by sRGB's curve": (1, 1, PATCHES),
    "nothing": (2, 2, PATCHES),
    "P3": (12, 13, files.P3),
    "P3 of unspecified transfer": (12, 2, files.P3),
    "BT.2020": (9, 14, files.BT2020_SRGB_CURVE),
    "linear light": (1, 8, files.LINEAR),
    "SMPTE 240M": (1, 7, files.SMPTE_240M),
    "SMPTE C": (6, 6, files.SMPTE_C),
    "NTSC of 1953": (4, 4, files.NTSC_1953),
    "DCI": (11, 17, files.DCI),
    "EBU 3213": (22, 13, files.EBU_3213),
    "PQ": (9, 16, files.PQ),
    "PQ in BT.709": (1, 16, files.PQ_IN_BT709),
    "HLG": (9, 18, files.HLG),
    "a logarithm, which no browser shows": (1, 9, PATCHES),
}


@pytest.mark.parametrize("name", AVIFS)
def test_an_avif_has_the_colours_of_its_code_points(name: str) -> None:
    primaries, transfer, expected = AVIFS[name]
    assert_shown(make_described_avif(primaries, transfer), expected, tolerance=TOLERANCE + 2)  # of its encoder


def test_a_profile_counts_before_code_points() -> None:
    avif = encode_image(files.make_patches(32), "AVIF", quality=100, subsampling="4:4:4", icc_profile=LINEAR_PROFILE)
    assert_shown(avif, files.LINEAR, tolerance=6)


def test_a_jpeg_of_pq_is_known_by_its_profiles_code_points() -> None:
    profile = make_profile_with_code_points(9, 16)
    jpeg = encode_image(files.make_patches(32), "JPEG", quality=100, subsampling=0, icc_profile=profile)
    assert_shown(jpeg, files.PQ, tolerance=8)


def test_a_profile_is_srgb_by_its_curves_and_not_by_its_name() -> None:
    renamed = files.rename_profile(SRGB_PROFILE, "BGR!")
    linear_named_srgb = files.make_linear(SRGB_PROFILE)
    assert ImageCms.getProfileDescription(ImageCms.ImageCmsProfile(io.BytesIO(linear_named_srgb))).startswith("sRGB")

    assert show(make_described_png(make_iccp(SRGB_PROFILE))) == list(PATCHES)
    assert show(make_described_png(make_iccp(renamed))) == list(PATCHES)
    assert_shown(make_described_png(make_iccp(linear_named_srgb)), files.LINEAR)


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_a_grey_image_is_converted_by_an_rgb_profile(kind: str) -> None:
    grey = files.make_patches(32).convert("L")
    shown = show(encode_image(grey, kind, icc_profile=LINEAR_PROFILE, **({"quality": 100} if kind == "JPEG" else {})))
    assert all(is_near(*pair, 4) for pair in zip(shown[:3], files.LINEAR_GREYS, strict=True))


def test_sixteen_bit_grey_and_transparency_are_converted_too() -> None:
    deep = files.make_patches().convert("L").convert("I").point(lambda value: value * 257).convert("I;16")
    png = encode_image(deep, "PNG")
    assert is_near(show(png[:33] + make_gamma(1) + png[33:])[0], (137, 137, 137), 4)

    clear = files.make_patches().convert("RGBA")
    clear.putpixel((0, 0), (0, 0, 0, 0))
    png = encode_image(clear, "PNG")
    assert_shown(png[:33] + make_cicp(9, 16) + png[33:], files.PQ)


def test_a_heic_is_described_like_an_avif() -> None:
    avif = make_described_avif(12, 16)
    assert read_item_colour(avif) == ItemColour(12, 16)
    assert read_item_colour(avif.replace(b"ftypavif", b"ftypheic")) == ItemColour(12, 16)


def make_box(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", 8 + len(data)) + kind + data


@pytest.mark.parametrize("is_wide", [False, True])
@pytest.mark.parametrize("version", [0, 1])
def test_the_properties_of_the_primary_image_count_and_not_those_of_others(version: int, is_wide: bool) -> None:
    colours = [make_box(b"colr", b"nclx" + struct.pack(">HHHB", *points, 0, 128)) for points in ((1, 13), (9, 16))]
    light = make_box(b"clli", struct.pack(">HH", 470, 263))
    item_id, index = ">I" if version else ">H", ">H" if is_wide else ">B"
    entries = b"".join(
        struct.pack(item_id, owner) + bytes([len(owned)]) + b"".join(struct.pack(index, one) for one in owned)
        for owner, owned in ((3, (1,)), (7, (2, 3)))
    )
    ipma = make_box(b"ipma", bytes([version, 0, 0, int(is_wide)]) + struct.pack(">I", 2) + entries)
    primary = make_box(b"pitm", bytes([version, 0, 0, 0]) + struct.pack(item_id, 7))
    meta = primary + make_box(b"iprp", make_box(b"ipco", b"".join(colours) + light) + ipma)
    file = make_box(b"ftyp", b"avif" + bytes(4)) + make_box(b"meta", bytes(4) + meta)

    assert read_item_colour(file) == ItemColour(9, 16, 470.0)
    for end in range(len(file)):
        read_item_colour(file[:end])


def test_the_peak_of_the_mastering_display_counts_where_the_content_gives_none() -> None:
    light = make_box(b"clli", bytes(4)) + make_box(b"mdcv", bytes(16) + struct.pack(">II", 40_000_000, 50))
    colour = make_box(b"colr", b"nclx" + struct.pack(">HHHB", 9, 16, 9, 128))
    ipma = make_box(b"ipma", bytes(4) + struct.pack(">IHB3B", 1, 1, 3, 0x81, 2, 3))
    meta = make_box(b"pitm", bytes(4) + b"\0\1") + make_box(b"iprp", make_box(b"ipco", colour + light) + ipma)

    assert read_item_colour(make_box(b"meta", bytes(4) + meta)) == ItemColour(9, 16, 4000.0)


@given(st.binary(max_size=300), st.sampled_from([b"", b"\0\0\0\0meta\0\0\0\0", make_described_avif(9, 16)[:600]]))
def test_broken_boxes_describe_nothing_and_raise_nothing(data: bytes, start: bytes) -> None:
    read_item_colour(start + data)
    read_item_colour(data + start)


@given(st.integers(0, 255), st.integers(0, 255))
def test_any_code_points_give_a_colour_space_that_converts(primaries: int, transfer: int) -> None:
    colour = resolve_nclx_code_points(primaries, transfer)
    if transfer not in (16, 18):  # their tables take a while
        assert convert_to_srgb(Image.new("RGB", (4, 4), "teal"), colour).mode == "RGB"
