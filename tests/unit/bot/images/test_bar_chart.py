"""Bar charts."""

import io
from typing import Any

import pytest
from PIL import Image

from bot.images.bar_chart import BAR_COLOUR, Bar, draw_bar_chart


def measure_bars(jpeg: bytes) -> list[int]:
    """Return the length of the bar of each row in pixels."""
    image = Image.open(io.BytesIO(jpeg)).convert("RGB")
    rows = range(24 + 12, image.height - 24, 44)
    return [sum(is_bar_colour(image.getpixel((x, y))) for x in range(image.width)) for y in rows]


def is_bar_colour(colour: Any) -> bool:
    return bool(sum(abs(a - b) for a, b in zip(colour, BAR_COLOUR, strict=True)) < 60)


def test_a_bar_is_as_long_as_its_part_of_the_largest_value() -> None:
    chart = draw_bar_chart([Bar("Ada", 400, "$4.00"), Bar("Бен 🐱", 100, "$1.00"), Bar("x" * 500, 0, "$0.00")])

    longest, shorter, none = measure_bars(chart.jpeg)
    assert shorter / longest == pytest.approx(0.25, abs=0.02)
    assert none == 0
    assert (chart.width, chart.height) == (800, 48 + 3 * 44)


def test_a_chart_needs_a_bar() -> None:
    with pytest.raises(ValueError, match="at least one bar"):
        draw_bar_chart([])
