"""Each outcome is posted in the best place that accepts it."""

from pathlib import Path

import pytest

from bot.delivery.consumer import OutcomeConsumer
from bot.storage.images import SqlImageStore
from bot.storage.jobs import SqlJobStore
from bot.storage.session import Database
from shared.catalogue import Catalogue
from shared.i18n.messages import load_messages
from shared.job import Job
from tests.support.delivery import FakeOutcomeStream, deliver_outcome, make_consumer
from tests.support.discord_channel import PROMPT, DiscordChannel, make_generated, read_text, run_in_background
from tests.support.images import make_png


async def test_a_picture_is_posted_in_its_thread_with_its_seed(
    discord_channel: DiscordChannel, outcome_stream: FakeOutcomeStream, consumer: OutcomeConsumer
) -> None:
    job = await discord_channel.submit_job()
    thread = await discord_channel.open_thread(job)
    outcome_stream.finish_job(job, make_generated(), make_png(), thread)
    message = await deliver_outcome(consumer, outcome_stream, job)
    (posted,) = await discord_channel.list_messages(thread)
    assert posted["id"] == str(message)
    assert "seed `4294967295`" in read_text(posted)
    (file,) = await discord_channel.list_files(posted)
    assert file["filename"] == f"pentimento-{job.id}-4294967295.png"
    gallery = posted["components"][0]["components"][0]["items"][0]
    assert gallery["description"] == f"Picture edited by AI with the prompt “{PROMPT}”"
    assert posted["mentions"] == []


async def test_a_thread_that_was_not_opened_yet_is_opened_under_the_status_message(
    discord_channel: DiscordChannel, outcome_stream: FakeOutcomeStream, consumer: OutcomeConsumer
) -> None:
    job = await discord_channel.submit_job(prompt="  a *castle*\nin fog " + "very " * 40)
    outcome_stream.finish_job(job, make_generated(), make_png())
    message = await deliver_outcome(consumer, outcome_stream, job)
    (posted,) = await discord_channel.list_messages(job.origin.message_id)
    assert posted["id"] == str(message)
    names = {c["id"]: c.get("name") for c in (await discord_channel.call_control("GET", "state"))["channels"]}
    assert names[str(job.origin.message_id)].startswith("a *castle* in fog very")


async def test_a_thread_that_exists_but_was_not_recorded_is_used(
    discord_channel: DiscordChannel, outcome_stream: FakeOutcomeStream, consumer: OutcomeConsumer
) -> None:
    job = await discord_channel.submit_job()
    thread = await discord_channel.open_thread(job)
    outcome_stream.finish_job(job, make_generated(), make_png(), thread_id=None)
    await deliver_outcome(consumer, outcome_stream, job)
    assert len(await discord_channel.list_messages(thread)) == 1


async def test_in_a_thread_the_outcome_is_a_reply_to_the_status_message(
    discord_channel: DiscordChannel, outcome_stream: FakeOutcomeStream, consumer: OutcomeConsumer
) -> None:
    job = await discord_channel.submit_job(in_place=True)
    outcome_stream.finish_job(job, make_generated(), make_png())
    message = await deliver_outcome(consumer, outcome_stream, job)
    posted = next(m for m in await discord_channel.list_messages() if m["id"] == str(message))
    assert posted["message_reference"]["message_id"] == str(job.origin.message_id)
    assert "This is here because" not in read_text(posted)


async def test_an_archived_thread_is_reopened(
    discord_channel: DiscordChannel, outcome_stream: FakeOutcomeStream, consumer: OutcomeConsumer
) -> None:
    job = await discord_channel.submit_job()
    thread = await discord_channel.open_thread(job)
    await discord_channel.call_control("PATCH", f"channels/{thread}", {"archived": True})
    outcome_stream.finish_job(job, make_generated(), make_png(), thread)
    await deliver_outcome(consumer, outcome_stream, job)
    assert len(await discord_channel.list_messages(thread)) == 1


