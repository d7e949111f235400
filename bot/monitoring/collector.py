"""Collects the metrics of one scrape: readings are made before, in the event loop, and never fail a scrape."""

import logging
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final, TypeVar

from prometheus_client import CollectorRegistry
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from bot.cached_reading import CachedReading
from bot.health import HealthMonitor
from bot.metrics import definitions as d
from bot.metrics.queue_families import build_queue_families
from bot.services import Services
from shared.metrics.instruments import build_gauge, build_info, build_readiness, render_metrics
from shared.outage_log import OutageLog

if TYPE_CHECKING:
    from bot.discord_client.client import Bot
    from bot.domain.queue_gauges import QueueGauges

log = logging.getLogger(__name__)

COMPONENT: Final = "bot"

T = TypeVar("T")


class BotCollector(Collector):
    """The gauges of the bot, as they are when `render` is called. `client` is there once the bot has started."""

    def __init__(self, services: Services, monitor: HealthMonitor, registry: CollectorRegistry) -> None:
        self.client: Bot | None = None
        self._services = services
        self._monitor = monitor
        self._registry = registry
        self._checks: dict[str, bool] = {}
        self._queue_gauges: QueueGauges | None = None
        self._outage = OutageLog(log, "all metrics can be read")
        registry.register(self)

    async def render(self) -> bytes:
        """Read what is to be told, and render all metrics."""
        self._checks = {probe.key: is_passed for probe, is_passed in (await self._monitor.run_probes()).items()}
        self._queue_gauges = await self._load(self._services.queue_readings)
        return render_metrics(self._registry)

    async def _load(self, reading: CachedReading[T]) -> T | None:
        """Load a reading; None if that fails: a scrape tells what it can."""
        try:
            value = await reading.load()
        except Exception as error:  # noqa: BLE001 - whatever is wrong, the other metrics are told
            self._outage.report_failure(f"some metrics cannot be read now: {error!r}")
            return None
        self._outage.report_success()
        return value

    def describe(self) -> list[GaugeMetricFamily]:
        """Describe nothing: a registry would collect to find out, before there is anything to tell."""
        return []

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Build the gauges from the latest readings."""
        yield build_info(COMPONENT)
        yield build_readiness(COMPONENT, self._checks)
        yield build_gauge(d.LEADER, [((), float(self._services.leader_lock.is_leader))])
        if self.client is not None:
            yield build_gauge(d.GATEWAY_CONNECTED, [((), float(self.client.is_receiving()))])
            yield build_gauge(d.GATEWAY_LATENCY, [((), self.client.latency)])
            yield build_gauge(d.GUILDS, [((), len(self.client.guilds))])
        yield from build_queue_families(self._queue_gauges)
