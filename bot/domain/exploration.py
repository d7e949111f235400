"""Explorations: one idea generated several times."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from shared.job import Origin, Requester, TeamRef, make_variant_id
from shared.problems import Problem
from shared.request.model import Request


class Variation(StrEnum):
    """The property in which the variants of an exploration differ."""

    SEEDS = "seeds"
    STYLES = "styles"
    KEEP = "keep"
    MODELS = "models"


@dataclass(frozen=True)
class ExplorationPlan:
    """The requests of an exploration, one for each variant. Variants are numbered from 1."""

    variation: Variation
    requests: tuple[Request, ...]


@dataclass(frozen=True)
class Exploration:
    """An exploration that was started; `origin` names its message.

    `created_at` is Unix seconds. `rejected` gives the problem of each variant that was not accepted, by its number.
    `source_owner_id`, `is_spoiler` and `team` are those of its jobs.
    """

    id: str
    plan: ExplorationPlan
    requester: Requester
    created_at: float
    origin: Origin
    rejected: Mapping[int, Problem] = field(default_factory=dict)
    source_owner_id: int | None = None
    is_spoiler: bool = False
    team: TeamRef | None = None

    @property
    def locale(self) -> str:
        """The language of its message."""
        return self.origin.locale or self.requester.locale

    @property
    def is_rejected(self) -> bool:
        """Whether no variant was accepted."""
        return len(self.rejected) == len(self.plan.requests)

    @property
    def variant_ids(self) -> tuple[str, ...]:
        """The ids of its jobs, in order."""
        return tuple(make_variant_id(self.id, number) for number in range(1, len(self.plan.requests) + 1))