async def make_thread_unusable(discord_channel: DiscordChannel, job: Job, how: str) -> None:
    """Make the thread unusable in the given way."""
    if how == "may not open":
        await discord_channel.deny_permissions("create_public_threads")
    elif how == "too many":
        await discord_channel.call_control("PATCH", "guild", {"max_active_threads": 0})
    elif how == "status message deleted":
        await discord_channel.call_control("DELETE", f"messages/{job.origin.message_id}")
    else:
        thread = await discord_channel.open_thread(job)
        if how == "can't write":
            await discord_channel.deny_permissions("send_messages_in_threads")
        elif how == "locked":
            await discord_channel.call_control("PATCH", f"channels/{thread}", {"archived": True, "locked": True})
        elif how == "deleted":
            await discord_channel.call_control("DELETE", f"channels/{thread}")


@pytest.mark.parametrize(
    ("how", "reason"),
    [
        ("may not open", "forbidden"),
        ("can't write", "forbidden"),
        ("too many", "full"),
        ("locked", "locked"),
        ("deleted", "gone"),
        ("status message deleted", "gone"),
    ],
)
async def test_without_a_thread_the_outcome_is_a_reply_in_the_channel_that_says_why(
    discord_channel: DiscordChannel, outcome_stream: FakeOutcomeStream, consumer: OutcomeConsumer, how: str, reason: str
) -> None:
    job = await discord_channel.submit_job()
    await make_thread_unusable(discord_channel, job, how)
    is_open = how in {"can't write", "locked", "deleted"}
    outcome_stream.finish_job(job, make_generated(), make_png(), job.origin.message_id if is_open else None)
    try:
        message = await deliver_outcome(consumer, outcome_stream, job)
    finally:
        await discord_channel.call_control("PATCH", "guild", {"max_active_threads": 1000})
    posted = next(m for m in await discord_channel.list_messages() if m["id"] == str(message))
    assert load_messages("en").text(f"thread.{reason}") in read_text(posted)
    assert len(await discord_channel.list_files(posted)) == 1
    if how != "status message deleted":
        assert posted["message_reference"]["message_id"] == str(job.origin.message_id)
        link = f"https://discord.com/channels/{discord_channel.guild_id}/{discord_channel.channel_id}/{message}"
        status = f"Done: [“{PROMPT}”]({link}) · <@{discord_channel.ada_id}>"
        assert await discord_channel.read_status(job) == status


@pytest.mark.parametrize(
    ("denied", "reason"),
    [
        (("create_public_threads",), "forbidden"),
        (("send_messages_in_threads",), "forbidden"),
        (("attach_files",), None),
        (("send_messages_in_threads", "send_messages"), None),
        (("view_channel",), None),
    ],
)
async def test_no_thread_is_opened_and_none_asked_for_where_its_first_message_is_known_to_be_forbidden(
    discord_channel: DiscordChannel,
    outcome_stream: FakeOutcomeStream,
    catalogue: Catalogue,
    denied: tuple[str, ...],
    reason: str | None,
) -> None:
    job = await discord_channel.submit_job()
    await discord_channel.deny_permissions(*denied)
    outcome_stream.finish_job(job, make_generated(), make_png())
    refused = discord_channel.count_responses(403)

    async with discord_channel.connect_gateway() as client:
        message = await deliver_outcome(make_consumer(client, outcome_stream, catalogue), outcome_stream, job)

    state = await discord_channel.call_control("GET", "state")
    assert str(job.origin.message_id) not in {channel["id"] for channel in state["channels"]}
    posted = next(m for rows in state["messages"].values() for m in rows if m["id"] == str(message))
    assert load_messages("en").text(f"thread.{reason or 'direct'}") in read_text(posted)
    # only the status message, in a channel that the bot cannot see, is asked for
    assert discord_channel.count_responses(403) - refused == int("view_channel" in denied)


async def test_a_channel_without_threads_is_not_asked_for_one(
    discord_channel: DiscordChannel, outcome_stream: FakeOutcomeStream, catalogue: Catalogue
) -> None:
    voice = await discord_channel.call_control("POST", "channels", {"name": "voice", "type": 2})
    discord_channel.channel_id = int(voice["id"])
    job = await discord_channel.submit_job()
    outcome_stream.finish_job(job, make_generated(), make_png())

    async with discord_channel.connect_gateway() as client:
        message = await deliver_outcome(make_consumer(client, outcome_stream, catalogue), outcome_stream, job)

    posted = next(m for m in await discord_channel.list_messages() if m["id"] == str(message))
    assert load_messages("en").text("thread.unfit") in read_text(posted)
    assert discord_channel.count_requests("POST", f"/{job.origin.message_id}/threads") == 0


