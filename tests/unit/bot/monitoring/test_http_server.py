"""The bot's HTTP endpoints before it has started, and on an address that is taken."""

import asyncio
import socket

import pytest

from bot.health import HealthMonitor
from bot.lifecycle import StartupError
from bot.monitoring.http_server import MonitoringServer
from tests.support.monitoring import fetch_page


async def render_nothing() -> bytes:
    return b""


async def test_a_bot_that_starts_is_alive_and_not_ready_and_a_taken_port_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        server = MonitoringServer(f"127.0.0.1:{port}", HealthMonitor(), lambda: "standby", render_nothing)
        with pytest.raises(StartupError, match=r"HTTP_ADDRESS cannot be used \(.+\)\. Name an address"):
            await server.start()

    server = MonitoringServer(f"127.0.0.1:{port}", HealthMonitor(), lambda: "standby", render_nothing)
    await server.start()
    pages = [await asyncio.to_thread(fetch_page, f"http://127.0.0.1:{port}/{name}") for name in ("healthz", "readyz")]
    await server.close()

    assert [status for status, _ in pages] == [200, 503]
    assert '"status": "starting"' in pages[1][1]
