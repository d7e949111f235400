"""The definition of a metric: all that is said about it once, for the code, the documentation and its tests."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

PREFIX: Final = "pentimento_"


@dataclass(frozen=True)
class MetricDefinition:
    """A metric by the name under which it is scraped, with the prefix of all of them.

    https://prometheus.io/docs/practices/naming/. `labels` have few values each: never the id of a user or a server.
    `buckets` are the upper bounds of a histogram, in the unit of its name.
    """

    name: str
    kind: Literal["counter", "gauge", "histogram"]
    documentation: str
    labels: tuple[str, ...] = ()
    buckets: tuple[float, ...] = ()

    @property
    def full_name(self) -> str:
        """The name with the prefix."""
        return PREFIX + self.name


def list_definitions(names: Mapping[str, object]) -> list[MetricDefinition]:
    """List the metrics among the names of a module, in the order of their definitions."""
    return [value for value in names.values() if isinstance(value, MetricDefinition)]


CALL_BUCKETS: Final = (0.5, 1, 2, 4, 6, 8, 10, 15, 20, 30, 45, 60, 90, 120)
"""Seconds of a call of a model."""

WAIT_BUCKETS: Final = (0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1800, 3600, 14400)
"""Seconds that people wait."""

WORK_BUCKETS: Final = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
"""Seconds of work of our own, or of a request to another service."""

LAG_BUCKETS: Final = (0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 3)
"""Seconds by which something is late that should come at once."""

BUILD_INFO: Final = MetricDefinition(
    "build_info", "gauge", "Always 1: the release, and the Python that runs it.", ("component", "version", "python")
)
READY: Final = MetricDefinition(
    "ready", "gauge", "1 while the check of /readyz of this name passes, otherwise 0.", ("component", "check")
)
REDIS_ERRORS: Final = MetricDefinition(
    "redis_errors_total",
    "counter",
    "Errors of Redis, by kind: connection, timeout, the code of a refusal such as OOM, or other.",
    ("component", "kind"),
)
COMMON_METRICS: Final = (BUILD_INFO, READY, REDIS_ERRORS)
"""Those of the bot and of the worker alike."""
