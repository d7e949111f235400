"""A user of the Discord stand-in, by its control API, and a discord.py bot whose commands a test defines."""

import asyncio
import io
import json
import warnings
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
from aiohttp import web
from PIL import Image

from demo.standins.discord.__main__ import build_startup_report
from demo.standins.discord.app_keys import FAULTS, GATEWAY, STATE
from demo.standins.discord.interaction import Interaction
from tests.support.user import encode_file

with warnings.catch_warnings():
    # discord.py imports audioop, which Python 3.11 warns is removed in 3.13
    warnings.simplefilter("ignore", DeprecationWarning)
    import discord
    from discord import app_commands

TIMEOUT_SECONDS = 8.0
TOKEN = "demo-token"
COMPONENTS_V2_FLAG = 1 << 15


def make_png(width: int = 64, height: int = 48, colour: str = "teal") -> bytes:
    """Return a small PNG."""
    out = io.BytesIO()
    Image.new("RGB", (width, height), colour).save(out, "PNG")
    return out.getvalue()


def make_image_file(name: str = "in.png", data: bytes | None = None) -> dict[str, str]:
    """Return a picture in the form of the control API."""
    return encode_file(name, make_png() if data is None else data)


def make_form(payload: dict[str, Any], *files: tuple[str, bytes]) -> aiohttp.FormData:
    """Return a multipart body as a bot sends it."""
    data = aiohttp.FormData(quote_fields=False)
    data.add_field("payload_json", json.dumps(payload))
    for number, (name, content) in enumerate(files):
        data.add_field(f"files[{number}]", io.BytesIO(content), filename=name, content_type="application/octet-stream")
    return data


def list_error_codes(body: Any) -> list[tuple[str, str]]:
    """Return path and code of each field error of a 50035."""
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


def drain_events(queue: asyncio.Queue[dict[str, Any] | None]) -> list[dict[str, Any]]:
    """Remove and return all events of a page's queue."""
    return [event for event in (queue.get_nowait() for _ in range(queue.qsize())) if event]


async def wait_until(condition: Callable[[], Awaitable[Any]]) -> Any:
    """Poll the condition until it is true, and return its value."""
    loop = asyncio.get_running_loop()
    latest = loop.time() + TIMEOUT_SECONDS
    while not (found := await condition()):
        assert loop.time() < latest, "the condition did not become true in time"
        await asyncio.sleep(0.01)
    return found


