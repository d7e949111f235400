"""Sizes and placements."""

from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.catalogue import Bounds
from shared.imaging.fitting import choose_nearest_size, fit_to_bounds
from shared.imaging.limits import ImageRejectedError
from worker.imaging.fitting import compute_placement

SDXL: Final = [(1024, 1024), (1152, 896), (1216, 832), (1344, 768), (1536, 640)]
SDXL_ALL: Final = SDXL + [(height, width) for width, height in SDXL[1:]]
FAST: Final = Bounds(min_side=32, max_side=1536, max_pixels=1_048_576, max_aspect=48)
CONSERVATIVE: Final = Bounds(min_side=64, max_pixels=9_437_184, max_aspect=2.5)


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
def test_the_size_with_the_nearest_aspect_ratio_is_chosen(width: int, height: int, expected: tuple[int, int]) -> None:
    assert choose_nearest_size(SDXL_ALL, width, height) == expected


def test_twice_as_wide_is_as_near_as_half_as_wide_and_of_ties_the_largest_is_chosen() -> None:
    assert choose_nearest_size([(100, 200), (400, 200)], 300, 300) == (400, 200)
    assert choose_nearest_size([(64, 64), (512, 512), (256, 256)], 300, 300) == (512, 512)


sides = st.integers(16, 3000)
targets = st.tuples(st.integers(64, 1600), st.integers(64, 1600))


@given(sides, sides, targets, st.sampled_from(["crop", "pad", "stretch"]))
def test_a_placement_lies_within_the_image_and_keeps_its_aspect_ratio(
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


@given(st.sampled_from([FAST, CONSERVATIVE]), st.integers(16, 7000), st.integers(16, 7000))
def test_a_bounded_size_keeps_the_aspect_ratio_within_a_pixel_or_is_rejected_with_the_reason(
    bounds: Bounds, width: int, height: int
) -> None:
    try:
        size = fit_to_bounds(bounds, width, height)
    except ImageRejectedError as rejected:
        is_narrow = max(width, height) > bounds.max_aspect * min(width, height)
        assert rejected.code == ("too_small" if min(width, height) < bounds.min_side else "too_narrow")
        assert is_narrow or rejected.code == "too_small"
        return
    assert bounds.min_side <= min(size)
    assert max(size) <= min(bounds.max_side or 7000, bounds.max_aspect * min(size))
    assert size[0] * size[1] <= bounds.max_pixels
    scale = max(size) / max(width, height)
    assert abs(size[0] - width * scale) < 2.5
    assert abs(size[1] - height * scale) < 2.5
    assert size == (width, height) or size[0] * size[1] > 0.9 * bounds.max_pixels or max(size) >= 1500
