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

from bot.domain.messages import MessageRef
from bot.domain.records import ClosedRecord
from bot.domain.status import JobStatus, OutcomeEntry, QueueState
from shared.job import Job, Origin, Requester
from shared.outcome import Generated, Outcome
from shared.prompts import TextPrompt
from shared.request.model import Request

PROMPT = "a castle in fog"
NUMBERS = count(1)


class FakeOutcomeStream:
    """A queue in memory: standings as they are put, outcomes in the order of their ends."""

    def __init__(self) -> None:
        self.statuses: dict[str, JobStatus] = {}
        self.pictures: dict[str, bytes] = {}
        self.stream: asyncio.Queue[OutcomeEntry] = asyncio.Queue()
        self.delivered_messages: dict[str, int | None] = {}
        self.acknowledgement = asyncio.Condition()

    def put_status(self, standing: JobStatus) -> None:
        self.statuses[standing.job.id] = standing

    def finish_job(self, job: Job, outcome: Outcome, picture: bytes | None = None, thread: int | None = None) -> None:
        self.put_status(JobStatus(job, QueueState.FINISHED, 0, 0, time.time(), thread, outcome))
        if picture is not None:
            self.pictures[job.id] = picture
        self.redeliver(job)

    def redeliver(self, job: Job) -> None:
        """Hand the outcome out once more, as a start does with what was never acknowledged."""
        self.stream.put_nowait(OutcomeEntry(f"entry-{job.id}", job.id))

    async def list_open_jobs(self) -> Sequence[str]:
        return [job_id for job_id in self.statuses if job_id not in self.delivered_messages]

    async def load_statuses(self, job_ids: Collection[str]) -> Sequence[JobStatus]:
        return [self.statuses[job_id] for job_id in job_ids if job_id in self.statuses]

    async def read_outcomes(self) -> Sequence[OutcomeEntry]:
        return [await self.stream.get()]

    async def load_result_image(self, job_id: str) -> bytes | None:
        return self.pictures.get(job_id)

    async def load_prepared_image(self, job_id: str) -> bytes | None:
        return None

    async def acknowledge_outcome(self, entry: OutcomeEntry, message_id: int | None) -> None:
        async with self.acknowledgement:
            self.delivered_messages[entry.job_id] = message_id
            self.acknowledgement.notify_all()

    async def wait_until_delivered(self, job: Job, seconds: float = 8) -> int | None:
        async with self.acknowledgement, asyncio.timeout(seconds):
            await self.acknowledgement.wait_for(lambda: job.id in self.delivered_messages)
        return self.delivered_messages[job.id]


class UnavailableDeliveryStore:
    """Records that can be neither read nor written: Discord alone tells what was said."""

    async def load_closed_record(self, job_id: str) -> ClosedRecord | None:
        return None

    async def mark_delivered(self, status: JobStatus, message: MessageRef | None) -> None:
        return None


class DiscordChannel:
    """One channel of the stand-in, fresh for each test, seen by its bot and through the control API."""

    def __init__(
        self, client: discord.Client, http: aiohttp.ClientSession, known: dict[str, Any], exchanges_file: Path
    ) -> None:
        self.client = client
        self.http = http
        self.url = known["url"]
        self.guild_id = int(known["guild_id"])
        self.ada_id = int(known["users"]["ada"])
        self.exchanges_file = exchanges_file
        self.channel_id = 0

    @asynccontextmanager
    async def connect_gateway(self) -> AsyncIterator[discord.Client]:
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

    async def call_control(self, method: str, path: str, body: Any = None) -> Any:
        async with self.http.request(method, f"{self.url}/control/{path}", json=body) as answer:
            assert answer.status == 200, await answer.text()
            return await answer.json()

    async def inject_fault(self, action: str, method: str, path: str, times: int = 1, **more: Any) -> None:
        match = {"method": method, "path_regex": path}
        await self.call_control("POST", "faults", {"match": match, "action": action, "times": times, **more})

    async def deny_permissions(self, *permissions: str) -> None:
        bits = discord.Permissions(**dict.fromkeys(permissions, True)).value
        await self.call_control("PUT", f"permissions/{self.channel_id}", {"deny": str(bits)})

    async def list_messages(self, channel: int | None = None) -> list[dict[str, Any]]:
        found = (await self.call_control("GET", "state"))["messages"].get(str(channel or self.channel_id), [])
        return [message for message in found if not message.get("deleted")]

    async def list_files(self, *messages: dict[str, Any]) -> list[dict[str, Any]]:
        """The uploaded files that the galleries of these messages show."""
        uploads = {upload["id"]: upload for upload in (await self.call_control("GET", "state"))["uploads"]}
        parts = [part for message in messages for outer in message["components"] for part in outer["components"]]
        items = [item for part in parts for item in part.get("items", [])]
        return [uploads[item["media"]["attachment_id"]] for item in items]

    async def submit_job(
        self, *, locale: str = "en-US", in_place: bool = False, prompt: str = PROMPT, **options: Any
    ) -> Job:
        """Post a status message and make the job that it stands for."""
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
        opened = await self.client.http.start_thread_with_message(
            job.origin.channel_id, job.origin.message_id, name="thread", auto_archive_duration=1440
        )
        return int(opened["id"])

    async def read_status(self, job: Job) -> str:
        return next(str(m["content"]) for m in await self.list_messages() if m["id"] == str(job.origin.message_id))

    def count_requests(self, method: str, path: str) -> int:
        """How often the bot asked for this since the stand-in started."""
        rows = [json.loads(line) for line in self.exchanges_file.read_text(encoding="utf-8").splitlines()]
        return sum(row["method"] == method and path in row["path"] for row in rows)


def make_generated(seed: int = 4294967295) -> Generated:
    return Generated(seed=seed, media_type="image/png", width=64, height=64, duration_seconds=3.25)


def read_text(message: dict[str, Any]) -> str:
    """All text of a message of Components V2."""

    def walk(part: Any) -> Iterator[str]:
        if isinstance(part, dict):
            yield str(part.get("content", ""))
            for inner in part.get("components", []):
                yield from walk(inner)

    return "\n".join(text for part in message["components"] for text in walk(part))


@asynccontextmanager
async def run_in_background(function: Callable[[], Any]) -> AsyncIterator[None]:
    """Let it run in the background, as the client of the bot does."""
    task = asyncio.create_task(function())
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
