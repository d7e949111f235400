"""`/imagine` on the Discord stand-in: requests that are rejected, which only their author sees."""

import logging
from typing import Any

import discord
import pytest

from bot.interactions.permissions import INVITE_PERMISSIONS
from shared.problems import RejectedError, make_problem
from tests.support.discord_guild import GuildClient
from tests.support.fake_stores import FakeJobQueue

pytestmark = pytest.mark.asyncio(loop_scope="module")

PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 100


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"prompt": "   "}, "Your prompt is empty"),
        ({"prompt": "castle::1.2.3"}, "The “::” after “castle” needs a number, and “1.2.3” isn't one."),
        ({"prompt": "castle::0 | crowds::-1"}, "Your prompt names nothing to show"),
        ({"prompt": "castle", "keep": 30}, "“keep” needs a picture to work on"),
        ({"prompt": "castle", "model": "stable-image-core", "image": PNG}, "works from words alone"),
        ({"prompt": "castle", "image": PNG, "aspect": "16:9"}, "the result keeps the picture's shape. Remove “aspect”"),
        ({"prompt": "castle", "command": "sdxl", "extras": "{}"}, "“extras” is for testers only"),
        ({"prompt": "castle", "command": "sdxl", "extras": "[", "user": "ben"}, "“extras” has to be a JSON object"),
        ({"prompt": "castle", "image": b""}, "That file is empty"),
        (
            {"prompt": "castle", "image": PNG + bytes(512 * 1024)},
            "That picture is 0.6 MB, and the limit here is 0.5 MB.",
        ),
        ({"prompt": "castle", "image": b"<html>" + bytes(50)}, "That file isn't a picture I can read"),
        ({"prompt": "castle", "model": "dall-e"}, "no model called “dall-e”. Choose one of these"),
    ],
)
async def test_a_problem_is_shown_to_the_author_alone_and_nothing_is_queued(
    guild: GuildClient, job_queue: FakeJobQueue, options: dict[str, Any], problem: str
) -> None:
    interaction = await guild.invoke_imagine(**options)

    answer = await guild.read_private_answer(interaction)

    assert problem in answer
    assert job_queue.jobs == {}


async def test_all_problems_are_shown_at_once(guild: GuildClient, job_queue: FakeJobQueue) -> None:
    interaction = await guild.invoke_imagine(
        command="sdxl", prompt="castle::1.2.3", schedule_end=0.2, keep=30, extras="{}"
    )

    first, *more = (await guild.read_private_answer(interaction)).splitlines()

    assert first == "4 things to fix:"
    assert [line[:2] for line in more] == ["- "] * 4
    assert job_queue.jobs == {}


async def test_french_clients_read_french(guild: GuildClient, job_queue: FakeJobQueue) -> None:
    interaction = await guild.invoke_imagine(prompt="château", keep=30, locale="fr", user="ben")

    answer = await guild.read_private_answer(interaction)
    await guild.call_api("PATCH", "/control/users/ben", {"locale": "en-US"})

    assert answer.startswith("«\u00a0garder\u00a0» a besoin d'une image")
    assert job_queue.jobs == {}


@pytest.mark.parametrize(
    ("lacking", "name"),
    [
        ("attach_files", "Attach Files"),
        ("embed_links", "Embed Links"),
        ("read_message_history", "Read Message History"),
        ("send_messages", "Send Messages"),
    ],
)
async def test_a_missing_permission_is_named_before_anything_is_queued(
    guild: GuildClient, job_queue: FakeJobQueue, lacking: str, name: str
) -> None:
    deny = discord.Permissions(**{lacking: True}).value
    await guild.call_api("PUT", f"/control/permissions/{guild.channel}", {"deny": str(deny)})

    interaction = await guild.invoke_imagine(prompt="a castle")
    answer = await guild.read_private_answer(interaction)

    assert f"give me these permissions here: {name}." in answer
    assert job_queue.jobs == {}


async def test_a_rejection_by_the_queue_is_shown_to_the_author_alone(
    guild: GuildClient, job_queue: FakeJobQueue
) -> None:
    job_queue.error = RejectedError(make_problem("too_many_waiting", count=20, limit=20))

    interaction = await guild.invoke_imagine(prompt="a castle", image=PNG)
    answer = await guild.read_private_answer(interaction)

    assert answer.startswith("You already have 20 requests waiting")
    assert job_queue.jobs == {}


async def test_an_unexpected_error_is_logged_with_the_job_and_reported_to_the_author(
    guild: GuildClient, job_queue: FakeJobQueue, caplog: pytest.LogCaptureFixture
) -> None:
    job_queue.error = ZeroDivisionError("surprise")

    with caplog.at_level(logging.ERROR, "bot"):
        interaction = await guild.invoke_imagine(prompt="a castle")
        answer = await guild.read_private_answer(interaction)

    assert "Something went wrong. It's the bot's fault" in answer
    assert [record.getMessage() for record in caplog.records] == [f"job {interaction}: the command failed"]


async def test_the_invite_asks_for_exactly_the_permissions_the_bot_needs() -> None:
    named = {name for name, granted in INVITE_PERMISSIONS if granted}

    assert named == {
        *("read_messages", "send_messages", "send_messages_in_threads", "create_public_threads"),
        *("attach_files", "embed_links", "read_message_history"),
    }


@pytest.mark.parametrize(
    "match", [{"method": "PATCH", "path_regex": "@original$"}, {"method": "POST", "path_regex": "/callback"}]
)
async def test_a_response_that_discord_rejects_ends_in_an_explanation(
    guild: GuildClient, job_queue: FakeJobQueue, match: dict[str, str]
) -> None:
    await guild.call_api("POST", "/control/faults", {"match": match, "action": "status:400", "times": 1})

    answer = await guild.read_private_answer(await guild.invoke_imagine(prompt="a castle"))

    assert answer.startswith("Something went wrong. It's the bot's fault")
    assert job_queue.jobs == {}
