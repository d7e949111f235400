"""The bot's client, a queue in memory, and a guild of the stand-in as its control API shows it."""

import asyncio
import base64
import json
import random
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import date
from typing import Any

import aiohttp

from bot import attachments
from bot.client import Bot
from bot.commands.book import every_command
from bot.commands.imagine import Imagine
from bot.commands.presets import Presets
from bot.commands.reimagine import Reimagine
from bot.commands.source import Sources
from bot.intake import Intake
from bot.ports import Draft, Found, Kept, Owner, Past, Preset, Search, Source, Standing
from bot.presses.details import Details
from bot.presses.run import Run
from bot.recall import Recall
from shared.catalogue import Catalogue
from shared.errors import Problem
from shared.job import Job

TOKEN = "demo-token"


class MemoryQueue:
    """`bot.ports.Accepting` in memory; `trouble` is raised instead of accepting, `patience` awaited before."""

    def __init__(self) -> None:
        self.jobs: dict[str, Job] = {}
        self.sources: dict[str, bytes | None] = {}
        self.threads: dict[str, int] = {}
        self.trouble: Exception | None = None
        self.patience: Awaitable[object] | None = None

    async def accept(self, job: Job, source: bytes | None, *, doubts: int = 0) -> bool:
        if self.patience is not None:
            await self.patience
        if self.trouble is not None:
            raise self.trouble
        if job.id in self.jobs:
            return False
        self.jobs[job.id], self.sources[job.id] = job, source
        return True

    async def opened(self, job_id: str, thread: int) -> None:
        self.threads[job_id] = thread

    def reset(self) -> None:
        self.__init__()  # type: ignore[misc]


class MemoryRecords:
    """`bot.ports.Recording` in memory: the last word on each job; `trouble` is raised instead of accepting."""

    def __init__(self) -> None:
        self.states: dict[str, str] = {}
        self.sources: dict[str, Source | Kept | None] = {}
        self.hashes: dict[str, str | None] = {}
        self.trouble: Exception | None = None

    async def accepted(self, job: Job, source: Source | Kept | None) -> bool:
        if self.trouble is not None:
            raise self.trouble
        if job.id in self.states:
            return False
        self.states[job.id], self.sources[job.id] = "accepted", source
        return True

    async def queued(self, job_id: str, sha256: str | None) -> None:
        self.states[job_id], self.hashes[job_id] = "queued", sha256

    async def refused(self, job_id: str, problem: Problem) -> None:
        self.states[job_id] = problem.code

    def reset(self) -> None:
        self.__init__()  # type: ignore[misc]


class NothingPast:
    """`bot.ports.Remembering`, `Searching` and `Watching` where nothing was ever made."""

    async def past(self, job_id: str) -> Past | None:
        return None

    async def latest(self, thread: int) -> Past | None:
        return None

    async def pictures(self, thread: int, limit: int) -> Sequence[Past]:
        return []

    async def first(self, thread: int) -> Past | None:
        return None

    async def deleted(self, job_id: str) -> None:
        return None

    async def source(self, sha256: str) -> Kept | None:
        return None

    async def result(self, job_id: str) -> bytes | None:
        return None

    async def open_jobs(self) -> Sequence[str]:
        return []

    async def standings(self, job_ids: Collection[str]) -> Sequence[Standing]:
        return []

    async def prepared(self, job_id: str) -> bytes | None:
        return None

    async def search(
        self, wanted: Search, *, guild: int | None, channels: Collection[int], most: int, skip: int = 0
    ) -> Found:
        return Found([], 0)


class MemoryDrafts:
    """`bot.ports.Drafting` in memory."""

    def __init__(self) -> None:
        self.kept: dict[str, Draft] = {}

    async def draft(self, draft_id: str, draft: Draft) -> None:
        self.kept[draft_id] = draft

    async def drafted(self, draft_id: str) -> Draft | None:
        return self.kept.get(draft_id)


async def eventually(holds: Callable[[], Any], seconds: float = 8) -> None:
    """Wait until it holds, or fail."""
    async with asyncio.timeout(seconds):
        while not holds():  # noqa: ASYNC110 - what is looked at has no event
            await asyncio.sleep(0.02)


