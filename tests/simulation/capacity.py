"""How much to rent for so many people: calls at once and a minute for each model, and workers."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from shared.catalogue import Catalogue
from tests.simulation.arrivals import Year
from worker.settings import Settings as WorkerSettings

ROOM: Final = 0.7
"""How much of its calls at once a model uses in the busiest hour of the year: the rest is for minutes with more."""
QUOTA_ROOM: Final = 1.5
"""Calls a minute to ask for, in multiples of those in the busiest hour."""
MIN_QUOTA: Final = 30
"""Fewer calls a minute would make an exploration wait even when nobody else asks."""


@dataclass(frozen=True)
class Capacity:
    """What is rented: calls at once and a minute for each model, and calls at once of all workers together.

    `is_paced`: `per_minute` of the catalogue spreads the calls evenly over a minute. Otherwise Bedrock refuses those
    beyond the quota.
    """

    concurrencies: Mapping[str, int]
    quotas: Mapping[str, int]
    workers: int
    worker_concurrency: int
    busiest_calls_a_minute: float
    is_paced: bool = False

    @property
    def slots(self) -> int:
        """How many calls the workers can make at once."""
        return self.workers * self.worker_concurrency

    def build_catalogue(self, catalogue: Catalogue) -> Catalogue:
        """Copy the catalogue with these limits."""
        models = dict(catalogue.models)
        for key, concurrency in self.concurrencies.items():
            per_minute = self.quotas[key] if self.is_paced else 0
            models[key] = models[key].model_copy(update={"concurrency": concurrency, "per_minute": per_minute})
        return catalogue.model_copy(update={"models": models})

    def build_report(self) -> dict[str, Any]:
        """Build its part of the report."""
        return {
            "busiest_calls_a_minute": round(self.busiest_calls_a_minute, 1),
            "calls_a_minute": dict(self.quotas),
            "calls_at_once": dict(self.concurrencies),
            "workers": self.workers,
            "worker_concurrency": self.worker_concurrency,
        }


def plan_capacity(year: Year, catalogue: Catalogue, factor: float = 1.0, *, is_paced: bool = False) -> Capacity:
    """Plan for the busiest hour of the year, or a part of that (`factor`); models keep the catalogue's concurrency."""
    assumptions = year.assumptions
    batch_items = assumptions.servers * assumptions.batches_per_server_week * assumptions.batch_items
    busiest = max(year.hourly_requests) * assumptions.pictures_per_request + batch_items / (5 * 9)
    concurrencies, quotas = {}, {}
    for key, share in assumptions.compute_model_mix().items():
        model, calls = catalogue.models[key], busiest * share / 60 * factor
        least = model.concurrency if factor >= 1 else 1
        concurrencies[key] = max(least, math.ceil(calls / 60 * model.typical_seconds / ROOM))
        quotas[key] = max(MIN_QUOTA, 10 * math.ceil(calls * QUOTA_ROOM / 10))
    worker_concurrency = int(WorkerSettings.model_fields["worker_concurrency"].default)
    needed = sum(
        busiest * share / 3600 * catalogue.models[key].typical_seconds * factor
        for key, share in assumptions.compute_model_mix().items()
    )
    workers = max(1, math.ceil(needed / ROOM / worker_concurrency))
    return Capacity(concurrencies, quotas, workers, worker_concurrency, busiest / 60, is_paced)
