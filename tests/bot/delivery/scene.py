"""A channel of the stand-in for Discord as its bot and its tests see it, and a queue in memory."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable, Collection, Iterator, Sequence
from contextlib import asynccontextmanager, suppress
from itertools import count
from pathlib import Path
from typing import Any

import aiohttp
import discord

from bot.ports import Closed, Delivery, Standing, State, Told
from shared.job import Job, Place, Requester
from shared.outcome import Generated, Outcome
from shared.prompts import TextPrompt
from shared.request import Request

PROMPT = "a castle in fog"
NUMBERS = count(1)


class Ledger:
    """A queue in memory: standings as they are put, outcomes in the order of their ends."""

    def __init__(self) -> None:
        self.rows: dict[str, Standing] = {}
        self.pictures: dict[str, bytes] = {}
        self.stream: asyncio.Queue[Delivery] = asyncio.Queue()
        self.told: dict[str, int | None] = {}
        self.acknowledged = asyncio.Condition()

    def put(self, standing: Standing) -> None:
        self.rows[standing.job.id] = standing

    def finish(self, job: Job, outcome: Outcome, picture: bytes | None = None, thread: int | None = None) -> None:
        self.put(Standing(job, State.FINISHED, 0, 0, time.time(), thread, outcome))
        if picture is not None:
            self.pictures[job.id] = picture
        self.again(job)

    def again(self, job: Job) -> None:
        """Hand the outcome out once more, as a start does with what was never acknowledged."""
        self.stream.put_nowait(Delivery(f"entry-{job.id}", job.id))

    async def open_jobs(self) -> Sequence[str]:
        return [job_id for job_id in self.rows if job_id not in self.told]

    async def standings(self, job_ids: Collection[str]) -> Sequence[Standing]:
        return [self.rows[job_id] for job_id in job_ids if job_id in self.rows]

    async def outcomes(self) -> Sequence[Delivery]:
        return [await self.stream.get()]

    async def picture(self, job_id: str) -> bytes | None:
        return self.pictures.get(job_id)

    async def prepared(self, job_id: str) -> bytes | None:
        return None

    async def delivered(self, delivery: Delivery, message: int | None) -> None:
        async with self.acknowledged:
            self.told[delivery.job_id] = message
            self.acknowledged.notify_all()

    async def when_told(self, job: Job, seconds: float = 8) -> int | None:
        async with self.acknowledged, asyncio.timeout(seconds):
            await self.acknowledged.wait_for(lambda: job.id in self.told)
        return self.told[job.id]


class LostRecords:
    """Records that can be neither read nor written: Discord alone tells what was said."""

    async def closed(self, job_id: str) -> Closed | None:
        return None

    async def delivered(self, standing: Standing, told: Told | None) -> None:
        return None


class Discord:
    """One channel of the stand-in, fresh for each test, seen by its bot and through the control API."""

    def __init__(
        self, client: discord.Client, http: aiohttp.ClientSession, known: dict[str, Any], record: Path
    ) -> None:
        self.client = client
        self.http = http
        self.url = known["url"]
        self.guild = int(known["guild_id"])
        self.ada = int(known["users"]["ada"])
        self.record = record
        self.channel = 0

    @asynccontextmanager
    async def online(self) -> AsyncIterator[discord.Client]:
        """Connect to the gateway too, which makes the guild and its limits known."""
        client = discord.AutoShardedClient(intents=discord.Intents(guilds=True))
        arrived = asyncio.Event()

        async def on_ready() -> None:
            arrived.set()

        client.event(on_ready)
        async with client:
            await client.login("demo-token")
            connection = asyncio.create_task(client.connect())
            async with asyncio.timeout(10):
                await arrived.wait()
            yield client
            await client.close()
            await connection

    async def control(self, method: str, path: str, body: Any = None) -> Any:
        async with self.http.request(method, f"{self.url}/control/{path}", json=body) as answer:
            assert answer.status == 200, await answer.text()
            return await answer.json()

    async def fault(self, action: str, method: str, path: str, times: int = 1, **more: Any) -> None:
        match = {"method": method, "path_regex": path}
        await self.control("POST", "faults", {"match": match, "action": action, "times": times, **more})

    async def deny(self, *permissions: str) -> None:
        bits = discord.Permissions(**dict.fromkeys(permissions, True)).value
        await self.control("PUT", f"permissions/{self.channel}", {"deny": str(bits)})

    async def messages(self, channel: int | None = None) -> list[dict[str, Any]]:
        found = (await self.control("GET", "state"))["messages"].get(str(channel or self.channel), [])
        return [message for message in found if not message.get("deleted")]

    async def files(self, *messages: dict[str, Any]) -> list[dict[str, Any]]:
        """The uploaded files that the galleries of these messages show."""
        uploads = {upload["id"]: upload for upload in (await self.control("GET", "state"))["uploads"]}
        parts = [part for message in messages for outer in message["components"] for part in outer["components"]]
        items = [item for part in parts for item in part.get("items", [])]
        return [uploads[item["media"]["attachment_id"]] for item in items]

    async def asked(
        self, *, locale: str = "en-US", in_place: bool = False, prompt: str = PROMPT, **options: Any
    ) -> Job:
        """Post a status message and make the job that it stands for."""
        status = await self.client.get_partial_messageable(self.channel).send("Your request has arrived.")
        number = next(NUMBERS)
        request = Request(model="sd3.5-large", text_prompts=(TextPrompt(text=prompt),), has_picture=True, **options)
        return Job(
            id=f"{discord.utils.time_snowflake(discord.utils.utcnow()) + number}",
            request=request,
            seed=7,
            requester=Requester(id=self.ada, name="ada", locale=locale),
            place=Place(guild=self.guild, channel=self.channel, message=status.id, in_place=in_place),
            accepted_at=time.time() - 12,
        )

    async def thread(self, job: Job) -> int:
        """Open the job's thread as the command does."""
        opened = await self.client.http.start_thread_with_message(
            job.place.channel, job.place.message, name="thread", auto_archive_duration=1440
        )
        return int(opened["id"])

    async def status(self, job: Job) -> str:
        return next(str(m["content"]) for m in await self.messages() if m["id"] == str(job.place.message))

    def requests(self, method: str, path: str) -> int:
        """How often the bot asked for this since the stand-in started."""
        rows = [json.loads(line) for line in self.record.read_text(encoding="utf-8").splitlines()]
        return sum(row["method"] == method and path in row["path"] for row in rows)


def made(seed: int = 4294967295) -> Generated:
    return Generated(seed=seed, media_type="image/png", width=64, height=64, seconds=3.25)


def words(message: dict[str, Any]) -> str:
    """All text of a message of Components V2."""

    def walk(part: Any) -> Iterator[str]:
        if isinstance(part, dict):
            yield str(part.get("content", ""))
            for inner in part.get("components", []):
                yield from walk(inner)

    return "\n".join(text for part in message["components"] for text in walk(part))


@asynccontextmanager
async def at_work(run: Callable[[], Any]) -> AsyncIterator[None]:
    """Let it run in the background, as the client of the bot does."""
    task = asyncio.create_task(run())
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
