"""Collects the metrics of one scrape: readings are made before, in the event loop, and never fail a scrape."""

import asyncio
import logging
from collections.abc import Iterator
from typing import TYPE_CHECKING, TypeVar

from prometheus_client import CollectorRegistry
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from bot.cached_reading import CachedReading
from bot.health import HealthMonitor
from bot.metrics import definitions as d
from bot.metrics.queue_families import build_queue_families
from bot.metrics.recorder import COMPONENT
from bot.metrics.spending_families import build_spending_families
from bot.services import Services
from shared.metrics.instruments import build_gauge, build_info, build_readiness, render_metrics
from shared.outage_log import OutageLog

if TYPE_CHECKING:
    from bot.discord_client.client import Bot
    from bot.domain.backups import LastBackup
    from bot.domain.queue_gauges import QueueGauges
    from bot.domain.spending import BotSpending

log = logging.getLogger(__name__)

T = TypeVar("T")


class BotCollector(Collector):
    """The gauges of the bot, as they are when `render` is called."""

    def __init__(self, services: Services, monitor: HealthMonitor, registry: CollectorRegistry) -> None:
        self._client: Bot | None = None
        self._services = services
        self._monitor = monitor
        self._registry = registry
        self._checks: dict[str, bool] = {}
        self._queue_gauges: QueueGauges | None = None
        self._spending: BotSpending | None = None
        self._last_backup: LastBackup | None = None
        self._outage = OutageLog(log, "all metrics can be read")
        registry.register(self)

    def set_client(self, client: "Bot") -> None:
        """Tell about this client, too, from now on."""
        self._client = client

    async def render(self) -> bytes:
        """Read what is to be told, all at once within a few seconds, and render all metrics."""
        async with asyncio.TaskGroup() as tasks:
            probing = tasks.create_task(self._monitor.run_probes())
            measuring = tasks.create_task(self._load(self._services.readings.queue))
            looking_back = tasks.create_task(self._load(self._services.readings.last_backup))
            summing = tasks.create_task(self._load(self._services.readings.spending))
        self._checks = {probe.key: is_passed for probe, is_passed in probing.result().items()}
        self._queue_gauges = measuring.result()
        self._spending = summing.result()
        self._last_backup = looking_back.result()
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

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Build the gauges from the latest readings."""
        yield build_info(COMPONENT)
        yield build_readiness(COMPONENT, self._checks)
        yield build_gauge(d.LEADER, [((), float(self._services.leader_lock.is_leader))])
        if self._client is not None:
            yield build_gauge(d.GATEWAY_CONNECTED, [((), float(self._client.is_receiving()))])
            yield build_gauge(d.GATEWAY_LATENCY, [((), self._client.latency)])
            yield build_gauge(d.GUILDS, [((), len(self._client.guilds))])
        connections = self._services.readings.count_connections()
        yield build_gauge(
            d.CONNECTIONS,
            [
                ((pool, state), count)
                for pool, counts in connections.items()
                for state, count in zip(("in_use", "idle"), counts, strict=True)
            ],
        )
        yield from build_queue_families(self._queue_gauges)
        yield from build_spending_families(self._spending)
        made_at = [] if self._last_backup is None else [self._last_backup.made_at]
        yield build_gauge(d.LAST_BACKUP, [((), moment) for moment in made_at])
