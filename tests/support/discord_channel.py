"""A channel of the stand-in for Discord, as the bot and the tests see it."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from itertools import count
from pathlib import Path
from typing import Any

import aiohttp
import discord

from shared.job import Job, Origin, Requester
from shared.outcome import Generated
from shared.prompts import TextPrompt
from shared.request.model import Request
from tests.support.discord_guild import wait_until

PROMPT = "a castle in fog"
NUMBERS = count(1)


class DiscordChannel:
    """A channel of the stand-in, a new one for each test, as a client and the control API see it."""

    def __init__(
        self, client: discord.Client, http: aiohttp.ClientSession, standin: dict[str, Any], exchanges_file: Path
    ) -> None:
        self.client = client
        self.http = http
        self.url = standin["url"]
        self.guild_id = int(standin["guild_id"])
        self.ada_id = int(standin["users"]["ada"])
        self.exchanges_file = exchanges_file
        self.channel_id = 0

    @asynccontextmanager
    async def connect_gateway(self) -> AsyncIterator[discord.Client]:
        """Connect a client to the gateway, so that it knows the guild and its limits."""
        client = discord.AutoShardedClient(intents=discord.Intents(guilds=True), guild_ready_timeout=0.1)
        ready = asyncio.Event()

        async def on_ready() -> None:
            ready.set()

        client.event(on_ready)
        async with client:
            await client.login("demo-token")
            connection = asyncio.create_task(client.connect())
            async with asyncio.timeout(10):
                await ready.wait()
            # a busy server tells of its guilds later than the timeout above
            await wait_until(lambda: not any(guild.unavailable for guild in client.guilds))
            yield client
            await client.close()
            await connection

    async def call_control(self, method: str, path: str, body: Any = None) -> Any:
        async with self.http.request(method, f"{self.url}/control/{path}", json=body) as response:
            assert response.status == 200, await response.text()
            return await response.json()

    async def inject_fault(self, action: str, method: str, path: str, times: int = 1, **parameters: Any) -> None:
        match = {"method": method, "path_regex": path}
        await self.call_control("POST", "faults", {"match": match, "action": action, "times": times, **parameters})

    async def deny_permissions(self, *permissions: str) -> None:
        bits = discord.Permissions(**dict.fromkeys(permissions, True)).value
        await self.call_control("PUT", f"permissions/{self.channel_id}", {"deny": str(bits)})

    async def list_messages(self, channel: int | None = None) -> list[dict[str, Any]]:
        messages = (await self.call_control("GET", "state"))["messages"].get(str(channel or self.channel_id), [])
        return [message for message in messages if not message.get("deleted")]

    async def list_direct_messages(self) -> list[dict[str, Any]]:
        """List all messages in direct messages, which the tests of a session share."""
        state = await self.call_control("GET", "state")
        direct_channels = [channel["id"] for channel in state["channels"] if channel["type"] == 1]
        return [message for channel in direct_channels for message in state["messages"].get(channel, [])]

    async def list_files(self, *messages: dict[str, Any]) -> list[dict[str, Any]]:
        """List the uploaded files in the galleries of these messages."""
        uploads = {upload["id"]: upload for upload in (await self.call_control("GET", "state"))["uploads"]}
        outer_parts = [part for message in messages for part in message["components"]]
        parts = [part for outer in outer_parts for part in (outer, *outer.get("components", []))]
        items = [item for part in parts for item in part.get("items", [])]
        return [uploads[item["media"]["attachment_id"]] for item in items]

    async def submit_job(
        self, *, locale: str = "en-US", in_place: bool = False, prompt: str = PROMPT, **options: Any
    ) -> Job:
        """Post a status message and make its job."""
        status = await self.client.get_partial_messageable(self.channel_id).send("Your request has arrived.")
        number = next(NUMBERS)
        request = Request(model="sd3.5-large", text_prompts=(TextPrompt(text=prompt),), has_picture=True, **options)
        return Job(
            id=f"{discord.utils.time_snowflake(discord.utils.utcnow()) + number}",
            request=request,
            seed=7,
            requester=Requester(id=self.ada_id, name="ada", locale=locale),
            origin=Origin(
                guild_id=self.guild_id, channel_id=self.channel_id, message_id=status.id, is_in_thread=in_place
            ),
            accepted_at=time.time() - 12,
        )

    async def open_thread(self, job: Job) -> int:
        """Open the job's thread as the command does."""
        thread = await self.client.http.start_thread_with_message(
            job.origin.channel_id, job.origin.message_id, name="thread", auto_archive_duration=1440
        )
        return int(thread["id"])

    async def read_thread_name(self, job: Job) -> str | None:
        """Read the name of the thread under the job's status message; None if there is none."""
        channels = (await self.call_control("GET", "state"))["channels"]
        return next((channel["name"] for channel in channels if channel["id"] == str(job.origin.message_id)), None)

    async def find_status(self, job: Job) -> dict[str, Any]:
        return next(m for m in await self.list_messages() if m["id"] == str(job.origin.message_id))

    async def read_status(self, job: Job) -> str:
        status = await self.find_status(job)
        return str(status["content"]) or read_text(status)

    def count_requests(self, method: str, path: str) -> int:
        """Count the requests of this kind since the stand-in started."""
        exchanges = self._read_exchanges()
        return sum(exchange["method"] == method and path in exchange["path"] for exchange in exchanges)

    def list_bodies(self, method: str, path: str) -> list[Any]:
        """List the bodies of the requests of this kind since the stand-in started."""
        exchanges = self._read_exchanges()
        return [one["body"] for one in exchanges if one["method"] == method and path in one["path"]]

    def count_responses(self, status: int) -> int:
        """Count the responses with this HTTP status since the stand-in started."""
        return sum(exchange["status"] == status for exchange in self._read_exchanges())

    def _read_exchanges(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.exchanges_file.read_text(encoding="utf-8").splitlines()]


def make_generated(seed: int = 4294967295) -> Generated:
    return Generated(seed=seed, media_type="image/png", width=64, height=64, duration_seconds=3.25)


def read_text(message: dict[str, Any]) -> str:
    """Return all text of a message with Components V2."""

    def walk(component: Any) -> Iterator[str]:
        if isinstance(component, dict):
            yield str(component.get("content", ""))
            for child in component.get("components", []):
                yield from walk(child)

    return "\n".join(text for component in message["components"] for text in walk(component))


@asynccontextmanager
async def run_in_background(function: Callable[[], Any]) -> AsyncIterator[None]:
    """Run a coroutine function in the background, as the bot does, and cancel it at the end."""
    task = asyncio.create_task(function())
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
