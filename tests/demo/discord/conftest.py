"""The stand-in in this loop, the real discord.py pointed at it, and a person at its control API."""

import asyncio
import base64
import io
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import aiohttp
import discord
import pytest
import yarl
from discord import app_commands
from PIL import Image

from demo.discord.__main__ import greeting
from demo.discord.app import serving
from demo.discord.request_context import GATEWAY, WORLD
from demo.discord.settings import Settings

DEADLINE = 8.0
TOKEN = "demo-token"


def png(width: int = 64, height: int = 48, colour: str = "teal") -> bytes:
    """Return a small picture."""
    out = io.BytesIO()
    Image.new("RGB", (width, height), colour).save(out, "PNG")
    return out.getvalue()


class StandIn:
    """A running stand-in and a person who speaks to it."""

    def __init__(self, app: aiohttp.web.Application, http: aiohttp.ClientSession) -> None:
        self.world = app[WORLD]
        self.gateway = app[GATEWAY]
        self.http = http
        self.ids = greeting(self.world)
        self.url = self.world.base_url
        self.channel_id = str(self.ids["channel_id"])
        self.guild_id = self.world.guild.id
        self.application_id = self.world.application_id

    async def call(self, method: str, path: str, body: Any = None, status: int = 200) -> Any:
        """Call a path of the page or the control API and insist on a status."""
        async with self.http.request(method, self.url + path, json=body) as answer:
            text = await answer.text()
            assert answer.status == status, f"{method} {path}: {answer.status} {text}"
            return await answer.json() if text else None

    async def rest(
        self, method: str, path: str, body: Any = None, *, token: str | None = TOKEN, data: Any = None
    ) -> tuple[int, Any, Any]:
        """Call the API as a bare bot would; returns status, parsed body and headers."""
        headers = {"Authorization": f"Bot {token}"} if token else {}
        url = f"{self.url}/api/v10{path}"
        async with self.http.request(method, url, json=body, data=data, headers=headers) as answer:
            return answer.status, (await answer.json() if answer.status != 204 else None), answer.headers

    async def invoke(self, name: str, options: dict[str, Any] | None = None, **more: Any) -> str:
        """Use a command as ada (or another user) in the general channel; returns the interaction's id."""
        asked = {"user": "ada", "channel_id": self.channel_id, "name": name, "options": options or {}, **more}
        return str((await self.call("POST", "/control/invoke", asked))["interaction_id"])

    async def interaction(self, interaction_id: str) -> Any:
        """Return how far an interaction is answered."""
        return await self.call("GET", f"/control/interactions/{interaction_id}")

    async def when(self, interaction_id: str, holds: Callable[[Any], Any]) -> Any:
        """Wait until something holds of an interaction."""

        async def look() -> Any:
            found = await self.interaction(interaction_id)
            return found if holds(found) else None

        return await until(look)


async def until(look: Callable[[], Awaitable[Any]]) -> Any:
    """Ask again until the answer is true."""
    loop = asyncio.get_running_loop()
    latest = loop.time() + DEADLINE
    while not (found := await look()):
        assert loop.time() < latest, "what was waited for did not come"
        await asyncio.sleep(0.01)
    return found


def picture_file(name: str = "in.png", data: bytes | None = None) -> dict[str, str]:
    """Return a file in the form of the control API."""
    return {"filename": name, "base64": base64.b64encode(png() if data is None else data).decode()}


Starting = Callable[..., Awaitable[StandIn]]


@pytest.fixture
async def start(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Starting]:
    """Start a stand-in with given settings and point discord.py at it."""
    async with AsyncExitStack() as stack:

        async def starting(**settings: Any) -> StandIn:
            settings.setdefault("rate_limits", False)
            app = await stack.enter_async_context(serving(Settings(**settings)))
            http = await stack.enter_async_context(aiohttp.ClientSession())
            url = app[WORLD].base_url
            monkeypatch.setattr(discord.http.Route, "BASE", f"{url}/api/v10")
            gateway = yarl.URL(f"{url.replace('http', 'ws')}/gateway")
            monkeypatch.setattr(discord.gateway.DiscordWebSocket, "DEFAULT_GATEWAY", gateway)
            return StandIn(app, http)

        yield starting


@pytest.fixture
async def stand_in(start: Starting) -> StandIn:
    """A stand-in with the default settings, without rate limits."""
    return await start()


class Bot(discord.AutoShardedClient):
    """A bot whose commands a test adds; it syncs them to the guild before it is ready."""

    def __init__(self, **options: Any) -> None:
        options.setdefault("intents", discord.Intents(guilds=True))
        super().__init__(allowed_mentions=discord.AllowedMentions.none(), **options)
        self.tree = app_commands.CommandTree(self)
        self.resumes = 0
        self.identifies = 0

    async def setup_hook(self) -> None:
        await self.tree.sync()

    async def on_shard_connect(self, _: int) -> None:
        self.identifies += 1

    async def on_shard_resumed(self, _: int) -> None:
        self.resumes += 1


@asynccontextmanager
async def online(bot: discord.Client, token: str = TOKEN) -> AsyncIterator[None]:
    """Run a bot while the block lasts; it begins when the guild is known."""
    known = asyncio.Event()
    setattr(bot, "on_guild_available", _setter(known))  # noqa: B010 - an event handler of discord.py
    setattr(bot, "on_guild_join", _setter(known))  # noqa: B010 - which of the two comes depends on timing
    running = asyncio.create_task(bot.start(token))
    waiting = asyncio.create_task(known.wait())
    try:
        await asyncio.wait({running, waiting}, timeout=DEADLINE, return_when=asyncio.FIRST_COMPLETED)
        if running.done():
            running.result()
        assert known.is_set(), "the bot did not come online"
        yield
    finally:
        waiting.cancel()
        await bot.close()
        await asyncio.wait_for(running, DEADLINE)


def _setter(event: asyncio.Event) -> Callable[..., Awaitable[None]]:
    async def on_event(*_: Any) -> None:
        event.set()

    return on_event
