"""The assumptions of the simulated year: who asks for how much, and when. Each can be changed on the command line."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

DAY_PROFILE: Final = (
    0.55, 0.35, 0.22, 0.15, 0.12, 0.15, 0.25, 0.45, 0.70, 0.85, 0.95, 1.05,
    1.15, 1.10, 1.10, 1.15, 1.25, 1.40, 1.60, 1.85, 2.05, 2.10, 1.75, 1.10,
)  # fmt: skip
"""Requests in each hour of a person's own day, in multiples of the mean."""

WEEK_PROFILE: Final = (0.90, 0.90, 0.92, 0.95, 1.00, 1.20, 1.13)
"""Requests on each day from Monday on, in multiples of the mean."""


@dataclass(frozen=True)
class Zone:
    """A time zone: how many hours it is ahead of UTC, and which share (0 to 1) of all people lives there."""

    hours_ahead: int
    share: float


ZONES: Final = (Zone(-8, 0.15), Zone(-5, 0.27), Zone(1, 0.33), Zone(5, 0.07), Zone(8, 0.10), Zone(9, 0.08))


@dataclass(frozen=True, kw_only=True)
class Assumptions:
    """Everything that is assumed, not measured.

    `people` are those who use the bot in a month. `requests_per_person_day` is their mean; the thousandth part of them
    that asks most has a tenth of all requests, the hundredth part a third (`busy_rank_share` is where that flattens).
    A visit has `requests_per_visit` requests on average, with `pause_seconds` between them. Shares are from 0 to 1, and
    those of the models are relative to each other. A batch has `batch_items` items, a quarter as many to four times.
    """

    people: int = 100_000
    servers: int = 1_000
    requests_per_person_day: float = 0.5
    requests_per_visit: float = 3.0
    pause_seconds: float = 45.0
    busy_rank_share: float = 0.001
    explorations: Mapping[int, float] = field(default_factory=lambda: MappingProxyType({4: 0.12, 9: 0.06}))
    picture_share: float = 0.6
    single_models: Mapping[str, float] = field(
        default_factory=lambda: MappingProxyType(
            {
                "sd3.5-large": 0.46,
                "stable-image-core": 0.18,
                "stable-image-ultra": 0.08,
                "fast-upscale": 0.07,
                "conservative-upscale": 0.02,
                "creative-upscale": 0.01,
                "inpaint": 0.05,
                "search-replace": 0.04,
                "erase-object": 0.03,
                "remove-background": 0.03,
                "outpaint": 0.02,
                "style-guide": 0.01,
            }
        )
    )
    series_models: Mapping[str, float] = field(
        default_factory=lambda: MappingProxyType({"sd3.5-large": 0.7, "stable-image-core": 0.3})
    )
    batches_per_server_week: float = 0.5
    batch_items: int = 60
    low_priority_share: float = 0.4
    team_weights: tuple[float, ...] = (1, 1, 2, 4)
    season: float = 0.15
    day_noise: float = 0.12
    surges_per_year: int = 12
    surge_factor: float = 1.8
    surge_hours: int = 3
    throttled_share: float = 0.005
    call_time_spread: float = 0.25
    outage_hours: float = 1.0
    failed_call_seconds: float = 20.0
    waiting_picture_bytes: int = 509_000
    """A prepared picture that waits in Redis (benchmark `redis_bytes_waiting`)."""

    @property
    def pictures_per_request(self) -> float:
        """The mean number of pictures that a request of a person makes."""
        return 1 + sum((count - 1) * share for count, share in self.explorations.items())

    def compute_model_mix(self) -> dict[str, float]:
        """Compute the share of each model in all pictures, batches included."""
        single = 1 - sum(self.explorations.values())
        series = self.pictures_per_request - single
        day_requests = self.people * self.requests_per_person_day
        series += self.servers * self.batches_per_server_week * self.batch_items / 7 / day_requests
        mix: dict[str, float] = {}
        for models, weight in ((self.single_models, single), (self.series_models, series)):
            for model, share in models.items():
                mix[model] = mix.get(model, 0) + weight * share / sum(models.values())
        return {model: amount / sum(mix.values()) for model, amount in mix.items()}
