"""The stand-in in the test's own loop, with discord.py pointed at it."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any

import aiohttp
import pytest
import yarl

from demo.standins.discord.app import serve_application
from demo.standins.discord.app_keys import STATE
from demo.standins.discord.settings import Settings
from tests.support.discord_standin import DiscordStandIn

StandInStarter = Callable[..., Awaitable[DiscordStandIn]]


@pytest.fixture
async def start_standin(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[StandInStarter]:
    """Start stand-ins with given settings, by default without rate limits."""
    async with AsyncExitStack() as stack:

        async def start(**settings: Any) -> DiscordStandIn:
            settings.setdefault("rate_limits", False)
            app = await stack.enter_async_context(serve_application(Settings(**settings)))
            http = await stack.enter_async_context(aiohttp.ClientSession())
            url = app[STATE].base_url
            monkeypatch.setattr("discord.http.Route.BASE", f"{url}/api/v10")
            gateway = yarl.URL(f"{url.replace('http', 'ws')}/gateway")
            monkeypatch.setattr("discord.gateway.DiscordWebSocket.DEFAULT_GATEWAY", gateway)
            return DiscordStandIn(app, http)

        yield start


@pytest.fixture
async def discord_standin(start_standin: StandInStarter) -> DiscordStandIn:
    """A stand-in with the default settings, without rate limits."""
    return await start_standin()
