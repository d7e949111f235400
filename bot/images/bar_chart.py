"""Bar charts: a name, a bar and an amount in each row."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from bot.images.canvas import BACKGROUND, MUTED_TEXT_COLOUR, PLACEHOLDER_BACKGROUND, Canvas, Colour, RenderedImage
from bot.images.text import measure_width, strip_unsupported, wrap_text

BAR_COLOUR: Final[Colour] = (88, 101, 242)
_WIDTH: Final = 800
_NAME_WIDTH: Final = 240
_ROW_HEIGHT: Final = 44
_BAR_HEIGHT: Final = 24
_MARGIN: Final = 24
_RADIUS: Final = 6
_FONT_SIZE: Final = 20


@dataclass(frozen=True)
class Bar:
    """A row of a chart. `label` is the text of `value`, which is 0 or more."""

    name: str
    value: int
    label: str


def draw_bar_chart(bars: Sequence[Bar]) -> RenderedImage:
    """Draw one row for each bar, 800 pixels wide. It draws and encodes, so it belongs in a thread.

    Raises `ValueError` if there is no bar.
    """
    if not bars:
        raise ValueError("a chart needs at least one bar")
    canvas = Canvas(_WIDTH, 2 * _MARGIN + len(bars) * _ROW_HEIGHT)
    label_width = max(measure_width(bar.label, _FONT_SIZE) for bar in bars)
    left = _MARGIN + _NAME_WIDTH + _MARGIN // 2
    track = _WIDTH - _MARGIN - label_width - _MARGIN // 2 - left
    largest = max(bar.value for bar in bars) or 1
    for number, bar in enumerate(bars):
        top = _MARGIN + number * _ROW_HEIGHT
        baseline = top + _BAR_HEIGHT - _RADIUS
        names = wrap_text(strip_unsupported(bar.name, "…"), _FONT_SIZE, _NAME_WIDTH, 1)
        canvas.draw_text((_MARGIN, baseline), names[0] if names else "…", _FONT_SIZE, centred=False)
        canvas.fill_rounded_rectangle((left, top), (track, _BAR_HEIGHT), _RADIUS, PLACEHOLDER_BACKGROUND)
        length = max(2 * _RADIUS, round(track * bar.value / largest)) if bar.value else 0
        if length:
            canvas.fill_rounded_rectangle((left, top), (length, _BAR_HEIGHT), _RADIUS, BAR_COLOUR)
        pen = (left + track + _MARGIN // 2, baseline)
        canvas.draw_text(pen, bar.label, _FONT_SIZE, centred=False, colour=MUTED_TEXT_COLOUR, background=BACKGROUND)
    return canvas.encode()
