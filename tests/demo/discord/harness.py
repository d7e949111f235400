"""A person at the stand-in's control API, and a real discord.py bot that a test fills with commands."""

import asyncio
import base64
import io
import json
import warnings
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
from aiohttp import web
from PIL import Image

from demo.discord.__main__ import greeting
from demo.discord.interaction import Interaction
from demo.discord.request_context import FAULTS, GATEWAY, WORLD

with warnings.catch_warnings():
    # discord.py imports audioop, of whose end in Python 3.13 Python 3.11 warns
    warnings.simplefilter("ignore", DeprecationWarning)
    import discord
    from discord import app_commands

DEADLINE = 8.0
TOKEN = "demo-token"
V2 = 1 << 15


def png(width: int = 64, height: int = 48, colour: str = "teal") -> bytes:
    """Return a small picture."""
    out = io.BytesIO()
    Image.new("RGB", (width, height), colour).save(out, "PNG")
    return out.getvalue()


def picture_file(name: str = "in.png", data: bytes | None = None) -> dict[str, str]:
    """Return a file in the form of the control API."""
    return {"filename": name, "base64": base64.b64encode(png() if data is None else data).decode()}


def form(payload: dict[str, Any], *files: tuple[str, bytes]) -> aiohttp.FormData:
    """Return a multipart body as bots send it."""
    data = aiohttp.FormData(quote_fields=False)
    data.add_field("payload_json", json.dumps(payload))
    for number, (name, content) in enumerate(files):
        data.add_field(f"files[{number}]", io.BytesIO(content), filename=name, content_type="application/octet-stream")
    return data


def fault_codes(body: Any) -> list[tuple[str, str]]:
    """Return place and code of each field error of a 50035."""
    found: list[tuple[str, str]] = []

    def walk(place: str, node: dict[str, Any]) -> None:
        for key, inner in node.items():
            if key == "_errors":
                found.extend((place, fault["code"]) for fault in inner)
            else:
                walk(f"{place}.{key}".strip("."), inner)

    assert body["code"] == 50035, body
    walk("", body["errors"])
    return found


def heard(queue: asyncio.Queue[dict[str, Any] | None]) -> list[dict[str, Any]]:
    """Return the events that a page's queue holds, and empty it."""
    return [event for event in (queue.get_nowait() for _ in range(queue.qsize())) if event]


async def until(look: Callable[[], Awaitable[Any]]) -> Any:
    """Ask again until the answer is true."""
    loop = asyncio.get_running_loop()
    latest = loop.time() + DEADLINE
    while not (found := await look()):
        assert loop.time() < latest, "what was waited for did not come"
        await asyncio.sleep(0.01)
    return found


