"""Assembles the stand-in: one aiohttp application on one port."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from aiohttp import web

from demo.standins.discord import (
    cdn,
    client_api,
    control_actions,
    control_api,
    rest_account,
    rest_channels,
    rest_commands,
    rest_guilds,
    rest_interactions,
    rest_messages,
    rest_soundboard,
    rest_threads,
)
from demo.standins.discord.app_keys import FAULTS, GATEWAY, RECORDER, STATE
from demo.standins.discord.faults import FaultRegistry
from demo.standins.discord.gateway import Gateway
from demo.standins.discord.rate_limits import RateLimiter
from demo.standins.discord.recorder import ExchangeRecorder
from demo.standins.discord.rest_middleware import API_PREFIX, build_api_middleware
from demo.standins.discord.settings import Settings
from demo.standins.discord.state import DiscordState

CHAT_PAGE_FOLDER = Path(__file__).parents[2] / "chat_page"
MAX_REQUEST_BYTES = 600 << 20
REST_MODULES = (
    *(rest_account, rest_channels, rest_commands, rest_guilds, rest_interactions, rest_messages),
    *(rest_soundboard, rest_threads),
)


def build_application(settings: Settings) -> web.Application:
    """Build the application; `state.base_url` is set later, when the port is known."""
    state = DiscordState(settings, time.time)
    limits = RateLimiter(time.time)
    app = web.Application(
        middlewares=[build_api_middleware(limits), client_api.convert_errors], client_max_size=MAX_REQUEST_BYTES
    )
    app[STATE], app[GATEWAY], app[FAULTS] = state, Gateway(state), FaultRegistry()
    app[RECORDER] = ExchangeRecorder(settings.record)
    for rest in REST_MODULES:
        for route in rest.routes:
            if isinstance(route, web.RouteDef):
                app.router.add_route(route.method, API_PREFIX + route.path, route.handler)
    for other in (cdn, client_api, control_api, control_actions):
        app.add_routes(other.routes)
    app.router.add_get("/gateway", app[GATEWAY].handle_connection)
    app.router.add_get("/gateway/", app[GATEWAY].handle_connection)
    app.router.add_get("/", _serve_index)
    app.router.add_static("/page/", CHAT_PAGE_FOLDER)
    return app


async def _serve_index(_: web.Request) -> web.FileResponse:
    return web.FileResponse(CHAT_PAGE_FOLDER / "index.html")


@asynccontextmanager
async def serve_application(settings: Settings) -> AsyncIterator[web.Application]:
    """Serve inside the `async with` block."""
    app = build_application(settings)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    site = web.TCPSite(runner, settings.host, settings.port)
    await site.start()
    port = runner.addresses[0][1]
    app[STATE].base_url = f"http://{settings.host}:{port}"
    try:
        yield app
    finally:
        app[STATE].events.close()
        await app[GATEWAY].close()
        await runner.cleanup()
        app[RECORDER].close()
