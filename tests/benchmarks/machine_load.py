"""How busy other programs keep the cores while a topic is measured: they spoil a result without being measured."""

import os
import time
from dataclasses import dataclass
from typing import Final, Self

from tests.benchmarks.measurements import read_idle_seconds

BUSY_SHARE: Final = 0.1
"""The share of the cores above which a missed goal says nothing."""


@dataclass(frozen=True)
class MachineLoad:
    """The cores' work since a moment, apart from that of this process and of the children that it has waited for."""

    since: float
    idle_seconds: float
    own_seconds: float
    cores: int

    @classmethod
    def begin(cls) -> Self:
        return cls(time.monotonic(), read_idle_seconds(), _read_own_seconds(), len(os.sched_getaffinity(0)))

    def measure_other_share(self) -> float:
        """Return the share of the cores, from 0 to 1, that others have taken; a hypervisor's steal is part of it."""
        available = (time.monotonic() - self.since) * self.cores
        taken = available - (read_idle_seconds() - self.idle_seconds) - (_read_own_seconds() - self.own_seconds)
        return min(1.0, max(0.0, taken / available))


def _read_own_seconds() -> float:
    """Read the CPU seconds of this process and of all children that have ended."""
    return sum(os.times()[:4])
