"""A measurement of the whole queue, as the operator's metrics show it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

WORKER_TIMEOUT_SECONDS: Final = 20.0
"""How long after the last sweep, which each worker does every second, workers count as gone."""


@dataclass(frozen=True)
class QueueLength:
    """The jobs of a model, or of the prepare stage ("-"): those that wait, of either priority, and those that run."""

    model: str
    normal: int
    low: int
    running: int


@dataclass(frozen=True)
class ModelState:
    """Whether calls of a model are held back. Intervals are the least seconds between the starts of two calls."""

    model: str
    is_paused: bool
    is_disabled: bool
    interval_seconds: float
    min_interval_seconds: float


@dataclass(frozen=True)
class AccountModelState:
    """Whether calls of a model are held back in one AWS account."""

    account: str
    model: str
    is_paused: bool
    is_disabled: bool


@dataclass(frozen=True)
class QueueGauges:
    """The measurement. Ages are in seconds, 0 without a job; memory is in bytes, its limit 0 if there is none.

    `sweep_age_seconds` is infinite if no worker has ever swept. `tickets` is None if their broker does not answer.
    """

    queues: Sequence[QueueLength]
    models: Sequence[ModelState]
    accounts: Sequence[AccountModelState]
    open_jobs: int
    parked_jobs: int
    undelivered_outcomes: int
    oldest_undelivered_seconds: float
    oldest_normal_seconds: float
    oldest_low_seconds: float
    tickets: int | None
    dead_letters: int
    sweep_age_seconds: float
    is_held: bool
    used_memory: int
    max_memory: int
    is_saved: bool

    @property
    def has_worker(self) -> bool:
        """Whether a worker swept lately."""
        return self.sweep_age_seconds < WORKER_TIMEOUT_SECONDS