class StandIn:
    """A running stand-in and a person who speaks to it."""

    def __init__(self, app: web.Application, http: aiohttp.ClientSession) -> None:
        self.world = app[WORLD]
        self.gateway = app[GATEWAY]
        self.faults = app[FAULTS]
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
            return json.loads(text) if text else None

    async def rest(
        self, method: str, path: str, body: Any = None, *, token: str | None = TOKEN, data: Any = None
    ) -> tuple[int, Any]:
        """Call the API as a bare bot would; returns status and parsed body."""
        headers = {"Authorization": f"Bot {token}"} if token else {}
        url = f"{self.url}/api/v10{path}"
        async with self.http.request(method, url, json=body, data=data, headers=headers) as answer:
            text = await answer.text()
            return answer.status, json.loads(text) if text else None

    async def done(self, method: str, path: str, body: Any = None, **more: Any) -> Any:
        """Call the API and insist on success."""
        status, answer = await self.rest(method, path, body, **more)
        assert 200 <= status < 300, f"{method} {path}: {status} {answer}"
        return answer

    async def refused(self, code: int, method: str, path: str, body: Any = None, **more: Any) -> Any:
        """Call the API and insist on a refusal with this JSON code; returns its body."""
        status, answer = await self.rest(method, path, body, **more)
        assert status >= 400, f"{method} {path} was not refused: {answer}"
        assert answer["code"] == code, f"{method} {path}: {status} {answer}"
        return {**answer, "status": status}

    async def say(self, **payload: Any) -> Any:
        """Post a message as the bot in the general channel."""
        return await self.done("POST", f"/channels/{self.channel_id}/messages", payload)

    async def command(self, **command: Any) -> Any:
        """Register one guild command as the bot."""
        payload = {"name": "go", "description": "Go.", **command}
        return await self.done("POST", f"/applications/{self.application_id}/guilds/{self.guild_id}/commands", payload)

    async def invoke(self, name: str, options: dict[str, Any] | None = None, status: int = 200, **more: Any) -> str:
        """Use a command as ada (or another user) in the general channel; returns the interaction's id."""
        asked = {"user": "ada", "channel_id": self.channel_id, "name": name, "options": options or {}, **more}
        return str((await self.call("POST", "/control/invoke", asked, status)).get("interaction_id"))

    async def asked(self) -> Interaction:
        """Register a command, use it, and return the interaction, unanswered."""
        await self.command()
        return self.world.interactions[await self.invoke("go")]

    async def interaction(self, interaction_id: str) -> Any:
        """Return how far an interaction is answered."""
        return await self.call("GET", f"/control/interactions/{interaction_id}")

    async def when(self, interaction_id: str, holds: Callable[[Any], Any]) -> Any:
        """Wait until something holds of an interaction."""

        async def look() -> Any:
            found = await self.interaction(interaction_id)
            return found if holds(found) else None

        return await until(look)

    async def press(self, message_id: str, custom_id: str, **more: Any) -> str:
        """Press a button as ada; returns the interaction's id."""
        asked = {"user": "ada", "message_id": message_id, "custom_id": custom_id, **more}
        return str((await self.call("POST", "/control/press", asked))["interaction_id"])

    async def submit(self, modal_interaction_id: str, **values: Any) -> str:
        """Submit a modal as ada; returns the interaction's id."""
        asked = {"user": "ada", "interaction_id_of_modal": modal_interaction_id, "values": values}
        return str((await self.call("POST", "/control/submit", asked))["interaction_id"])

    async def seen_by(self, user: str, channel_id: str | None = None) -> list[Any]:
        """Return the messages of a channel as a person sees them."""
        found: list[Any] = await self.call(
            "GET", f"/client/channels/{channel_id or self.channel_id}/messages?user={user}"
        )
        return found


class Bot(discord.AutoShardedClient):
    """A bot whose commands a test adds; it syncs them before it is ready."""

    def __init__(self, **options: Any) -> None:
        options.setdefault("intents", discord.Intents(guilds=True))
        super().__init__(allowed_mentions=discord.AllowedMentions.none(), **options)
        self.tree: app_commands.CommandTree[Bot] = app_commands.CommandTree(self)
        self.resumes = 0
        self.identifies = 0
        self.known = asyncio.Event()

    async def setup_hook(self) -> None:
        """Sync the commands."""
        await self.tree.sync()

    async def on_guild_available(self, _: discord.Guild) -> None:
        """Note that the guild is known."""
        self.known.set()

    on_guild_join = on_guild_available

    async def on_shard_connect(self, _: int) -> None:
        """Count identifies."""
        self.identifies += 1

    async def on_shard_resumed(self, _: int) -> None:
        """Count resumes."""
        self.resumes += 1


@asynccontextmanager
async def online(bot: Bot, token: str = TOKEN) -> AsyncIterator[Bot]:
    """Run a bot while the block lasts; it begins when the guild is known."""
    running = asyncio.create_task(bot.start(token))
    waiting = asyncio.create_task(bot.known.wait())
    try:
        await asyncio.wait({running, waiting}, timeout=DEADLINE, return_when=asyncio.FIRST_COMPLETED)
        if running.done():
            running.result()
        assert bot.known.is_set(), "the bot did not come online"
        yield bot
    finally:
        waiting.cancel()
        await bot.close()
        await asyncio.wait_for(running, DEADLINE)
