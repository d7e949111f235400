"""Where a result appears: a preview in place of the status message, the thread alone, or the channel alone."""

import json
import time
from typing import Any

import pytest
from PIL import Image

from bot.delivery.consumer import OutcomeConsumer
from bot.domain.guild_settings import GuildSettings, ResultPlace
from shared.catalogue import Catalogue
from shared.job import make_variant_id
from shared.outcome import Failed, Filtered, FilteredPart
from shared.problems import make_problem
from tests.support.delivery import FakeOutcomeStream, deliver_outcome, make_consumer
from tests.support.discord_channel import PROMPT, DiscordChannel, make_generated, read_text
from tests.support.images import encode_image, make_png

WIDE_PNG = encode_image(Image.new("RGB", (1600, 800), "teal"), "PNG")


@pytest.fixture
def in_channel(
    discord_channel: DiscordChannel, outcome_stream: FakeOutcomeStream, catalogue: Catalogue
) -> OutcomeConsumer:
    """A consumer on a server that wants everything in the channel."""
    settings = GuildSettings(result_place=ResultPlace.CHANNEL)
    return make_consumer(discord_channel.client, outcome_stream, catalogue, guild_settings=settings)


def list_labels(message: dict[str, Any]) -> list[str]:
    return [button["label"] for row in message["components"] for button in row.get("components", [])]


async def test_the_status_message_becomes_a_preview_that_links_to_the_result(
    discord_channel: DiscordChannel, outcome_stream: FakeOutcomeStream, consumer: OutcomeConsumer
) -> None:
    job = await discord_channel.submit_job()
    outcome_stream.finish_job(job, make_generated(), WIDE_PNG)

    message = await deliver_outcome(consumer, outcome_stream, job)

    status = await discord_channel.find_status(job)
    (file,) = await discord_channel.list_files(status)
    assert file["filename"] == f"pentimento-{job.id}-4294967295-preview.jpg"
    assert (file["width"], file["height"]) == (512, 256)
    gallery = status["components"][0]["items"][0]
    assert gallery["description"] == f"Picture edited by AI with the prompt “{PROMPT}”"
    link = f"https://discord.com/channels/{discord_channel.guild_id}/{job.origin.message_id}/{message}"
    facts = "SD 3.5 Large · keep 35% · seed `4294967295`"
    assert read_text(status).strip().splitlines() == [
        f"“{PROMPT}”",
        f"-# <@{discord_channel.ada_id}> · {facts} · [Full size]({link})",
    ]
    assert list_labels(status) == ["Re-roll", "Vary", "Upscale"]
    assert status["mentions"] == []


