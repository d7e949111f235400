"""The bot's client, a queue in memory, and a guild of the stand-in as its control API shows it."""

import asyncio
import base64
import json
import random
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Sequence
from contextlib import asynccontextmanager
from datetime import date
from typing import Any

import aiohttp

from bot.command_registry import build_commands
from bot.discord_client.client import Bot
from bot.discord_client.feature import Feature
from bot.domain.draft import Draft
from bot.domain.images import RemoteImage, StoredImage
from bot.domain.presets import Preset, PresetOwner
from bot.domain.records import JobRecord
from bot.domain.search import SearchPage, SearchQuery
from bot.domain.status import JobStatus
from bot.features.imagine.command import ImagineCommand
from bot.features.reimagine.feature import build_reimagine_feature
from bot.features.result_actions.feature import build_result_actions_feature
from bot.results.lookup import ResultLookup
from bot.submission.images import ImageFetcher
from bot.submission.option_parser import OptionParser
from bot.submission.preset_option import PresetOption
from bot.submission.source_option import SourceOption
from bot.submission.submitter import JobSubmitter
from bot.submission.validation import RequestValidator
from shared.catalogue import Catalogue
from shared.job import Job
from shared.problems import Problem

TOKEN = "demo-token"


class FakeJobQueue:
    """A `JobQueue` in memory. `error` is raised instead of accepting, `delay` awaited before."""

    def __init__(self) -> None:
        self.jobs: dict[str, Job] = {}
        self.sources: dict[str, bytes | None] = {}
        self.threads: dict[str, int] = {}
        self.error: Exception | None = None
        self.delay: Awaitable[object] | None = None

    async def enqueue_job(self, job: Job, image: bytes | None, *, unknown_calls: int = 0) -> bool:
        if self.delay is not None:
            await self.delay
        if self.error is not None:
            raise self.error
        if job.id in self.jobs:
            return False
        self.jobs[job.id], self.sources[job.id] = job, image
        return True

    async def set_thread(self, job_id: str, thread_id: int) -> None:
        self.threads[job_id] = thread_id

    def reset(self) -> None:
        self.__init__()  # type: ignore[misc]


class FakeSubmissionStore:
    """A `SubmissionStore` in memory: the latest state of each job. `error` is raised instead of accepting."""

    def __init__(self) -> None:
        self.states: dict[str, str] = {}
        self.sources: dict[str, RemoteImage | StoredImage | None] = {}
        self.hashes: dict[str, str | None] = {}
        self.error: Exception | None = None

    async def add_job(self, job: Job, image: RemoteImage | StoredImage | None) -> bool:
        if self.error is not None:
            raise self.error
        if job.id in self.states:
            return False
        self.states[job.id], self.sources[job.id] = "accepted", image
        return True

    async def mark_queued(self, job_id: str, sha256: str | None) -> None:
        self.states[job_id], self.hashes[job_id] = "queued", sha256

    async def mark_rejected(self, job_id: str, problem: Problem) -> None:
        self.states[job_id] = problem.code

    def reset(self) -> None:
        self.__init__()  # type: ignore[misc]


class EmptyJobHistory:
    """A `JobHistory`, `ImageStore`, `JobSearch` and `JobStatusReader` without any job."""

    async def find_job(self, job_id: str) -> JobRecord | None:
        return None

    async def find_latest_result(self, thread_id: int) -> JobRecord | None:
        return None

    async def list_results(self, thread_id: int, limit: int) -> Sequence[JobRecord]:
        return []

    async def find_first_job(self, thread_id: int) -> JobRecord | None:
        return None

    async def mark_result_deleted(self, job_id: str) -> None:
        return None

    async def load_source_image(self, sha256: str) -> StoredImage | None:
        return None

    async def load_undelivered_image(self, job_id: str) -> bytes | None:
        return None

    async def list_open_jobs(self) -> Sequence[str]:
        return []

    async def load_statuses(self, job_ids: Collection[str]) -> Sequence[JobStatus]:
        return []

    async def load_prepared_image(self, job_id: str) -> bytes | None:
        return None

    async def search_jobs(
        self, query: SearchQuery, *, guild_id: int | None, channel_ids: Collection[int], limit: int, offset: int = 0
    ) -> SearchPage:
        return SearchPage([], 0)


class FakeDraftStore:
    """A `DraftStore` in memory."""

    def __init__(self) -> None:
        self.drafts: dict[str, Draft] = {}

    async def save_draft(self, draft_id: str, draft: Draft) -> None:
        self.drafts[draft_id] = draft

    async def load_draft(self, draft_id: str) -> Draft | None:
        return self.drafts.get(draft_id)


