"""Tells metrics and health if `HTTP_ADDRESS` is set; without it, nothing of this is imported or listens."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from bot.health import HealthMonitor

if TYPE_CHECKING:
    from bot.discord_client.client import Bot
    from bot.services import Services


@asynccontextmanager
async def open_monitoring(services: "Services", monitor: HealthMonitor) -> AsyncIterator[Callable[["Bot"], None]]:
    """Listen while the context lasts, and give the function that tells about the client, too.

    Raises `StartupError` if the address cannot be used.
    """
    address = services.settings.http_address
    if not address:
        yield lambda _: None
        return
    from bot.monitoring.collector import BotCollector  # noqa: PLC0415 - prometheus-client and aiohttp's server
    from bot.monitoring.http_server import MonitoringServer  # noqa: PLC0415 - take memory
    from shared.metrics.instruments import create_registry  # noqa: PLC0415 - that most bots need not

    collector = BotCollector(services, monitor, create_registry())
    server = MonitoringServer(
        address,
        monitor,
        get_role=lambda: "leader" if services.leader_lock.is_leader else "standby",
        render_metrics=collector.render,
    )

    def set_client(client: "Bot") -> None:
        collector.client = client

    await server.start()
    try:
        yield set_client
    finally:
        await server.close()
