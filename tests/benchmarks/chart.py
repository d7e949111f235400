"""The results as a picture: a bar for each row, in parts of its goal."""

from collections.abc import Sequence

from PIL import Image, ImageDraw, ImageFont

from tests.benchmarks.ratios import Ratio

WIDTH, LEFT, GOAL_AT, RIGHT = 1200, 300, 780, 1000
LINE, TOP = 30, 70
INK, PALE, GROUND = "#1c2430", "#8a93a0", "#ffffff"
COLOURS = {"met": "#3a8f6b", "missed": "#c8553d", "busy": "#b58a2b"}


def draw_chart(rows: Sequence[Ratio], title: str) -> Image.Image:
    """Draw the rows; the line that all bars have in common is the goal, and shorter is better."""
    image = Image.new("RGB", (WIDTH, TOP + LINE * len(rows) + 20), GROUND)
    draw = ImageDraw.Draw(image)
    large, small = ImageFont.load_default(18), ImageFont.load_default(14)
    draw.text((20, 14), title, INK, large)
    draw.text((GOAL_AT, TOP - 22), "goal", PALE, small, anchor="ma")
    for number, row in enumerate(rows):
        top = TOP + LINE * number
        middle = top + LINE // 2
        colour = COLOURS[row.state]
        draw.text((LEFT - 10, middle), row.name, INK, small, anchor="rm")
        draw.rectangle((LEFT, top + 6, _x_of(row, row.value), top + LINE - 6), colour)
        ends = sorted(_x_of(row, value) for value in row.spread)
        draw.line((ends[0], middle, ends[1], middle), INK, 1)
        goal = f"{row.value:.3g}, at {'most' if row.better == 'lower' else 'least'} {row.goal:g}" + ", busy" * (
            row.state == "busy"
        )
        draw.text((RIGHT + 14, middle), goal, colour, small, anchor="lm")
    draw.line((GOAL_AT, TOP - 4, GOAL_AT, TOP + LINE * len(rows)), PALE, 2)
    return image


def _x_of(row: Ratio, value: float) -> int:
    """Where a value ends: the goal at `GOAL_AT`, what is twice as good at half of that, no further than `RIGHT`."""
    share = value / row.goal if row.better == "lower" else row.goal / max(value, 1e-9)
    return min(RIGHT, LEFT + round(share * (GOAL_AT - LEFT)))
