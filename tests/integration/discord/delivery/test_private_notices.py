"""What is wrong with a picture is told to its author alone."""

from types import SimpleNamespace
from typing import Any

import discord
import pytest

from bot.interactions.followups import RecentFollowups
from bot.rendering.markdown import escape_markdown
from shared.catalogue import Catalogue
from shared.i18n.messages import load_messages
from shared.job import Job, make_variant_id
from shared.outcome import Failed, Filtered, FilteredPart, Outcome
from shared.problems import make_problem
from tests.support.delivery import FakeOutcomeStream, deliver_outcome, make_consumer
from tests.support.discord_channel import PROMPT, DiscordChannel, read_text

BROKEN = Failed(problem=make_problem("picture_truncated", type="JPEG"))
PROBLEM_TEXT = escape_markdown(load_messages("en").format_problem(BROKEN.problem), 4000)


class FakeWebhook:
    """A webhook of an interaction. `error_status`: the HTTP status with which Discord refuses messages, or 0."""

    def __init__(self, error_status: int = 0) -> None:
        self.error_status = error_status
        self.texts: list[str] = []

    async def send(self, content: str, *, ephemeral: bool, allowed_mentions: discord.AllowedMentions) -> None:
        assert (ephemeral, allowed_mentions.users) == (True, False)
        if self.error_status:
            response: Any = SimpleNamespace(status=self.error_status, reason="", headers={})
            raise discord.HTTPException(response, {"code": 50027, "message": "Invalid Webhook Token"})
        self.texts.append(content)


def remember(webhook: FakeWebhook, *jobs: Job) -> RecentFollowups:
    followups, interaction = RecentFollowups(), SimpleNamespace(followup=webhook)
    followups.remember(interaction, [job.id for job in jobs])  # type: ignore[arg-type]  # a fake
    return followups


async def list_direct_messages(discord_channel: DiscordChannel, job: Job) -> list[dict[str, Any]]:
    """List the direct messages about a job."""
    messages = await discord_channel.list_direct_messages()
    return [message for message in messages if job.id in str(message["components"])]


async def assert_nothing_public(discord_channel: DiscordChannel, job: Job) -> None:
    assert await discord_channel.list_messages() == []
    assert discord_channel.count_requests("POST", f"/{job.origin.message_id}/threads") == 0


async def test_a_broken_picture_is_told_in_response_to_the_command_and_the_status_message_goes(
    discord_channel: DiscordChannel, outcome_stream: FakeOutcomeStream, catalogue: Catalogue
) -> None:
    job, webhook = await discord_channel.submit_job(), FakeWebhook()
    consumer = make_consumer(discord_channel.client, outcome_stream, catalogue, followups=remember(webhook, job))
    outcome_stream.finish_job(job, BROKEN)

    assert await deliver_outcome(consumer, outcome_stream, job) is None

    assert webhook.texts == [f"{PROBLEM_TEXT}\n-# This cost nothing."]
    assert await list_direct_messages(discord_channel, job) == []
    await assert_nothing_public(discord_channel, job)


@pytest.mark.parametrize("error_status", [401, 404, None])
async def test_a_broken_picture_is_told_directly_where_discord_no_longer_takes_a_response(
    discord_channel: DiscordChannel, outcome_stream: FakeOutcomeStream, catalogue: Catalogue, error_status: int | None
) -> None:
    job = await discord_channel.submit_job()
    followups = RecentFollowups() if error_status is None else remember(FakeWebhook(error_status), job)
    consumer = make_consumer(discord_channel.client, outcome_stream, catalogue, followups=followups)
    outcome_stream.finish_job(job, BROKEN)

    message = await deliver_outcome(consumer, outcome_stream, job)

    (direct,) = await list_direct_messages(discord_channel, job)
    assert direct["id"] == str(message)
    assert PROBLEM_TEXT.split(".", maxsplit=1)[0] in read_text(direct)
    assert load_messages("en").text("thread.direct") not in read_text(direct)
    await assert_nothing_public(discord_channel, job)


async def test_an_author_who_cannot_be_told_alone_reads_no_details_in_public(
    discord_channel: DiscordChannel, outcome_stream: FakeOutcomeStream, catalogue: Catalogue
) -> None:
    job = await discord_channel.submit_job()
    await discord_channel.call_control("PATCH", "users/ada", {"dms_closed": True})
    outcome_stream.finish_job(job, BROKEN)
    try:
        await deliver_outcome(make_consumer(discord_channel.client, outcome_stream, catalogue), outcome_stream, job)
    finally:
        await discord_channel.call_control("PATCH", "users/ada", {"dms_closed": False})

    messages = load_messages("en")
    text = await discord_channel.read_status(job)
    assert text == messages.text("status.failed", where=messages.text("status.nowhere"))


async def test_the_variants_of_an_exploration_tell_of_their_picture_once(
    discord_channel: DiscordChannel, outcome_stream: FakeOutcomeStream, catalogue: Catalogue
) -> None:
    first, webhook = await discord_channel.submit_job(), FakeWebhook()
    variants = [first.model_copy(update={"id": make_variant_id(first.id, number)}) for number in (1, 2)]
    consumer = make_consumer(discord_channel.client, outcome_stream, catalogue, followups=remember(webhook, *variants))
    for variant in variants:
        outcome_stream.finish_job(variant, BROKEN)
        await deliver_outcome(consumer, outcome_stream, variant)

    assert webhook.texts == [f"{PROBLEM_TEXT}\n-# This cost nothing."]
    assert await discord_channel.read_status(first) == "Your request has arrived."


@pytest.mark.parametrize(
    "outcome", [Failed(problem=make_problem("internal")), Filtered(part=FilteredPart.PROMPT, duration_seconds=1)]
)
async def test_others_read_a_notice_without_the_prompt_and_its_author_reads_the_prompt_with_it(
    discord_channel: DiscordChannel, outcome_stream: FakeOutcomeStream, catalogue: Catalogue, outcome: Outcome
) -> None:
    job, webhook = await discord_channel.submit_job(), FakeWebhook()
    outcome_stream.finish_job(job, outcome)
    consumer = make_consumer(discord_channel.client, outcome_stream, catalogue, followups=remember(webhook, job))

    await deliver_outcome(consumer, outcome_stream, job)

    (text,) = webhook.texts
    assert f"“{PROMPT}”" in text
    (notice,) = await discord_channel.list_messages(job.origin.message_id)
    public = [read_text(notice), await discord_channel.read_status(job)]
    public.append(str(await discord_channel.read_thread_name(job)))
    assert not any(PROMPT in words for words in public)


async def test_a_notice_is_delivered_even_if_its_author_cannot_be_told_more(
    discord_channel: DiscordChannel, outcome_stream: FakeOutcomeStream, catalogue: Catalogue
) -> None:
    job = await discord_channel.submit_job()
    outcome_stream.finish_job(job, Failed(problem=make_problem("internal")))
    followups = remember(FakeWebhook(500), job)
    consumer = make_consumer(discord_channel.client, outcome_stream, catalogue, followups=followups)

    await deliver_outcome(consumer, outcome_stream, job)

    assert len(await discord_channel.list_messages(job.origin.message_id)) == 1
