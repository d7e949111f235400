"""The parts put together into one aiohttp application on one port."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from aiohttp import web

from demo.discord import (
    cdn,
    client_api,
    control,
    control_use,
    rest_account,
    rest_channels,
    rest_commands,
    rest_guilds,
    rest_interactions,
    rest_messages,
)
from demo.discord.faults import Faults
from demo.discord.gateway import Gateway
from demo.discord.rate_limits import RateLimits
from demo.discord.record import Recorder
from demo.discord.request_context import FAULTS, GATEWAY, RECORDER, WORLD
from demo.discord.rest import PREFIX, front_door
from demo.discord.settings import Settings
from demo.discord.world import World

PAGE = Path(__file__).parent / "page"
LARGEST_REQUEST = 600 << 20
RESTS = (rest_account, rest_channels, rest_commands, rest_guilds, rest_interactions, rest_messages)


def build(settings: Settings) -> web.Application:
    """Return the application; its world's base_url is set once the port is known."""
    world = World(settings, time.time)
    limits = RateLimits(time.time)
    app = web.Application(
        middlewares=[front_door(limits), client_api.words_for_people], client_max_size=LARGEST_REQUEST
    )
    app[WORLD], app[GATEWAY], app[FAULTS] = world, Gateway(world), Faults()
    app[RECORDER] = Recorder(settings.record)
    for rest in RESTS:
        for route in rest.routes:
            if isinstance(route, web.RouteDef):
                app.router.add_route(route.method, PREFIX + route.path, route.handler)
    for other in (cdn, client_api, control, control_use):
        app.add_routes(other.routes)
    app.router.add_get("/gateway", app[GATEWAY].handle)
    app.router.add_get("/gateway/", app[GATEWAY].handle)
    app.router.add_get("/", _index)
    app.router.add_static("/page/", PAGE)
    return app


async def _index(_: web.Request) -> web.FileResponse:
    return web.FileResponse(PAGE / "index.html")


@asynccontextmanager
async def serving(settings: Settings) -> AsyncIterator[web.Application]:
    """Serve until the block ends."""
    app = build(settings)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    site = web.TCPSite(runner, settings.host, settings.port)
    await site.start()
    port = runner.addresses[0][1]
    app[WORLD].base_url = f"http://{settings.host}:{port}"
    try:
        yield app
    finally:
        app[WORLD].events.close()
        await app[GATEWAY].close()
        await runner.cleanup()
        app[RECORDER].close()
