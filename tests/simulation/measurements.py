"""What is measured in simulated time: waits by class, shares of those who wait together, calls and their cost."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from shared.catalogue import Catalogue
from shared.job import Job, Priority
from tests.support.queue_simulation import jain_index

SINGLE, EXPLORATION, BATCH, LOW_BATCH = "single", "exploration", "batch", "low_batch"
CLASSES: Final = (SINGLE, EXPLORATION, BATCH, LOW_BATCH)
WINDOW_SECONDS: Final = 600
MIN_TENANTS: Final = 3


def get_class(job: Job) -> str:
    """Return the class of a job for statistics."""
    if job.batch is not None:
        return LOW_BATCH if job.priority is Priority.LOW else BATCH
    return SINGLE if job.exploration_id is None else EXPLORATION


def get_percentile(values: Sequence[float], percent: float) -> float:
    """Return a percentile (0 to 100) of sorted values: the smallest value that is not exceeded by so many of them."""
    return values[min(len(values) - 1, max(0, -(-len(values) * percent // 100).__int__() - 1))] if values else 0.0


def summarise(values: Sequence[float]) -> dict[str, float]:
    """Summarise waits in seconds."""
    ordered = sorted(values)
    summary = {f"p{percent}": round(get_percentile(ordered, percent), 2) for percent in (50, 95, 99)}
    return {"count": len(ordered), **summary, "longest": round(ordered[-1], 2) if ordered else 0.0}


@dataclass
class Fairness:
    """Compares those who always have a job of one model waiting, in windows of 10 minutes.

    In each window with at least three of them and a call for each, their calls are divided by their weights. By the
    theory of start-time fair queueing, two of them differ by two calls at most, if nothing else limits them
    (decision 2).
    """

    model: str
    _waiting: Counter[str] = field(default_factory=Counter)
    _since: dict[str, float] = field(default_factory=dict)
    _served: Counter[str] = field(default_factory=Counter)
    _weights: dict[str, float] = field(default_factory=dict)
    _end: float = 0.0
    indices: list[float] = field(default_factory=list)
    differences: list[float] = field(default_factory=list)

    def advance(self, now: float) -> None:
        """Close the windows that have ended."""
        if not self._end:
            self._end = now + WINDOW_SECONDS
        while now >= self._end:
            start = self._end - WINDOW_SECONDS
            tenants = [tenant for tenant, count in self._waiting.items() if count and self._since[tenant] <= start]
            calls = sum(self._served[tenant] for tenant in tenants)
            if MIN_TENANTS <= len(tenants) <= calls:
                shares = [self._served[tenant] * self._weights[tenant] for tenant in tenants]
                self.indices.append(jain_index(shares))
                self.differences.append(max(shares) - min(shares))
            self._served.clear()
            self._waiting += Counter()  # without those who wait no more
            self._end += WINDOW_SECONDS

    def add(self, job: Job, now: float) -> None:
        """Note a job that waits."""
        if self._counts(job):
            if not self._waiting[job.tenant]:
                self._since[job.tenant] = now
            self._waiting[job.tenant] += 1
            self._weights[job.tenant] = job.cost

    def remove(self, job: Job, *, is_served: bool) -> None:
        """Note a job that no longer waits."""
        if self._counts(job):
            self._waiting[job.tenant] -= 1
            self._served[job.tenant] += is_served

    def _counts(self, job: Job) -> bool:
        return job.request.model == self.model and job.priority is Priority.NORMAL


@dataclass
class Measurements:
    """What is counted while a simulation runs."""

    catalogue: Catalogue
    fairness: Fairness
    waits: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    crowd_waits: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    batch_seconds: list[float] = field(default_factory=list)
    accepted: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    outcomes: Counter[str] = field(default_factory=Counter)
    calls: Counter[str] = field(default_factory=Counter)
    billed: Counter[str] = field(default_factory=Counter)
    throttled: int = 0
    busy_seconds: Counter[str] = field(default_factory=Counter)
    calls_by_minute: Counter[int] = field(default_factory=Counter)
    waiting_by_minute: dict[int, int] = field(default_factory=dict)
    most_running: int = 0
    most_waiting: int = 0

    def build_report(self, seconds: float, concurrencies: dict[str, int]) -> dict[str, Any]:
        """Build the part of the report that is the same at each run with the same seed."""
        dollars = {model: round(count * self._get_price(model), 2) for model, count in sorted(self.billed.items())}
        minutes = sorted(self.calls_by_minute)
        hourly = Counter[int]()
        for minute in minutes:
            hourly[minute // 60] += self.calls_by_minute[minute]
        fairness = self.fairness
        return {
            "accepted": dict(sorted(self.accepted.items())),
            "refused": dict(sorted(self.refused.items())),
            "outcomes": dict(sorted(self.outcomes.items())),
            "waits": {name: summarise(self.waits[name]) for name in CLASSES},
            "waits_of_light_and_heavy": {name: summarise(self.crowd_waits[name]) for name in ("light", "heavy")},
            "batch_seconds": summarise(self.batch_seconds),
            "jain": round(sum(fairness.indices) / len(fairness.indices), 4) if fairness.indices else None,
            "jain_windows": len(fairness.indices),
            "largest_difference": round(max(fairness.differences, default=0), 2),
            "calls": sum(self.calls.values()),
            "throttled": self.throttled,
            "calls_a_minute_in_the_busiest_hour": round(max(hourly.values(), default=0) / 60, 1),
            "most_calls_at_once": self.most_running,
            "most_waiting": self.most_waiting,
            "utilisation": {
                model: round(busy / seconds / concurrencies[model], 4)
                for model, busy in sorted(self.busy_seconds.items())
            },
            "dollars": dollars,
            "dollars_total": round(sum(dollars.values()), 2),
            "waiting_by_minute": {str(minute): count for minute, count in sorted(self.waiting_by_minute.items())},
        }

    def _get_price(self, model: str) -> float:
        return self.catalogue.models[model].price_usd
