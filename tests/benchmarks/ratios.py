"""A figure of the benchmarks: ours against a floor that the same run measured, with the goal it is held to."""

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from tests.benchmarks.machine_load import BUSY_SHARE


@dataclass(frozen=True)
class Ratio:
    """One row of the table: `value` is the median of the rounds' ratios, `spread` their least and largest.

    `other_share` is the share of the cores, from 0 to 1, that other programs took meanwhile.
    """

    name: str
    value: float
    spread: tuple[float, float]
    goal: float
    better: Literal["lower", "higher"] = "lower"
    note: str = ""
    other_share: float = 0.0

    @property
    def is_goal_met(self) -> bool:
        return self.value <= self.goal if self.better == "lower" else self.value >= self.goal

    @property
    def state(self) -> Literal["met", "busy", "missed"]:
        """Whether the goal is met; "busy" if it is not, and other programs took so much that this says nothing."""
        if self.is_goal_met:
            return "met"
        return "busy" if self.other_share > BUSY_SHARE else "missed"

    def to_json(self) -> Mapping[str, Any]:
        """Give the row as `make bench` writes it."""
        spread = [round(end, 4) for end in self.spread]
        figures = {"value": round(self.value, 4), "goal": self.goal, "better": self.better, "spread": spread}
        states = {"met": self.is_goal_met, "state": self.state, "other_share": round(self.other_share, 3)}
        return figures | states | {"note": self.note}


def compute_ratio(
    name: str,
    ours: Sequence[float],
    floor: Sequence[float],
    goal: float,
    better: Literal["lower", "higher"] = "lower",
    note: str = "",
) -> Ratio:
    """Hold rounds of ours against the floor's rounds, pair by pair: both sides of a pair ran one after the other."""
    ratios = [mine / theirs for mine, theirs in zip(ours, floor, strict=True)]
    return Ratio(name, statistics.median(ratios), (min(ratios), max(ratios)), goal, better, note)