class Guild:
    """The stand-in's guild, as its control API shows it."""

    def __init__(self, session: aiohttp.ClientSession, about: dict[str, Any]) -> None:
        self._session = session
        self.about = about
        self.channel: str = about["channel_id"]

    async def call(self, method: str, path: str, body: Any = None) -> Any:
        async with self._session.request(method, self.about["url"] + path, json=body) as response:
            answer = await response.json()
            assert response.status < 300, answer
            return answer

    async def new_channel(self, kind: int = 0) -> str:
        channel = await self.call("POST", "/control/channels", {"name": "studio", "type": kind})
        self.channel = channel["id"]
        return self.channel

    async def invoke(
        self,
        *,
        image: bytes | None = None,
        filename: str = "me.png",
        locale: str = "en-US",
        user: str = "ada",
        channel: str | None = None,
        **options: Any,
    ) -> str:
        files = (
            {"image": {"filename": filename, "base64": base64.b64encode(image).decode()}} if image is not None else {}
        )
        body = {"user": user, "name": "imagine", "locale": locale, "options": options, "files": files}
        answer = await self.call("POST", "/control/invoke", body | {"channel_id": channel or self.channel})
        return str(answer["interaction_id"])

    async def share(self, *files: tuple[str, bytes], user: str = "ada") -> str:
        """Post a message with these files as a person does; the answer is its id."""
        form = aiohttp.FormData()
        shown = [{"id": place, "filename": name} for place, (name, _) in enumerate(files)]
        form.add_field("payload_json", json.dumps({"content": "look", "attachments": shown}))
        for place, (name, data) in enumerate(files):
            form.add_field(f"files[{place}]", data, filename=name)
        path = f"/client/channels/{self.channel}/messages?user={user}"
        async with self._session.post(self.about["url"] + path, data=form) as answer:
            assert answer.status == 200, await answer.text()
            return str((await answer.json())["id"])

    async def use_on(self, message: str, name: str, *, user: str = "ada", locale: str = "en-US") -> str:
        """Use a command of the menu of a message; the answer is the interaction's id."""
        used = {"user": user, "name": name, "locale": locale, "channel_id": self.channel, "target_id": message}
        return str((await self.call("POST", "/control/invoke", used))["interaction_id"])

    async def press(self, message: str, written: str, *, user: str = "ada") -> str:
        """Press the button of this custom id; the answer is the interaction's id."""
        pressed = {"user": user, "message_id": message, "custom_id": written}
        return str((await self.call("POST", "/control/press", pressed))["interaction_id"])

    async def submit(self, opened: str, *, user: str = "ada", **values: Any) -> str:
        """Fill in the form that an interaction was answered with, and send it."""
        await self.until(opened, lambda state: "modal" in state)
        filled = {"user": user, "interaction_id_of_modal": opened, "values": values}
        return str((await self.call("POST", "/control/submit", filled))["interaction_id"])

    async def interaction(self, interaction_id: str) -> dict[str, Any]:
        state: dict[str, Any] = await self.call("GET", f"/control/interactions/{interaction_id}")
        return state

    async def until(
        self, interaction_id: str, done: Callable[[dict[str, Any]], Any], seconds: float = 8
    ) -> dict[str, Any]:
        async with asyncio.timeout(seconds):
            while not done(state := await self.interaction(interaction_id)):  # noqa: ASYNC110 - another process is asked
                await asyncio.sleep(0.02)
        return state

    async def private_answer(self, interaction_id: str) -> str:
        """The words that only the author sees; nothing that others see may be left."""
        state = await self.until(interaction_id, _told)
        seen = [state["message"]] if "message" in state else []
        left = [message for message in [*seen, *state["followups"]] if not message.get("deleted")]
        assert [bool(message["flags"] & 64) for message in left] == [True]
        assert left[0]["visible_to"] == state["user_id"]
        return str(left[0]["content"]).replace("\\", "")


def _told(state: dict[str, Any]) -> bool:
    ephemeral = "message" in state and state["message"]["flags"] & 64 and not state["message"]["flags"] & 128
    return bool(ephemeral or state["followups"])


@asynccontextmanager
async def connected(bot: Bot) -> AsyncIterator[Bot]:
    """Keep the bot connected, from the moment it knows its guild."""
    running = asyncio.create_task(bot.start(TOKEN))
    try:
        async with asyncio.timeout(15):
            while not (bot.guilds and not bot.guilds[0].unavailable):
                assert not running.done(), running.exception()
                await asyncio.sleep(0.02)
        yield bot
    finally:
        await bot.drain()
        await bot.close()
        await running


class NoPresets:
    """`bot.ports.Presetting` of people who saved none."""

    async def save(self, owner: Owner, name: str, options: Mapping[str, Any]) -> Preset | None:
        raise NotImplementedError(name)

    async def presets(self, owner: Owner) -> Sequence[Preset]:
        return []

    async def shared(self, code: str) -> Preset | None:
        return None

    async def delete(self, owner: Owner, name: str) -> bool:
        return False


async def _nothing(*_: object, **__: object) -> None:
    """Stand for the work of the commands that are not used here."""


def build(
    queue: MemoryQueue,
    session: aiohttp.ClientSession,
    catalogue: Catalogue,
    extras_user: int = 0,
    records: MemoryRecords | None = None,
    drafts: MemoryDrafts | None = None,
) -> Bot:
    intake = Intake(
        catalogue=catalogue,
        queue=queue,
        records=records or MemoryRecords(),
        session=session,
        hosts=("127.0.0.1",),
        max_bytes=512 * 1024,
        extras_users={extras_user},
        chance=random.Random(7),
        now=lambda: 1_800_000_000.0,
    )
    reimagine = Reimagine(intake, drafts or MemoryDrafts())

    async def fetch(source: Source) -> bytes:
        data, _ = await attachments.fetch(session, source.url, source.size, intake.max_bytes, intake.hosts)
        return data

    past = NothingPast()
    recall = Recall(past, past, fetch)
    sources = Sources(past, recall)
    does = {
        "imagine": Imagine(intake, sources, Presets(NoPresets(), past, past, catalogue)),
        "sources": sources.complete,
        "reimagine": reimagine,
        "details": Details(catalogue, recall).on,
    }
    bot = Bot(every_command(catalogue, date(2026, 11, 22), defaultdict(lambda: _nothing, does)))
    bot.presses = {"run": Run(intake, recall)}
    bot.forms = {"reimagine": reimagine.submitted}
    return bot
