"""Reading an image's colour space from its file, in the order in which Chromium prefers the descriptions."""

import struct
import zlib
from collections.abc import Mapping
from typing import Final

from shared.imaging.colour_spaces import (
    BT709,
    SRGB,
    Chromaticities,
    ColourSpace,
    Curve,
    HdrColour,
    MatrixColour,
    resolve_nclx_code_points,
    resolve_png_code_points,
)
from shared.imaging.icc_profiles import read_cicp_tag
from shared.imaging.isobmff import read_item_colour

MAX_PROFILE_BYTES: Final = 4 << 20
"""Larger profiles are left out, as they may be bombs. Those of printers have one to three MiB."""
_FIXED_POINT: Final = 100_000  # of gAMA and cHRM
_SRGB_GAMMA: Final = 45_455
_GAMMAS: Final = range(_FIXED_POINT // 10, 10 * _FIXED_POINT)
_LUMINANCE_UNIT: Final = 10_000  # per cd/m², in mDCV and cLLI


def read_png_colour(chunks: Mapping[bytes, bytes]) -> ColourSpace | None:
    """Read the colour space of a PNG: cICP, else iCCP, else sRGB, else gAMA with or without cHRM. None is sRGB.

    A chunk that is broken counts as absent, and so does cHRM alone. https://www.w3.org/TR/png-3/#13Colour-handling
    """
    code_points = chunks.get(b"cICP", b"")
    if len(code_points) == 4 and code_points[2:] == b"\0\1":  # noqa: PLR2004 - RGB, full range
        colour = resolve_png_code_points(code_points[0], code_points[1], _read_max_nits(chunks))
        if colour is not None:
            return None if colour == SRGB else colour
    profile = _inflate_profile(chunks.get(b"iCCP", b""))
    if profile:
        return read_profile_colour(profile)
    if len(chunks.get(b"sRGB", b"")) == 1:
        return None
    return _read_gamma(chunks.get(b"gAMA", b""), chunks.get(b"cHRM", b""))


def read_nclx_colour(data: bytes) -> ColourSpace | None:
    """Read the colour space from the `nclx` box of an AVIF or HEIC. None is sRGB."""
    item = read_item_colour(data)
    colour = resolve_nclx_code_points(item.primaries, item.transfer, item.max_nits) if item else None
    return None if colour == SRGB else colour


def read_profile_colour(profile: bytes) -> ColourSpace | None:
    """Return the colour space of an ICC profile. One for PQ or HLG says so in a tag; its curves cannot hold them."""
    if len(profile) > MAX_PROFILE_BYTES:
        return None
    tag = read_cicp_tag(profile)
    colour = resolve_png_code_points(*tag) if tag else None
    return colour if isinstance(colour, HdrColour) else profile


def _inflate_profile(data: bytes) -> bytes | None:
    name, _, rest = data.partition(b"\0")
    if not name or not rest.startswith(b"\0"):
        return None
    try:
        decompressor = zlib.decompressobj()
        profile = decompressor.decompress(rest[1:], MAX_PROFILE_BYTES)
    except zlib.error:
        return None
    return profile if decompressor.eof else None


def _read_gamma(gamma_chunk: bytes, chromaticity_chunk: bytes) -> ColourSpace | None:
    if len(gamma_chunk) != 4:  # noqa: PLR2004 - one number of 32 bits
        return None
    gamma, points = int.from_bytes(gamma_chunk), _read_chromaticities(chromaticity_chunk)
    if gamma not in _GAMMAS:
        return None
    if points is None:
        # the gamma of sRGB without primaries means sRGB's own curve, of which it is the nearest power
        return None if gamma == _SRGB_GAMMA else MatrixColour(BT709, Curve(_FIXED_POINT / gamma))
    return MatrixColour(points, Curve(_FIXED_POINT / gamma))


def _read_chromaticities(data: bytes) -> Chromaticities | None:
    """Read cHRM; None if it is absent, or its primaries span no colours."""
    try:
        numbers = [number / _FIXED_POINT for number in struct.unpack(">8I", data)]
        white, red, green, blue = ((numbers[at], numbers[at + 1]) for at in range(0, 8, 2))
        points = Chromaticities(white, red, green, blue)
        points.build_xyz_matrix()
    except (struct.error, ZeroDivisionError):
        return None
    return points


def _read_max_nits(chunks: Mapping[bytes, bytes]) -> float | None:
    """Read the light level of the content or, where that is not given, of the display on which it was graded."""
    for kind, offset, length in ((b"cLLI", 0, 8), (b"mDCV", 16, 24)):
        data = chunks.get(kind, b"")
        if len(data) == length and (level := int.from_bytes(data[offset : offset + 4])):
            return level / _LUMINANCE_UNIT
    return None
