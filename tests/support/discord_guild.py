"""The bot's client, and a guild of the stand-in for Discord as its control API shows it."""

import asyncio
import base64
import json
import random
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import date
from typing import Any

import aiohttp

from bot.discord_client.client import Bot
from bot.features.history.feature import build_history_feature
from bot.features.imagine.feature import build_imagine_feature
from bot.features.preferences.feature import build_preferences_feature
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
from tests.support.fake_stores import (
    EmptyJobHistory,
    EmptyPresetStore,
    FakeDraftStore,
    FakeJobQueue,
    FakeSubmissionStore,
)

TOKEN = "demo-token"


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
    unused: Any = None
    features = [
        build_imagine_feature(parser, intake, catalogue, date(2026, 11, 22)),
        build_preferences_feature(unused, catalogue),
        build_history_feature(unused, unused, unused, unused, unused, unused, catalogue),
        build_reimagine_feature(validator, intake, drafts or FakeDraftStore(), catalogue),
        build_result_actions_feature(intake, recall, unused, unused, catalogue),
    ]
    return Bot(features)
