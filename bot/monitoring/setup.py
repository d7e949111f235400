"""Tells metrics and health if `HTTP_ADDRESS` is set; without it, nothing of this is imported or listens."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from bot.domain.events import NO_EVENTS, Events
from bot.health import HealthMonitor

if TYPE_CHECKING:
    import aiohttp

    from bot.discord_client.client import Bot
    from bot.services import Services


class Monitoring:
    """The health of the bot, and those who note what happens in it: nobody if `address` is empty."""

    def __init__(self, address: str) -> None:
        self.health = HealthMonitor()
        self.events: Events = NO_EVENTS
        self.http_trace: aiohttp.TraceConfig | None = None
        self._address = address
        if address:
            from bot.metrics.recorder import EventRecorder  # noqa: PLC0415 - prometheus-client takes memory
            from bot.monitoring.discord_trace import build_http_trace  # noqa: PLC0415 - that most bots
            from shared.metrics.instruments import create_registry  # noqa: PLC0415 - need not

            self._registry = create_registry()
            self._recorder = EventRecorder(self._registry)
            self.events = self._recorder
            self.http_trace = build_http_trace(self._recorder.note_discord_request)

    @asynccontextmanager
    async def serve(self, services: "Services") -> AsyncIterator[Callable[["Bot"], None]]:
        """Listen while the context lasts, and give the function that makes the client known.

        Raises `StartupError` if the address cannot be used.
        """
        if not self._address:
            yield lambda _: None
            return
        from bot.monitoring.collector import BotCollector  # noqa: PLC0415 - as above
        from bot.monitoring.http_server import MonitoringServer  # noqa: PLC0415
        from bot.monitoring.loop_lag import measure_loop_lag  # noqa: PLC0415

        services.readings.count_redis_errors(self._recorder.note_redis_error)
        collector = BotCollector(services, self.health, self._registry)
        server = MonitoringServer(
            self._address,
            self.health,
            get_role=lambda: "leader" if services.leader_lock.is_leader else "standby",
            render_metrics=collector.render,
        )
        await server.start()
        measuring = asyncio.create_task(measure_loop_lag(self._recorder.note_loop_lag))
        try:
            yield collector.set_client
        finally:
            measuring.cancel()
            await server.close()