async def wait_until(condition: Callable[[], Any], seconds: float = 8) -> None:
    """Wait until it holds, or fail."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 - what is looked at has no event
            await asyncio.sleep(0.02)


class GuildClient:
    """The stand-in's guild, as its control API shows it."""

    def __init__(self, session: aiohttp.ClientSession, info: dict[str, Any]) -> None:
        self._session = session
        self.info = info
        self.channel: str = info["channel_id"]

    async def call_api(self, method: str, path: str, body: Any = None) -> Any:
        async with self._session.request(method, self.info["url"] + path, json=body) as response:
            answer = await response.json()
            assert response.status < 300, answer
            return answer

    async def create_channel(self, kind: int = 0) -> str:
        channel = await self.call_api("POST", "/control/channels", {"name": "studio", "type": kind})
        self.channel = channel["id"]
        return self.channel

    async def invoke_imagine(
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
        answer = await self.call_api("POST", "/control/invoke", body | {"channel_id": channel or self.channel})
        return str(answer["interaction_id"])

    async def post_files(self, *files: tuple[str, bytes], user: str = "ada") -> str:
        """Post a message with these files as a person does; the answer is its id."""
        form = aiohttp.FormData()
        shown = [{"id": place, "filename": name} for place, (name, _) in enumerate(files)]
        form.add_field("payload_json", json.dumps({"content": "look", "attachments": shown}))
        for place, (name, data) in enumerate(files):
            form.add_field(f"files[{place}]", data, filename=name)
        path = f"/client/channels/{self.channel}/messages?user={user}"
        async with self._session.post(self.info["url"] + path, data=form) as answer:
            assert answer.status == 200, await answer.text()
            return str((await answer.json())["id"])

    async def invoke_message_command(self, message: str, name: str, *, user: str = "ada", locale: str = "en-US") -> str:
        """Use a command of the menu of a message; the answer is the interaction's id."""
        used = {"user": user, "name": name, "locale": locale, "channel_id": self.channel, "target_id": message}
        return str((await self.call_api("POST", "/control/invoke", used))["interaction_id"])

    async def press_button(self, message: str, custom_id: str, *, user: str = "ada") -> str:
        """Press the button of this custom id; the answer is the interaction's id."""
        pressed = {"user": user, "message_id": message, "custom_id": custom_id}
        return str((await self.call_api("POST", "/control/press", pressed))["interaction_id"])

    async def submit_modal(self, opened: str, *, user: str = "ada", **values: Any) -> str:
        """Fill in the form that an interaction was answered with, and send it."""
        await self.wait_for_interaction(opened, lambda state: "modal" in state)
        filled = {"user": user, "interaction_id_of_modal": opened, "values": values}
        return str((await self.call_api("POST", "/control/submit", filled))["interaction_id"])

    async def fetch_interaction(self, interaction_id: str) -> dict[str, Any]:
        state: dict[str, Any] = await self.call_api("GET", f"/control/interactions/{interaction_id}")
        return state

    async def wait_for_interaction(
        self, interaction_id: str, condition: Callable[[dict[str, Any]], Any], seconds: float = 8
    ) -> dict[str, Any]:
        async with asyncio.timeout(seconds):
            while not condition(state := await self.fetch_interaction(interaction_id)):  # noqa: ASYNC110 - another process is asked
                await asyncio.sleep(0.02)
        return state

    async def read_private_answer(self, interaction_id: str) -> str:
        """The words that only the author sees; nothing that others see may be left."""
        state = await self.wait_for_interaction(interaction_id, _has_private_answer)
        seen = [state["message"]] if "message" in state else []
        left = [message for message in [*seen, *state["followups"]] if not message.get("deleted")]
        assert [bool(message["flags"] & 64) for message in left] == [True]
        assert left[0]["visible_to"] == state["user_id"]
        return str(left[0]["content"]).replace("\\", "")


def _has_private_answer(state: dict[str, Any]) -> bool:
    ephemeral = "message" in state and state["message"]["flags"] & 64 and not state["message"]["flags"] & 128
    return bool(ephemeral or state["followups"])


@asynccontextmanager
async def connect_bot(bot: Bot) -> AsyncIterator[Bot]:
    """Keep the bot connected, from the moment it knows its guild."""
    running = asyncio.create_task(bot.start(TOKEN))
    try:
        async with asyncio.timeout(15):
            while not (bot.guilds and not bot.guilds[0].unavailable):
                assert not running.done(), running.exception()
                await asyncio.sleep(0.02)
        yield bot
    finally:
        await bot.running_interactions.drain()
        await bot.close()
        await running


class EmptyPresetStore:
    """A `PresetReader` without any preset."""

    async def list_presets(self, owner: PresetOwner) -> Sequence[Preset]:
        return []


async def _do_nothing(*_: object, **__: object) -> None:
    """Stand for the work of the commands that are not used here."""


def build_bot(
    queue: FakeJobQueue,
    session: aiohttp.ClientSession,
    catalogue: Catalogue,
    extras_user: int = 0,
    records: FakeSubmissionStore | None = None,
    drafts: FakeDraftStore | None = None,
) -> Bot:
    hosts, max_bytes = ("127.0.0.1",), 512 * 1024
    images = ImageFetcher(session, hosts, max_bytes)
    validator = RequestValidator(catalogue, hosts, max_bytes, {extras_user})
    intake = JobSubmitter(
        validator,
        images,
        queue,
        records or FakeSubmissionStore(),
        rng=random.Random(7),
        clock=lambda: 1_800_000_000.0,
    )

    past = EmptyJobHistory()
    recall = ResultLookup(past, past, past, images.fetch_image)
    sources = SourceOption(past, recall)
    parser = OptionParser(validator, sources, PresetOption(EmptyPresetStore()), {extras_user})
    does = {
        "imagine": ImagineCommand(parser, intake),
        "sources": sources.autocomplete_source,
    }
    unused: Any = None
    features = [
        Feature(build_commands(catalogue, date(2026, 11, 22), defaultdict(lambda: _do_nothing, does))),
        build_reimagine_feature(validator, intake, drafts or FakeDraftStore(), catalogue),
        build_result_actions_feature(intake, recall, unused, unused, catalogue),
    ]
    return Bot(features)