class DiscordStandIn:
    """A running stand-in, with the actions of its users and of a bot."""

    def __init__(self, app: web.Application, http: aiohttp.ClientSession) -> None:
        self.state = app[STATE]
        self.gateway = app[GATEWAY]
        self.faults = app[FAULTS]
        self.http = http
        self.ids = build_startup_report(self.state)
        self.url = self.state.base_url
        self.channel_id = str(self.ids["channel_id"])
        self.guild_id = self.state.guild.id
        self.application_id = self.state.application_id

    async def call_page_api(self, method: str, path: str, body: Any = None, status: int = 200) -> Any:
        """Call the chat page's or the control API, and assert the status."""
        async with self.http.request(method, self.url + path, json=body) as answer:
            text = await answer.text()
            assert answer.status == status, f"{method} {path}: {answer.status} {text}"
            return json.loads(text) if text else None

    async def call_rest(
        self, method: str, path: str, body: Any = None, *, token: str | None = TOKEN, data: Any = None
    ) -> tuple[int, Any]:
        """Call Discord's API as a bot; return status and parsed body."""
        headers = {"Authorization": f"Bot {token}"} if token else {}
        url = f"{self.url}/api/v10{path}"
        async with self.http.request(method, url, json=body, data=data, headers=headers) as answer:
            text = await answer.text()
            return answer.status, json.loads(text) if text else None

    async def call_rest_ok(self, method: str, path: str, body: Any = None, **more: Any) -> Any:
        """Call Discord's API and assert success."""
        status, answer = await self.call_rest(method, path, body, **more)
        assert 200 <= status < 300, f"{method} {path}: {status} {answer}"
        return answer

    async def call_rest_rejected(self, code: int, method: str, path: str, body: Any = None, **more: Any) -> Any:
        """Call Discord's API and assert an error with this JSON code; return its body."""
        status, answer = await self.call_rest(method, path, body, **more)
        assert status >= 400, f"{method} {path} was not rejected: {answer}"
        assert answer["code"] == code, f"{method} {path}: {status} {answer}"
        return {**answer, "status": status}

    async def post_message(self, **payload: Any) -> Any:
        """Post a message as the bot in the general channel."""
        return await self.call_rest_ok("POST", f"/channels/{self.channel_id}/messages", payload)

    async def register_command(self, **command: Any) -> Any:
        """Register one guild command as the bot."""
        payload = {"name": "go", "description": "Go.", **command}
        return await self.call_rest_ok(
            "POST", f"/applications/{self.application_id}/guilds/{self.guild_id}/commands", payload
        )

    async def invoke_command(
        self, name: str, options: dict[str, Any] | None = None, status: int = 200, **more: Any
    ) -> str:
        """Use a command in the general channel, as ada by default; return the interaction's id."""
        body = {"user": "ada", "channel_id": self.channel_id, "name": name, "options": options or {}, **more}
        return str((await self.call_page_api("POST", "/control/invoke", body, status)).get("interaction_id"))

    async def start_interaction(self) -> Interaction:
        """Register a command, use it, and return the interaction without a response."""
        await self.register_command()
        return self.state.interactions[await self.invoke_command("go")]

    async def fetch_interaction(self, interaction_id: str) -> Any:
        """Return the response to an interaction so far."""
        return await self.call_page_api("GET", f"/control/interactions/{interaction_id}")

    async def wait_for_interaction(self, interaction_id: str, condition: Callable[[Any], Any]) -> Any:
        """Wait until the condition holds for an interaction."""

        async def look() -> Any:
            found = await self.fetch_interaction(interaction_id)
            return found if condition(found) else None

        return await wait_until(look)

    async def press_button(self, message_id: str, custom_id: str, **more: Any) -> str:
        """Press a button as ada; return the interaction's id."""
        body = {"user": "ada", "message_id": message_id, "custom_id": custom_id, **more}
        return str((await self.call_page_api("POST", "/control/press", body))["interaction_id"])

    async def submit_modal(self, modal_interaction_id: str, **values: Any) -> str:
        """Submit a modal as ada; return the interaction's id."""
        body = {"user": "ada", "interaction_id_of_modal": modal_interaction_id, "values": values}
        return str((await self.call_page_api("POST", "/control/submit", body))["interaction_id"])

    async def list_messages_seen_by(self, user: str, channel_id: str | None = None) -> list[Any]:
        """Return the messages of a channel as a user sees them."""
        found: list[Any] = await self.call_page_api(
            "GET", f"/client/channels/{channel_id or self.channel_id}/messages?user={user}"
        )
        return found


class CommandBot(discord.AutoShardedClient):
    """A bot whose commands a test adds; it syncs them before it connects."""

    def __init__(self, **options: Any) -> None:
        options.setdefault("intents", discord.Intents(guilds=True))
        super().__init__(allowed_mentions=discord.AllowedMentions.none(), **options)
        self.tree: app_commands.CommandTree[CommandBot] = app_commands.CommandTree(self)
        self.resume_count = 0
        self.identify_count = 0
        self.is_guild_known = asyncio.Event()

    async def setup_hook(self) -> None:
        """Sync the commands."""
        await self.tree.sync()

    async def on_guild_available(self, _: discord.Guild) -> None:
        """Remember that the guild is known."""
        self.is_guild_known.set()

    on_guild_join = on_guild_available

    async def on_shard_connect(self, _: int) -> None:
        """Count identifies."""
        self.identify_count += 1

    async def on_shard_resumed(self, _: int) -> None:
        """Count resumes."""
        self.resume_count += 1


@asynccontextmanager
async def run_bot(bot: CommandBot, token: str = TOKEN) -> AsyncIterator[CommandBot]:
    """Run a bot inside the block, which starts when the guild is known."""
    running = asyncio.create_task(bot.start(token))
    waiting = asyncio.create_task(bot.is_guild_known.wait())
    try:
        await asyncio.wait({running, waiting}, timeout=TIMEOUT_SECONDS, return_when=asyncio.FIRST_COMPLETED)
        if running.done():
            running.result()
        assert bot.is_guild_known.is_set(), "the bot did not come online"
        yield bot
    finally:
        waiting.cancel()
        await bot.close()
        await asyncio.wait_for(running, TIMEOUT_SECONDS)
