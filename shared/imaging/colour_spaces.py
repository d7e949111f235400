"""Colour spaces as the formats describe them: primaries, transfer curves, and the code points of ITU-T H.273.

https://www.itu.int/rec/T-REC-H.273
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Literal, NamedTuple

Point = tuple[float, float]
"""CIE 1931 chromaticity: x and y."""
Matrix = tuple[tuple[float, float, float], tuple[float, float, float], tuple[float, float, float]]


class Chromaticities(NamedTuple):
    """The white point and the three primaries of an RGB colour space."""

    white: Point
    red: Point
    green: Point
    blue: Point

    def build_xyz_matrix(self) -> Matrix:
        """Build the matrix from linear RGB to CIE XYZ relative to the white point. Raises `ZeroDivisionError`."""
        columns = [(x / y, 1.0, (1 - x - y) / y) for x, y in (self.red, self.green, self.blue)]
        primaries: Matrix = (
            (columns[0][0], columns[1][0], columns[2][0]),
            (1.0, 1.0, 1.0),
            (columns[0][2], columns[1][2], columns[2][2]),
        )
        scales = multiply_vector(invert(primaries), self.white_xyz)
        first, second, third = ((row[0] * scales[0], row[1] * scales[1], row[2] * scales[2]) for row in primaries)
        return first, second, third

    @property
    def white_xyz(self) -> tuple[float, float, float]:
        """The white point in CIE XYZ, with Y = 1."""
        x, y = self.white
        return x / y, 1.0, (1 - x - y) / y


class Curve(NamedTuple):
    """The transfer curve from a value of 0 to 1 to light: (a v + b)^g from d on, c v below it, as in ICC profiles."""

    g: float
    a: float = 1.0
    b: float = 0.0
    c: float = 0.0
    d: float = 0.0


@dataclass(frozen=True)
class MatrixColour:
    """An RGB colour space of three primaries and one curve, no brighter than white."""

    chromaticities: Chromaticities
    curve: Curve


@dataclass(frozen=True)
class HdrColour:
    """An RGB colour space of BT.2100 that is brighter than white: PQ or HLG.

    `max_nits` is the luminance of the brightest pixel in cd/m².
    """

    chromaticities: Chromaticities
    transfer: Literal["PQ", "HLG"]
    max_nits: float


ColourSpace = MatrixColour | HdrColour | bytes
"""A colour space that is not plain sRGB; bytes are an ICC profile."""

_D65: Final[Point] = (0.3127, 0.329)
_ILLUMINANT_C: Final[Point] = (0.31, 0.316)
BT709: Final = Chromaticities(_D65, (0.64, 0.33), (0.3, 0.6), (0.15, 0.06))
BT2020: Final = Chromaticities(_D65, (0.708, 0.292), (0.17, 0.797), (0.131, 0.046))
_BT601_525: Final = Chromaticities(_D65, (0.63, 0.34), (0.31, 0.595), (0.155, 0.07))
_P3: Final[tuple[Point, Point, Point]] = (0.68, 0.32), (0.265, 0.69), (0.15, 0.06)
_PRIMARIES: Final[Mapping[int, Chromaticities]] = MappingProxyType(
    {
        1: BT709,
        4: Chromaticities(_ILLUMINANT_C, (0.67, 0.33), (0.21, 0.71), (0.14, 0.08)),
        5: Chromaticities(_D65, (0.64, 0.33), (0.29, 0.6), (0.15, 0.06)),
        6: _BT601_525,
        7: _BT601_525,
        9: BT2020,
        11: Chromaticities((0.314, 0.351), *_P3),
        12: Chromaticities(_D65, *_P3),
        22: Chromaticities(_D65, (0.63, 0.34), (0.295, 0.605), (0.155, 0.077)),
    }
)
SRGB_CURVE: Final = Curve(2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045)
_CAMERA_TRANSFERS: Final = (1, 6, 14, 15)
_CURVES: Final[Mapping[int, Curve]] = MappingProxyType(
    dict.fromkeys(_CAMERA_TRANSFERS, Curve(2.4))  # of displays for them: ITU-R BT.1886
    | {
        4: Curve(2.2),
        5: Curve(2.8),
        7: Curve(1 / 0.45, 1 / 1.1115, 0.1115 / 1.1115, 1 / 4, 0.0913),
        8: Curve(1.0),
        13: SRGB_CURVE,
        17: Curve(2.6, (52.37 / 48) ** (1 / 2.6)),
    }
)
_UNSPECIFIED: Final = 2
_HDR_TRANSFERS: Final[Mapping[int, Literal["PQ", "HLG"]]] = MappingProxyType({16: "PQ", 18: "HLG"})
_DEFAULT_MAX_NITS: Final = 1000.0
SRGB: Final = MatrixColour(BT709, SRGB_CURVE)


def resolve_png_code_points(primaries: int, transfer: int, max_nits: float | None = None) -> ColourSpace | None:
    """Return the colour space of a `cICP` chunk; None if the code points are unknown or unspecified."""
    chromaticities = _PRIMARIES.get(primaries)
    if chromaticities is None:
        return None
    hdr = _HDR_TRANSFERS.get(transfer)
    if hdr:
        return HdrColour(chromaticities, hdr, max_nits or _DEFAULT_MAX_NITS)
    curve = _CURVES.get(transfer)
    return MatrixColour(chromaticities, curve) if curve else None


def resolve_nclx_code_points(primaries: int, transfer: int, max_nits: float | None = None) -> ColourSpace | None:
    """Return the colour space of an `nclx` box, as Chromium shows it.

    The transfer of cameras (BT.709 and its siblings) and unspecified values mean those of sRGB there.
    """
    if transfer in (_UNSPECIFIED, *_CAMERA_TRANSFERS):
        transfer = 13
    return resolve_png_code_points(1 if primaries == _UNSPECIFIED else primaries, transfer, max_nits)


def invert(matrix: Matrix) -> Matrix:
    """Invert a matrix. Raises `ZeroDivisionError` if it is singular."""
    (a, b, c), (d, e, f), (g, h, i) = matrix
    minors = (e * i - f * h, f * g - d * i, d * h - e * g)
    determinant = a * minors[0] + b * minors[1] + c * minors[2]
    return (
        (minors[0] / determinant, (c * h - b * i) / determinant, (b * f - c * e) / determinant),
        (minors[1] / determinant, (a * i - c * g) / determinant, (c * d - a * f) / determinant),
        (minors[2] / determinant, (b * g - a * h) / determinant, (a * e - b * d) / determinant),
    )


def multiply_vector(matrix: Matrix, vector: tuple[float, float, float]) -> tuple[float, float, float]:
    """Multiply a matrix by a column."""
    x, y, z = vector
    (a, b, c), (d, e, f), (g, h, i) = matrix
    return a * x + b * y + c * z, d * x + e * y + f * z, g * x + h * y + i * z


def multiply(left: Matrix, right: Matrix) -> Matrix:
    """Multiply two matrices."""
    columns = [multiply_vector(left, (right[0][k], right[1][k], right[2][k])) for k in range(3)]
    return (
        (columns[0][0], columns[1][0], columns[2][0]),
        (columns[0][1], columns[1][1], columns[2][1]),
        (columns[0][2], columns[1][2], columns[2][2]),
    )
