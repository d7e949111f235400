"""Draws the plots of docs/operate/capacity.md from reports.

python -m tests.simulation.plots year.json docs/images
"""

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from PIL import Image, ImageDraw, ImageFont

from tests.simulation.measurements import CLASSES

WIDTH, HEIGHT = 1200, 420
LEFT, RIGHT, TOP, BOTTOM = 90, 1160, 70, 360
INK, PALE, GROUND, LINE, MARK = "#1c2430", "#8a93a0", "#ffffff", "#3a6f8f", "#c8553d"
BARS: Final = ("#9cc3d5", "#3a6f8f", "#1c2430")
PERCENTILES: Final = ("p50", "p95", "p99")
MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


class Plot:
    """A white picture with a title, axes and a scale from 0 to `highest`."""

    def __init__(self, title: str, highest: float) -> None:
        self.image = Image.new("RGB", (WIDTH, HEIGHT), GROUND)
        self.draw = ImageDraw.Draw(self.image)
        self._font = ImageFont.load_default(16)
        self._highest = _round_up(highest)
        self.draw.text((20, 16), title, INK, ImageFont.load_default(20))
        for part in range(5):
            value = self._highest * part / 4
            self.draw.line((LEFT, self.get_y(value), RIGHT, self.get_y(value)), "#e4e7eb", 1)
            self.write(LEFT - 10, self.get_y(value), f"{value:,.0f}" if self._highest >= 8 else f"{value:.1f}", "rm")

    def get_y(self, value: float) -> float:
        """Return the height at which a value is drawn."""
        return BOTTOM - (BOTTOM - TOP) * value / self._highest

    def write(self, x: float, y: float, text: str, anchor: str, colour: str = INK) -> None:
        """Write a text."""
        self.draw.text((x, y), text, colour, self._font, anchor=anchor)

    def draw_line(self, values: Sequence[float], colour: str) -> None:
        """Draw values from the left to the right."""
        step = (RIGHT - LEFT) / max(1, len(values) - 1)
        self.draw.line(
            [(LEFT + step * i, self.get_y(value)) for i, value in enumerate(values)], colour, 2, joint="curve"
        )


def draw_year(report: Mapping[str, Any]) -> Image.Image:
    """Draw the requests of each day, with the weeks of which hours were simulated."""
    days = report["requests_by_day"]
    plot = Plot(f"Requests a day in a year of {report['people']:,} people", max(days))
    width = (RIGHT - LEFT) / (len(days) - 1)
    for name, week in report["weeks"].items():
        if name == "outage":
            continue
        day = week["first_hour"] // 24
        x = LEFT + width * day
        plot.draw.line((x, TOP, x, BOTTOM), MARK, 2)
        plot.write(min(max(x, LEFT + 24), RIGHT - 24), TOP - 4, name, "ms", MARK)
    plot.draw_line(days, LINE)
    for month, name in enumerate(MONTHS):
        plot.write(LEFT + (RIGHT - LEFT) * (month + 0.5) / 12, BOTTOM + 12, name, "mt", PALE)
    return plot.image


def draw_waits(report: Mapping[str, Any]) -> Image.Image:
    """Draw the percentiles of the waits of each class in each simulated week, except for that with an outage."""
    weeks = {name: week for name, week in report["weeks"].items() if name != "outage"}
    highest = max(week["waits"][name]["p99"] for week in weeks.values() for name in CLASSES)
    plot = Plot(f"Seconds from accepted to called, {report['people']:,} people: p50, p95, p99", highest)
    group = (RIGHT - LEFT) / len(weeks)
    bar = group / (len(CLASSES) * 3 + len(CLASSES) + 1)
    for number, (week_name, week) in enumerate(weeks.items()):
        left = LEFT + group * number
        for place, name in enumerate(CLASSES):
            x = left + bar * (1 + place * 4)
            for index, percentile in enumerate(PERCENTILES):
                value = week["waits"][name][percentile]
                top = min(plot.get_y(value), BOTTOM - 1)
                plot.draw.rectangle((x + bar * index, top, x + bar * (index + 1) - 2, BOTTOM), BARS[index])
            plot.write(x + bar * 1.5, BOTTOM + 8, ("1", "E", "B", "L")[place], "mt", PALE)
        plot.write(left + group / 2, BOTTOM + 30, week_name, "mt")
    plot.write(RIGHT, TOP - 24, "1 single, E exploration, B batch, L batch of low priority", "rm", PALE)
    return plot.image


def draw_outage(report: Mapping[str, Any]) -> Image.Image:
    """Draw how many jobs wait in each minute before, in and after the outage."""
    week = report["weeks"]["outage"]
    first = week["first_hour"] * 60
    last = first + week["hours"] * 60
    waiting, values, value = week["waiting_by_minute"], list[float](), 0
    for minute in range(first, last):
        value = waiting.get(str(minute), value)
        values.append(value)
    title = f"Waiting jobs by minute; the default model is down for an hour; {report['people']:,} people"
    plot = Plot(title, max(values))
    start = week["outage_start"] / 60 - first
    for at, name in ((start, "down"), (start + 60, "up again")):
        x = LEFT + (RIGHT - LEFT) * at / (last - first)
        plot.draw.line((x, TOP, x, BOTTOM), MARK, 2)
        plot.write(x, TOP - 4, name, "ms", MARK)
    plot.draw_line(values, LINE)
    step = 10 if last - first <= 180 else 60
    for minute in range(0, last - first + 1, step):
        plot.write(LEFT + (RIGHT - LEFT) * minute / (last - first), BOTTOM + 12, f"{minute}", "mt", PALE)
    return plot.image


def _round_up(value: float) -> float:
    """Round up to 1, 2, 4 or 8 times a power of ten."""
    scale = 1.0
    while scale * 10 < value:
        scale *= 10
    while scale >= value and scale > 1:
        scale /= 10
    return next((scale * step for step in (1, 2, 4, 8, 10) if scale * step >= value), scale * 20)


def main(report_path: str, folder: str) -> None:
    """Draw all plots for which the report has weeks."""
    report = json.loads(Path(report_path).read_text())
    pictures = {"capacity-year": draw_year(report)}
    if report["weeks"].keys() - {"outage"}:
        pictures["capacity-waits"] = draw_waits(report)
    if "outage" in report["weeks"]:
        pictures["capacity-outage"] = draw_outage(report)
    for name, image in pictures.items():
        image.quantize(64).save(Path(folder) / f"{name}.png", optimize=True)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
