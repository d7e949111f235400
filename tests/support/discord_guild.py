"""The bot's client, and a guild of the Discord stand-in seen through its control API."""

import asyncio
import base64
import json
import random
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import aiohttp

from bot.discord_client.client import Bot
from bot.domain.guild_settings import GuildSettings
from bot.explorations.several import PictureSubmitter
from bot.features.foreign_syntax.feature import build_foreign_syntax_feature
from bot.features.help.feature import build_help_feature
from bot.features.help.view import OperatorFacts
from bot.features.history.feature import build_history_feature
from bot.features.imagine.feature import build_imagine_feature
from bot.features.preferences.feature import build_preferences_feature
from bot.features.reimagine.feature import build_reimagine_feature
from bot.features.result_actions.feature import build_details_feature, build_result_actions_feature
from bot.results.deletion import ResultDeletion
from bot.results.lookup import ResultLookup
from bot.results.reuse import ReuseRule
from bot.submission.drafts import DraftImageLoader
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
    FakeGuildSettingsStore,
    FakeJobQueue,
    FakePreferencesStore,
    FakeSubmissionStore,
)

TOKEN = "demo-token"


async def wait_until(condition: Callable[[], Any], seconds: float = 8) -> None:
    """Wait until the condition holds, or fail."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 - the condition has no event
            await asyncio.sleep(0.02)


class GuildClient:
    """A guild of the stand-in, with the actions of its users."""

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

    async def create_thread(self) -> str:
        """Open a public thread as the bot does."""
        path = f"{self.info['url']}/api/v10/channels/{self.channel}/threads"
        headers = {"Authorization": f"Bot {TOKEN}"}
        async with self._session.post(path, json={"name": "talk", "type": 11}, headers=headers) as answer:
            return str((await answer.json())["id"])

    async def invoke_imagine(
        self,
        *,
        image: bytes | None = None,
        filename: str = "me.png",
        locale: str = "en-US",
        user: str = "ada",
        channel: str | None = None,
        command: str = "imagine",
        **options: Any,
    ) -> str:
        files = (
            {"image": {"filename": filename, "base64": base64.b64encode(image).decode()}} if image is not None else {}
        )
        body = {"user": user, "name": command, "locale": locale, "options": options, "files": files}
        answer = await self.call_api("POST", "/control/invoke", body | {"channel_id": channel or self.channel})
        return str(answer["interaction_id"])

    async def post_files(self, *files: tuple[str, bytes], user: str = "ada") -> str:
        """Post a message with these files as a user, and return its id."""
        form = aiohttp.FormData()
        shown = [{"id": place, "filename": name} for place, (name, _) in enumerate(files)]
        form.add_field("payload_json", json.dumps({"content": "look", "attachments": shown}))
        for place, (name, data) in enumerate(files):
            form.add_field(f"files[{place}]", data, filename=name)
        path = f"/client/channels/{self.channel}/messages?user={user}"
        async with self._session.post(self.info["url"] + path, data=form) as answer:
            assert answer.status == 200, await answer.text()
            return str((await answer.json())["id"])

    async def post_text(self, text: str, *, user: str = "ada", channel: str | None = None) -> None:
        path = f"/client/channels/{channel or self.channel}/messages?user={user}"
        await self.call_api("POST", path, {"content": text})

    async def list_texts(self, channel: str) -> list[str]:
        """List what the bot wrote in a channel."""
        messages = (await self.call_api("GET", "/control/state"))["messages"].get(channel, [])
        own = [message for message in messages if message["author"]["id"] == self.info["application_id"]]
        return [message["content"] for message in own if message["content"]]

    async def invoke_command(self, name: str, *, user: str = "ada", channel: str | None = None) -> str:
        """Use a command without options, and return the id of the interaction."""
        used = {"user": user, "name": name, "channel_id": channel or self.channel}
        return str((await self.call_api("POST", "/control/invoke", used))["interaction_id"])

    async def invoke_message_command(self, message: str, name: str, *, user: str = "ada", locale: str = "en-US") -> str:
        """Use a command of a message's menu, and return the id of the interaction."""
        used = {"user": user, "name": name, "locale": locale, "channel_id": self.channel, "target_id": message}
        return str((await self.call_api("POST", "/control/invoke", used))["interaction_id"])

    async def press_button(self, message: str, custom_id: str, *, user: str = "ada") -> str:
        """Press the button of this custom id, and return the id of the interaction."""
        pressed = {"user": user, "message_id": message, "custom_id": custom_id}
        return str((await self.call_api("POST", "/control/press", pressed))["interaction_id"])

    async def submit_modal(self, opened: str, *, user: str = "ada", **values: Any) -> str:
        """Submit the modal that an interaction opened, and return the id of the new interaction."""
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
            while not condition(state := await self.fetch_interaction(interaction_id)):  # noqa: ASYNC110 - the state is in another process
                await asyncio.sleep(0.02)
        return state

    async def read_followup(self, interaction_id: str) -> str:
        """Read the followup that only the user of a component sees."""
        state = await self.wait_for_interaction(interaction_id, lambda state: state["followups"])
        (followup,) = state["followups"]
        assert followup["visible_to"] == state["user_id"]
        return str(followup["content"]).replace("\\", "")

    async def read_private_answer(self, interaction_id: str) -> str:
        """Read the response that only the author sees; no response may be left that others see."""
        state = await self.wait_for_interaction(interaction_id, _has_private_answer)
        seen = [state["message"]] if "message" in state else []
        left = [message for message in [*seen, *state["followups"]] if not message.get("deleted")]
        assert [bool(message["flags"] & 64) for message in left] == [True]
        assert left[0]["visible_to"] == state["user_id"]
        return str(left[0]["content"]).replace("\\", "")