async def test_without_permission_to_read_the_history_the_outcome_is_posted_without_a_reply(
    discord_channel: DiscordChannel, outcome_stream: FakeOutcomeStream, consumer: OutcomeConsumer
) -> None:
    job = await discord_channel.submit_job()
    await discord_channel.deny_permissions("create_public_threads", "read_message_history")
    outcome_stream.finish_job(job, make_generated(), make_png())
    message = await deliver_outcome(consumer, outcome_stream, job)
    posted = next(m for m in await discord_channel.list_messages() if m["id"] == str(message))
    assert "message_reference" not in posted


async def test_the_outcome_is_a_direct_message_when_the_channel_was_deleted(
    discord_channel: DiscordChannel, outcome_stream: FakeOutcomeStream, consumer: OutcomeConsumer
) -> None:
    submitted = await discord_channel.submit_job(locale="fr")
    job = submitted.model_copy(update={"origin": submitted.origin.model_copy(update={"locale": "en"})})
    thread = await discord_channel.open_thread(job)
    await discord_channel.call_control("DELETE", f"channels/{discord_channel.channel_id}")
    outcome_stream.finish_job(job, make_generated(), make_png(), thread)
    message = await deliver_outcome(consumer, outcome_stream, job)
    channels = (await discord_channel.call_control("GET", "state"))["messages"]
    posted = next(m for rows in channels.values() for m in rows if m["id"] == str(message))
    assert load_messages("fr").text("thread.direct") in read_text(posted)
    assert "garder" in read_text(posted)
    assert len(await discord_channel.list_files(posted)) == 1


async def test_an_outcome_that_no_place_accepts_is_acknowledged_without_a_message(
    discord_channel: DiscordChannel, outcome_stream: FakeOutcomeStream, consumer: OutcomeConsumer
) -> None:
    job = await discord_channel.submit_job()
    await discord_channel.call_control("DELETE", f"channels/{discord_channel.channel_id}")
    await discord_channel.call_control("PATCH", "users/ada", {"dms_closed": True})
    outcome_stream.finish_job(job, make_generated(), make_png())
    try:
        assert await deliver_outcome(consumer, outcome_stream, job) is None
    finally:
        await discord_channel.call_control("PATCH", "users/ada", {"dms_closed": False})
    assert job.id in outcome_stream.delivered_messages


async def test_a_picture_that_cannot_be_posted_is_stored_before_the_queue_drops_it(
    discord_channel: DiscordChannel, outcome_stream: FakeOutcomeStream, catalogue: Catalogue, tmp_path: Path
) -> None:
    database = Database(f"sqlite:///{tmp_path / 'records.db'}")
    await database.migrate()
    job_store, image_store = SqlJobStore(database, catalogue=catalogue), SqlImageStore(database)
    posted, unposted = await discord_channel.submit_job(), await discord_channel.submit_job()
    consumer = make_consumer(
        discord_channel.client, outcome_stream, catalogue, store=job_store, image_store=image_store
    )

    async with run_in_background(consumer.run):
        outcome_stream.finish_job(posted, make_generated(), make_png())
        await outcome_stream.wait_until_delivered(posted)
        await discord_channel.call_control("DELETE", f"channels/{discord_channel.channel_id}")
        await discord_channel.call_control("PATCH", "users/ada", {"dms_closed": True})
        outcome_stream.finish_job(unposted, make_generated(), make_png())
        try:
            await outcome_stream.wait_until_delivered(unposted)
        finally:
            await discord_channel.call_control("PATCH", "users/ada", {"dms_closed": False})

    assert await image_store.load_undelivered_image(posted.id) is None
    assert await image_store.load_undelivered_image(unposted.id) == make_png()
    await database.close()


async def test_where_files_are_forbidden_the_picture_is_sent_to_the_requester_and_the_status_says_so(
    discord_channel: DiscordChannel, outcome_stream: FakeOutcomeStream, consumer: OutcomeConsumer
) -> None:
    job = await discord_channel.submit_job()
    await discord_channel.deny_permissions("attach_files")
    outcome_stream.finish_job(job, make_generated(), make_png())
    await deliver_outcome(consumer, outcome_stream, job)
    assert await discord_channel.read_status(job) == "Done: the picture was sent to you as a direct message."
