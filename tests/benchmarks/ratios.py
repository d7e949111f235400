"""A figure of the benchmarks: ours against a floor that the same run measured, with the goal it is held to."""

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal


@dataclass(frozen=True)
class Ratio:
    """One row of the table: `value` is the median of the rounds' ratios, `spread` their least and largest."""

    name: str
    value: float
    spread: tuple[float, float]
    goal: float
    better: Literal["lower", "higher"] = "lower"
    note: str = ""

    @property
    def is_goal_met(self) -> bool:
        return self.value <= self.goal if self.better == "lower" else self.value >= self.goal

    def to_json(self) -> Mapping[str, Any]:
        """Give the row as `make bench` writes it."""
        spread = [round(end, 4) for end in self.spread]
        return {"value": round(self.value, 4), "goal": self.goal, "met": self.is_goal_met, "spread": spread}


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