async def test_a_preview_is_tried_again_until_discord_takes_it(
    discord_channel: DiscordChannel,
    outcome_stream: FakeOutcomeStream,
    consumer: OutcomeConsumer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("bot.status.status_messages.FINAL_EDIT_RETRY_DELAYS", (0.01,))
    job = await discord_channel.submit_job()
    edit = f"/channels/{discord_channel.channel_id}/messages/{job.origin.message_id}$"
    await discord_channel.inject_fault("status:503", "PATCH", edit, times=3)
    outcome_stream.finish_job(job, make_generated(), make_png())

    await deliver_outcome(consumer, outcome_stream, job)

    assert len(await discord_channel.list_files(await discord_channel.find_status(job))) == 1
    assert len(await discord_channel.list_messages(job.origin.message_id)) == 1


async def test_where_a_preview_is_refused_the_status_message_says_where_the_result_is(
    discord_channel: DiscordChannel, outcome_stream: FakeOutcomeStream, consumer: OutcomeConsumer
) -> None:
    job = await discord_channel.submit_job()
    edit = f"/channels/{discord_channel.channel_id}/messages/{job.origin.message_id}$"
    await discord_channel.inject_fault("status:403", "PATCH", edit)
    outcome_stream.finish_job(job, make_generated(), make_png())

    await deliver_outcome(consumer, outcome_stream, job)

    assert (await discord_channel.read_status(job)).startswith(f"Done: [“{PROMPT}”](https://")


async def test_a_server_may_want_its_results_in_threads_alone(
    discord_channel: DiscordChannel, outcome_stream: FakeOutcomeStream, catalogue: Catalogue
) -> None:
    settings = GuildSettings(result_place=ResultPlace.THREAD)
    consumer = make_consumer(discord_channel.client, outcome_stream, catalogue, guild_settings=settings)
    job = await discord_channel.submit_job()
    outcome_stream.finish_job(job, make_generated(), make_png())

    message = await deliver_outcome(consumer, outcome_stream, job)

    link = f"https://discord.com/channels/{discord_channel.guild_id}/{job.origin.message_id}/{message}"
    assert await discord_channel.read_status(job) == f"Done: [“{PROMPT}”]({link}) · <@{discord_channel.ada_id}>"


async def test_a_server_may_want_the_whole_result_in_its_channel_and_no_thread(
    discord_channel: DiscordChannel, outcome_stream: FakeOutcomeStream, in_channel: OutcomeConsumer
) -> None:
    job = await discord_channel.submit_job()
    outcome_stream.finish_job(job, make_generated(), WIDE_PNG)

    message = await deliver_outcome(in_channel, outcome_stream, job)

    assert message == job.origin.message_id
    (status,) = await discord_channel.list_messages()
    (file,) = await discord_channel.list_files(status)
    assert (file["width"], file["height"]) == (1600, 800)
    assert "More…" in list_labels(status["components"][0])
    assert await discord_channel.read_thread_name(job) is None


async def test_a_result_in_the_channel_is_not_shown_twice_by_the_next_bot(
    discord_channel: DiscordChannel,
    outcome_stream: FakeOutcomeStream,
    in_channel: OutcomeConsumer,
    catalogue: Catalogue,
) -> None:
    job = await discord_channel.submit_job()
    outcome_stream.finish_job(job, make_generated(), make_png())
    await deliver_outcome(in_channel, outcome_stream, job)
    del outcome_stream.delivered_messages[job.id]
    outcome_stream.redeliver(job)
    edits = discord_channel.count_requests("PATCH", f"/messages/{job.origin.message_id}")

    # the server has changed its mind meanwhile
    message = await deliver_outcome(
        make_consumer(discord_channel.client, outcome_stream, catalogue), outcome_stream, job
    )

    assert message == job.origin.message_id
    assert len(await discord_channel.list_messages()) == 1
    assert discord_channel.count_requests("PATCH", f"/messages/{job.origin.message_id}") == edits
    assert await discord_channel.read_thread_name(job) is None


async def test_a_result_in_the_channel_that_pings_is_a_message_of_its_own(
    discord_channel: DiscordChannel, outcome_stream: FakeOutcomeStream, in_channel: OutcomeConsumer
) -> None:
    submitted = await discord_channel.submit_job()
    requester = submitted.requester.model_copy(update={"may_ping": True})
    job = submitted.model_copy(update={"requester": requester, "accepted_at": time.time() - 61})
    outcome_stream.finish_job(job, make_generated(), make_png())

    message = await deliver_outcome(in_channel, outcome_stream, job)

    _, reply = await discord_channel.list_messages()
    assert reply["id"] == str(message)
    assert [user["id"] for user in reply["mentions"]] == [str(discord_channel.ada_id)]
    assert await discord_channel.read_thread_name(job) is None


async def test_a_notice_in_the_channel_takes_the_place_of_the_status_message_without_the_prompt(
    discord_channel: DiscordChannel, outcome_stream: FakeOutcomeStream, in_channel: OutcomeConsumer
) -> None:
    job = await discord_channel.submit_job()
    outcome_stream.finish_job(job, Filtered(part=FilteredPart.PROMPT, duration_seconds=1))

    await deliver_outcome(in_channel, outcome_stream, job)

    (status,) = await discord_channel.list_messages()
    assert "filter" in read_text(status)
    assert PROMPT not in read_text(status)


async def test_that_a_job_was_cancelled_is_said_where_it_waited_and_no_thread_is_opened(
    discord_channel: DiscordChannel, outcome_stream: FakeOutcomeStream, consumer: OutcomeConsumer
) -> None:
    job = await discord_channel.submit_job()
    outcome_stream.finish_job(job, Failed(problem=make_problem("cancelled", name="Ada")))

    message = await deliver_outcome(consumer, outcome_stream, job)

    assert message == job.origin.message_id
    assert "Ada cancelled" in await discord_channel.read_status(job)
    assert await discord_channel.read_thread_name(job) is None


async def test_a_thread_that_began_without_a_picture_is_named_after_the_prompt_of_its_first_picture(
    discord_channel: DiscordChannel, outcome_stream: FakeOutcomeStream, catalogue: Catalogue
) -> None:
    first = await discord_channel.submit_job()
    variants = [first.model_copy(update={"id": make_variant_id(first.id, number)}) for number in (1, 2)]

    async with discord_channel.connect_gateway() as client:
        consumer = make_consumer(client, outcome_stream, catalogue)
        names = []
        for variant, outcome in zip(
            variants, (Filtered(part=FilteredPart.OUTPUT, duration_seconds=1), None), strict=True
        ):
            outcome_stream.finish_job(variant, outcome or make_generated(), None if outcome else make_png())
            await deliver_outcome(consumer, outcome_stream, variant)
            names.append(await discord_channel.read_thread_name(first))

    assert names == ["No picture this time", PROMPT]


@pytest.mark.parametrize(
    ("settings", "is_whole"),
    [
        (GuildSettings(), True),
        (GuildSettings(tasks=frozenset({"generate"}), models=frozenset({"sd3.5-large"})), False),
    ],
)
async def test_buttons_offer_only_what_the_server_offers(
    discord_channel: DiscordChannel,
    outcome_stream: FakeOutcomeStream,
    catalogue: Catalogue,
    settings: GuildSettings,
    is_whole: bool,
) -> None:
    consumer = make_consumer(discord_channel.client, outcome_stream, catalogue, guild_settings=settings)
    made, gone = [await discord_channel.submit_job() for _ in range(2)]
    words_alone = gone.request.model_copy(update={"has_picture": False})
    gone = gone.model_copy(update={"request": words_alone})
    outcome_stream.finish_job(made, make_generated(), WIDE_PNG)
    outcome_stream.finish_job(gone, Failed(problem=make_problem("model_gone", model="SD 3.5 Large")))

    for job in (made, gone):
        await deliver_outcome(consumer, outcome_stream, job)

    [result] = await discord_channel.list_messages(made.origin.message_id)
    [notice] = await discord_channel.list_messages(gone.origin.message_id)
    assert list_labels(await discord_channel.find_status(made)) == ["Re-roll", "Vary", *(["Upscale"] * is_whole)]
    assert ('"upscale:' in json.dumps(result)) is is_whole
    assert ("regenerate_with" in json.dumps(notice)) is is_whole