def _has_private_answer(state: dict[str, Any]) -> bool:
    message = state.get("message", {"flags": 0})
    ephemeral = message["flags"] & 64 and not message["flags"] & 128 and not message.get("deleted")
    return bool(ephemeral or state["followups"])


@asynccontextmanager
async def connect_bot(bot: Bot) -> AsyncIterator[Bot]:
    """Connect the bot, wait until it knows its guild, and disconnect it in the end."""
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
    job_queue: FakeJobQueue,
    http_session: aiohttp.ClientSession,
    catalogue: Catalogue,
    extras_user: int = 0,
    submission_store: FakeSubmissionStore | None = None,
    draft_store: FakeDraftStore | None = None,
) -> Bot:
    """Build a bot with the features that need no database, and with fakes of its stores."""
    hosts, max_bytes = ("127.0.0.1",), 512 * 1024
    images = ImageFetcher(http_session, hosts, max_bytes)
    validator = RequestValidator(catalogue, hosts, max_bytes, {extras_user})
    submitter = JobSubmitter(
        validator,
        images,
        job_queue,
        submission_store or FakeSubmissionStore(),
        rng=random.Random(7),
        clock=lambda: 1_800_000_000.0,
    )

    history = EmptyJobHistory()
    result_lookup = ResultLookup(history, history, history, images.fetch_image)
    reuse_rule = ReuseRule(FakePreferencesStore())
    source_option = SourceOption(history, result_lookup, reuse_rule)
    preset_option = PresetOption(EmptyPresetStore())
    option_parser = OptionParser(validator, source_option, preset_option, {extras_user})
    unused: Any = None
    drafts = draft_store or FakeDraftStore()
    pictures = PictureSubmitter(submitter, unused, unused, catalogue)
    features = [
        build_imagine_feature(option_parser, pictures, drafts, history, catalogue),
        build_foreign_syntax_feature(drafts, DraftImageLoader(history, reuse_rule), pictures),
        build_preferences_feature(unused, catalogue),
        build_history_feature(unused, unused, unused, unused, unused, unused, catalogue),
        build_help_feature(
            FakePreferencesStore(),
            FakeGuildSettingsStore(GuildSettings()),
            catalogue,
            OperatorFacts("https://example.org/privacy"),
        ),
        build_details_feature(result_lookup, catalogue),
        build_reimagine_feature(validator, pictures, drafts, history, reuse_rule, preset_option, catalogue),
        build_result_actions_feature(
            submitter,
            result_lookup,
            ResultDeletion(result_lookup, unused),
            reuse_rule,
            unused,
            unused,
            drafts,
            pictures,
            catalogue,
        ),
    ]
    return Bot(features)
