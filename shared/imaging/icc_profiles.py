"""ICC profiles: building one for a colour space that is described otherwise, and reading a tag.

https://www.color.org/specification/ICC.1-2022-05.pdf
"""

import struct
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from shared.imaging.colour_spaces import Chromaticities, Matrix, MatrixColour, invert, multiply, multiply_vector

if TYPE_CHECKING:
    from array import array

XYZ_UNIT: Final = 0x8000
"""The number that stands for 1 in a table of XYZ."""

_HEADER_BYTES: Final = 128
_TAG: Final = struct.Struct(">4sII")
_MAX_TAGS: Final = 200
_VERSION: Final = 0x02400000  # the black of tables of version 4 is not zero
_FIVE_PARAMETERS: Final = 3  # the type of a parametric curve
_D50: Final = (0.9642, 1.0, 0.8249)
_BRADFORD: Final[Matrix] = ((0.8951, 0.2664, -0.1614), (-0.7502, 1.7135, 0.0367), (0.0389, -0.0685, 1.0296))


def build_matrix_profile(colour: MatrixColour) -> bytes:
    """Build the profile of a colour space. Raises `ZeroDivisionError` or `struct.error` if it is impossible."""
    matrix = build_d50_matrix(colour.chromaticities)
    curve = b"para" + struct.pack(">IHH5i", 0, _FIVE_PARAMETERS, 0, *(_to_fixed(value) for value in colour.curve))
    return _build_profile(
        {
            b"rXYZ": _build_xyz((matrix[0][0], matrix[1][0], matrix[2][0])),
            b"gXYZ": _build_xyz((matrix[0][1], matrix[1][1], matrix[2][1])),
            b"bXYZ": _build_xyz((matrix[0][2], matrix[1][2], matrix[2][2])),
            **dict.fromkeys((b"rTRC", b"gTRC", b"bTRC"), curve),
        }
    )


def build_table_profile(side: int, table: "array[int]") -> bytes:
    """Build the profile of a colour space given as a table of `side`³ colours, red slowest, each X, Y, Z at `XYZ_UNIT`.

    Little CMS interpolates within tetrahedrons that share the axis of greys, so greys stay grey.
    """
    if sys.byteorder == "little":
        table = table[:]
        table.byteswap()
    line = struct.pack(">2H", 0, 0xFFFF) * 3
    identity = struct.pack(">9i", *(65536 * (at % 4 == 0) for at in range(9)))
    header = struct.pack(">4sI4B", b"mft2", 0, 3, 3, side, 0) + identity + struct.pack(">2H", 2, 2)
    return _build_profile({b"A2B0": header + line + table.tobytes() + line})


def build_d50_matrix(chromaticities: Chromaticities) -> Matrix:
    """Build the matrix from linear RGB to CIE XYZ, adapted to D50. Raises `ZeroDivisionError` if it is impossible."""
    return multiply(_build_adaptation(chromaticities.white_xyz), chromaticities.build_xyz_matrix())


def _build_profile(colour_tags: Mapping[bytes, bytes]) -> bytes:
    empty_text = b"mluc" + struct.pack(">3I", 0, 0, 12)
    tags = {b"desc": empty_text, b"cprt": empty_text, b"wtpt": _build_xyz(_D50), **colour_tags}
    table, body = struct.pack(">I", len(tags)), b""
    start = _HEADER_BYTES + len(table) + len(tags) * _TAG.size
    for name, data in tags.items():
        table += _TAG.pack(name, start + len(body), len(data))
        body += data + bytes(-len(data) % 4)
    illuminant = struct.pack(">3i", *(_to_fixed(value) for value in _D50))
    header = struct.pack(
        ">I4xI4s4s4s12x4s28x12s48x", start + len(body), _VERSION, b"mntr", b"RGB ", b"XYZ ", b"acsp", illuminant
    )
    return header + table + body


def read_cicp_tag(profile: bytes) -> tuple[int, int] | None:
    """Read the primaries and the transfer of a profile's `cicp` tag, which Little CMS ignores.

    None if it has none, or one of a limited range.
    """
    try:
        (count,) = struct.unpack_from(">I", profile, _HEADER_BYTES)
        for number in range(min(count, _MAX_TAGS)):
            name, offset, _ = _TAG.unpack_from(profile, _HEADER_BYTES + 4 + number * _TAG.size)
            if name == b"cicp":
                primaries, transfer, _, is_full_range = struct.unpack_from(">4B", profile, offset + 8)
                return (primaries, transfer) if is_full_range else None
    except struct.error:
        pass
    return None


def _build_adaptation(white: tuple[float, float, float]) -> Matrix:
    """Build the Bradford matrix that adapts colours from a white point to D50."""
    source, target = multiply_vector(_BRADFORD, white), multiply_vector(_BRADFORD, _D50)
    scale: Matrix = (
        (target[0] / source[0], 0.0, 0.0),
        (0.0, target[1] / source[1], 0.0),
        (0.0, 0.0, target[2] / source[2]),
    )
    return multiply(invert(_BRADFORD), multiply(scale, _BRADFORD))


def _build_xyz(values: tuple[float, float, float]) -> bytes:
    return b"XYZ " + bytes(4) + struct.pack(">3i", *(_to_fixed(value) for value in values))


def _to_fixed(value: float) -> int:
    return round(value * 65536)
