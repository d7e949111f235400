"""Bedrock in simulated time: how long calls take, and which ones are throttled or fail."""

import random
from collections import defaultdict, deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from shared.catalogue import Model
from tests.simulation.assumptions import Assumptions

THROTTLED: Final = "ThrottlingException"
FAILED: Final = "InternalServerException"
_REFUSAL_SECONDS: Final = 0.1


@dataclass(frozen=True)
class Outage:
    """A time, in seconds from the start of the year, in which all calls of a model fail."""

    model: str
    start: float
    end: float


@dataclass(frozen=True)
class SimulatedCall:
    """How a call ends: after so many seconds, with a picture or with an error code of AWS."""

    seconds: float
    error: str | None = None


@dataclass
class SimulatedBedrock:
    """Refuses calls beyond a quota a minute, and a few more by chance; `quotas` has the models that have one."""

    assumptions: Assumptions
    rng: random.Random
    quotas: Mapping[str, int] = field(default_factory=dict)
    outage: Outage | None = None
    _starts: dict[str, deque[float]] = field(default_factory=lambda: defaultdict(deque))

    def start_call(self, model: Model, now: float) -> SimulatedCall:
        """Start a call, and say how it will end."""
        starts = self._starts[model.key]
        while starts and starts[0] <= now - 60:
            starts.popleft()
        quota = self.quotas.get(model.key)
        if (quota is not None and len(starts) >= quota) or self.rng.random() < self.assumptions.throttled_share:
            return SimulatedCall(_REFUSAL_SECONDS, THROTTLED)
        starts.append(now)
        if self.outage and model.key == self.outage.model and self.outage.start <= now < self.outage.end:
            return SimulatedCall(self.assumptions.failed_call_seconds, FAILED)
        spread = self.assumptions.call_time_spread
        return SimulatedCall(model.typical_seconds * self.rng.lognormvariate(-(spread**2) / 2, spread))
