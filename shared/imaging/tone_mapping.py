"""HDR to SDR: the values of PQ and HLG become sRGB as Chromium shows them on a display without HDR.

It maps by the reference white operator of SMPTE ST 2094-50, annex C: https://github.com/SMPTE/st2094-50
"""

import itertools
from array import array
from functools import lru_cache
from math import exp, log2, sqrt
from typing import Final

from shared.imaging.colour_spaces import BT2020, HdrColour, invert, multiply, multiply_vector
from shared.imaging.icc_profiles import XYZ_UNIT, build_d50_matrix, build_table_profile

_TABLE_SIDE: Final = 33
_REFERENCE_WHITE_NITS: Final = 203.0  # ITU-R BT.2408
_NOMINAL_PEAK_NITS: Final = 1000.0  # of HLG's display, and of content that does not say
_KNEE_SHARE: Final = 0.65


@lru_cache(maxsize=8)
def build_sdr_profile(colour: HdrColour) -> bytes:
    """Build the ICC profile that shows HDR values as SDR. It takes some 100 ms of CPU, and 200 KiB while cached.

    Raises `ZeroDivisionError` if the primaries span no colours.
    """
    to_2020 = multiply(invert(BT2020.build_xyz_matrix()), colour.chromaticities.build_xyz_matrix())
    to_xyz = build_d50_matrix(BT2020)
    is_hlg = colour.transfer == "HLG"
    decode = _decode_hlg if is_hlg else _decode_pq
    levels = [decode(step / (_TABLE_SIDE - 1)) for step in range(_TABLE_SIDE)]
    tone_curve = _ToneCurve(colour.max_nits)
    table = array("H")
    for rgb in itertools.product(levels, levels, levels):
        light = multiply_vector(to_2020, rgb)
        gain = _compute_hlg_gain(*light) if is_hlg else 1.0
        gain *= XYZ_UNIT * tone_curve.compute_gain(gain * max(light))
        table.extend([min(0xFFFF, max(0, round(gain * value))) for value in multiply_vector(to_xyz, light)])
    return build_table_profile(_TABLE_SIDE, table)


class _ToneCurve:
    """A gain by the brightest component: reference white is dimmed to make room, highlights roll off to 1.

    Light is relative to reference white. Below it the curve is a line, above it a quadratic Bézier curve.
    """

    def __init__(self, max_nits: float) -> None:
        self._peak = max_nits / _REFERENCE_WHITE_NITS
        headroom = log2(max(1.0, self._peak)) / log2(_NOMINAL_PEAK_NITS / _REFERENCE_WHITE_NITS)
        self._white = 1 - 0.5 * min(1.0, headroom)
        self._middle = (
            (1 - _KNEE_SHARE) + _KNEE_SHARE / self._white,
            (1 - _KNEE_SHARE) * self._white + _KNEE_SHARE,
        )

    def compute_gain(self, brightest: float) -> float:
        if brightest <= 1:
            return self._white
        if brightest >= self._peak:
            return 1 / brightest
        middle_x, middle_y = self._middle
        square, linear = 1 - 2 * middle_x + self._peak, 2 * (middle_x - 1)
        rest = 1 - brightest
        at = (-linear + sqrt(linear * linear - 4 * square * rest)) / (2 * square) if square else -rest / linear
        mapped = (1 - at) ** 2 * self._white + 2 * at * (1 - at) * middle_y + at * at
        return mapped / brightest


def _decode_pq(value: float) -> float:
    """Decode SMPTE ST 2084 to light relative to reference white."""
    root = value ** (1 / 78.84375)
    nits = 10_000 * (max(0.0, root - 0.8359375) / (18.8515625 - 18.6875 * root)) ** (1 / 0.1593017578125)
    return float(nits / _REFERENCE_WHITE_NITS)


def _decode_hlg(value: float) -> float:
    """Decode ARIB STD-B67 to the light of the scene, 0 to 1."""
    return value * value / 3 if value <= 0.5 else (exp((value - 0.55991073) / 0.17883277) + 0.28466892) / 12  # noqa: PLR2004 - BT.2100, table 5


def _compute_hlg_gain(red: float, green: float, blue: float) -> float:
    """Compute the gain from the scene to the nominal display, by BT.2100's system gamma of 1.2."""
    luminance = max(0.0, 0.2627 * red + 0.6780 * green + 0.0593 * blue)
    return float(luminance**0.2 * _NOMINAL_PEAK_NITS / _REFERENCE_WHITE_NITS)
