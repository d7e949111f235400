"""Each outcome is told once, in the best place there is, and acknowledged only then."""

import asyncio
import io
import os
import time
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from bot.delivery import OutcomeConsumer
from bot.i18n import load_messages
from bot.storage.images import SqlImageStore
from bot.storage.jobs import SqlJobStore
from bot.storage.session import Database
from shared.catalogue import Catalogue
from shared.job import Job
from shared.outcome import Failed, Filtered, FilteredPart
from shared.problems import make_problem
from tests.support.discord_channel import (
    PROMPT,
    DiscordChannel,
    FakeOutcomeStream,
    UnavailableDeliveryStore,
    make_generated,
    read_text,
    run_in_background,
)

QUICK_RETRIES = (0.05,) * 40
MESSAGES_PATH = r"/channels/\d+/messages$"


def make_png(side: int = 64) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (side, side), "teal").save(out, "PNG")
    return out.getvalue()


@cache
def make_large_png() -> bytes:
    """A picture of 10.3 MiB, of noise so that it does not compress."""
    out = io.BytesIO()
    Image.frombytes("RGB", (2000, 1800), os.urandom(2000 * 1800 * 3)).save(out, "PNG", compress_level=0)
    return out.getvalue()


@pytest.fixture
def deliver(world: DiscordChannel, ledger: FakeOutcomeStream, catalogue: Catalogue) -> OutcomeConsumer:
    return OutcomeConsumer(
        world.client, ledger, catalogue, store=UnavailableDeliveryStore(), retry_delays=QUICK_RETRIES
    )


async def deliver_outcome(deliver: OutcomeConsumer, ledger: FakeOutcomeStream, job: Job) -> int | None:
    async with run_in_background(deliver.run):
        return await ledger.wait_until_delivered(job)


async def test_a_picture_is_posted_in_its_thread_with_its_seed_and_the_status_message_links_to_it(
    world: DiscordChannel, ledger: FakeOutcomeStream, deliver: OutcomeConsumer
) -> None:
    job = await world.submit_job()
    thread = await world.open_thread(job)
    ledger.finish_job(job, make_generated(), make_png(), thread)
    message = await deliver_outcome(deliver, ledger, job)
    (posted,) = await world.list_messages(thread)
    assert posted["id"] == str(message)
    assert "```\n4294967295\n```" in read_text(posted)
    (file,) = await world.list_files(posted)
    assert file["filename"] == f"pentimento-{job.id}-4294967295.png"
    gallery = posted["components"][0]["components"][0]["items"][0]
    assert gallery["description"] == f"Picture changed by AI after the words “{PROMPT}”"
    assert posted["mentions"] == []
    link = f"https://discord.com/channels/{world.guild_id}/{thread}/{message}"
    assert await world.read_status(job) == f"Done: {link}"


@pytest.mark.parametrize(("waited", "wanted", "pinged"), [(61, True, True), (61, False, False), (30, True, False)])
async def test_an_answer_that_was_long_in_coming_pings_who_wants_that(
    world: DiscordChannel,
    ledger: FakeOutcomeStream,
    deliver: OutcomeConsumer,
    waited: float,
    wanted: bool,
    pinged: bool,
) -> None:
    asked = await world.submit_job(prompt="a castle <@1> @everyone")
    requester = asked.requester.model_copy(update={"may_ping": wanted})
    job = asked.model_copy(update={"requester": requester, "accepted_at": time.time() - waited})
    ledger.finish_job(job, make_generated(), make_png())

    await deliver_outcome(deliver, ledger, job)

    (posted,) = await world.list_messages(job.origin.message_id)
    assert [user["id"] for user in posted["mentions"]] == ([str(world.ada_id)] if pinged else [])
    assert posted["mention_everyone"] is False


async def test_a_thread_that_was_not_opened_yet_is_opened_under_the_status_message(
    world: DiscordChannel, ledger: FakeOutcomeStream, deliver: OutcomeConsumer
) -> None:
    job = await world.submit_job(prompt="  a *castle*\nin fog " + "very " * 40)
    ledger.finish_job(job, make_generated(), make_png())
    message = await deliver_outcome(deliver, ledger, job)
    (posted,) = await world.list_messages(job.origin.message_id)
    assert posted["id"] == str(message)
    names = {c["id"]: c["name"] for c in (await world.call_control("GET", "state"))["channels"]}
    assert names[str(job.origin.message_id)].startswith("a *castle* in fog very")


async def test_a_thread_that_exists_without_anybody_having_noted_it_is_used(
    world: DiscordChannel, ledger: FakeOutcomeStream, deliver: OutcomeConsumer
) -> None:
    job = await world.submit_job()
    thread = await world.open_thread(job)
    ledger.finish_job(job, make_generated(), make_png(), thread=None)
    await deliver_outcome(deliver, ledger, job)
    assert len(await world.list_messages(thread)) == 1


async def test_in_place_the_answer_is_a_reply_to_the_status_message(
    world: DiscordChannel, ledger: FakeOutcomeStream, deliver: OutcomeConsumer
) -> None:
    job = await world.submit_job(in_place=True)
    ledger.finish_job(job, make_generated(), make_png())
    message = await deliver_outcome(deliver, ledger, job)
    posted = next(m for m in await world.list_messages() if m["id"] == str(message))
    assert posted["message_reference"]["message_id"] == str(job.origin.message_id)
    assert "This is here because" not in read_text(posted)


async def test_an_archived_thread_wakes_up(
    world: DiscordChannel, ledger: FakeOutcomeStream, deliver: OutcomeConsumer
) -> None:
    job = await world.submit_job()
    thread = await world.open_thread(job)
    await world.call_control("PATCH", f"channels/{thread}", {"archived": True})
    ledger.finish_job(job, make_generated(), make_png(), thread)
    await deliver_outcome(deliver, ledger, job)
    assert len(await world.list_messages(thread)) == 1


async def make_thread_unusable(world: DiscordChannel, job: Job, how: str) -> None:
    """Take the thread away in one of the ways there are."""
    if how == "may not open":
        await world.deny_permissions("create_public_threads")
    elif how == "too many":
        await world.call_control("PATCH", "guild", {"max_active_threads": 0})
    elif how == "status message deleted":
        await world.call_control("DELETE", f"messages/{job.origin.message_id}")
    else:
        thread = await world.open_thread(job)
        if how == "may not write":
            await world.deny_permissions("send_messages_in_threads")
        elif how == "locked":
            await world.call_control("PATCH", f"channels/{thread}", {"archived": True, "locked": True})
        elif how == "deleted":
            await world.call_control("DELETE", f"channels/{thread}")


@pytest.mark.parametrize(
    ("how", "reason"),
    [
        ("may not open", "forbidden"),
        ("may not write", "forbidden"),
        ("too many", "full"),
        ("locked", "locked"),
        ("deleted", "gone"),
        ("status message deleted", "gone"),
    ],
)
async def test_without_a_thread_the_channel_gets_a_reply_that_says_why(
    world: DiscordChannel, ledger: FakeOutcomeStream, deliver: OutcomeConsumer, how: str, reason: str
) -> None:
    job = await world.submit_job()
    await make_thread_unusable(world, job, how)
    opened = how in {"may not write", "locked", "deleted"}
    ledger.finish_job(job, make_generated(), make_png(), job.origin.message_id if opened else None)
    try:
        message = await deliver_outcome(deliver, ledger, job)
    finally:
        await world.call_control("PATCH", "guild", {"max_active_threads": 1000})
    posted = next(m for m in await world.list_messages() if m["id"] == str(message))
    assert load_messages("en").text(f"thread.{reason}") in read_text(posted)
    assert len(await world.list_files(posted)) == 1
    if how != "status message deleted":
        assert posted["message_reference"]["message_id"] == str(job.origin.message_id)
        assert (
            await world.read_status(job)
            == f"Done: https://discord.com/channels/{world.guild_id}/{world.channel_id}/{message}"
        )


async def test_without_the_right_to_read_history_the_channel_gets_it_without_a_reply(
    world: DiscordChannel, ledger: FakeOutcomeStream, deliver: OutcomeConsumer
) -> None:
    job = await world.submit_job()
    await world.deny_permissions("create_public_threads", "read_message_history")
    ledger.finish_job(job, make_generated(), make_png())
    message = await deliver_outcome(deliver, ledger, job)
    posted = next(m for m in await world.list_messages() if m["id"] == str(message))
    assert "message_reference" not in posted


async def test_when_the_channel_is_gone_the_answer_comes_as_a_direct_message(
    world: DiscordChannel, ledger: FakeOutcomeStream, deliver: OutcomeConsumer
) -> None:
    job = await world.submit_job(locale="fr")
    thread = await world.open_thread(job)
    await world.call_control("DELETE", f"channels/{world.channel_id}")
    ledger.finish_job(job, make_generated(), make_png(), thread)
    message = await deliver_outcome(deliver, ledger, job)
    everything = (await world.call_control("GET", "state"))["messages"]
    posted = next(m for rows in everything.values() for m in rows if m["id"] == str(message))
    assert load_messages("fr").text("thread.direct") in read_text(posted)
    assert len(await world.list_files(posted)) == 1


async def test_with_nowhere_left_the_outcome_is_acknowledged_without_a_message(
    world: DiscordChannel, ledger: FakeOutcomeStream, deliver: OutcomeConsumer
) -> None:
    job = await world.submit_job()
    await world.call_control("DELETE", f"channels/{world.channel_id}")
    await world.call_control("PATCH", "users/ada", {"dms_closed": True})
    ledger.finish_job(job, make_generated(), make_png())
    try:
        assert await deliver_outcome(deliver, ledger, job) is None
    finally:
        await world.call_control("PATCH", "users/ada", {"dms_closed": False})
    assert job.id in ledger.delivered_messages


async def test_a_picture_told_nowhere_is_kept_before_the_queue_drops_it(
    world: DiscordChannel, ledger: FakeOutcomeStream, catalogue: Catalogue, tmp_path: Path
) -> None:
    database = Database(f"sqlite:///{tmp_path / 'records.db'}")
    await database.migrate()
    job_store, image_store = SqlJobStore(database, catalogue=catalogue), SqlImageStore(database)
    told, untold = await world.submit_job(), await world.submit_job()
    deliver = OutcomeConsumer(
        world.client, ledger, catalogue, store=job_store, image_store=image_store, retry_delays=(0.05,) * 40
    )

    async with run_in_background(deliver.run):
        ledger.finish_job(told, make_generated(), make_png())
        await ledger.wait_until_delivered(told)
        await world.call_control("DELETE", f"channels/{world.channel_id}")
        await world.call_control("PATCH", "users/ada", {"dms_closed": True})
        ledger.finish_job(untold, make_generated(), make_png())
        try:
            await ledger.wait_until_delivered(untold)
        finally:
            await world.call_control("PATCH", "users/ada", {"dms_closed": False})

    assert await image_store.load_undelivered_image(told.id) is None
    assert await image_store.load_undelivered_image(untold.id) == make_png()
    await database.close()


async def test_where_files_are_forbidden_the_picture_goes_to_its_owner_and_the_status_says_so(
    world: DiscordChannel, ledger: FakeOutcomeStream, deliver: OutcomeConsumer
) -> None:
    job = await world.submit_job()
    await world.deny_permissions("attach_files")
    ledger.finish_job(job, make_generated(), make_png())
    await deliver_outcome(deliver, ledger, job)
    assert await world.read_status(job) == "Done: the answer was sent to you as a direct message."


@pytest.mark.parametrize("action", ["status_after:502", "drop_after", "drop_before", "status:503"])
async def test_a_fault_while_posting_leads_to_one_message(
    world: DiscordChannel, ledger: FakeOutcomeStream, deliver: OutcomeConsumer, action: str
) -> None:
    job = await world.submit_job()
    thread = await world.open_thread(job)
    ledger.finish_job(job, make_generated(), make_png(), thread)
    await world.inject_fault(action, "POST", f"/channels/{thread}/messages")
    message = await deliver_outcome(deliver, ledger, job)
    assert [m["id"] for m in await world.list_messages(thread)] == [str(message)]
    assert world.count_requests("POST", f"/channels/{thread}/messages") >= 1


async def test_a_limit_that_discord_py_does_not_wait_for_is_waited_for(
    world: DiscordChannel, ledger: FakeOutcomeStream, deliver: OutcomeConsumer
) -> None:
    job = await world.submit_job()
    thread = await world.open_thread(job)
    ledger.finish_job(job, make_generated(), make_png(), thread)
    await world.inject_fault("status:429", "POST", f"/channels/{thread}/messages", retry_after=1, via=False)
    started = time.monotonic()
    await deliver_outcome(deliver, ledger, job)
    assert time.monotonic() - started >= 1
    assert len(await world.list_messages(thread)) == 1


async def test_what_cannot_be_told_for_now_is_not_acknowledged_and_told_by_the_next_start(
    world: DiscordChannel, ledger: FakeOutcomeStream, catalogue: Catalogue
) -> None:
    job = await world.submit_job()
    thread = await world.open_thread(job)
    ledger.finish_job(job, make_generated(), make_png(), thread)
    await world.inject_fault("status:503", "POST", MESSAGES_PATH, times=100)
    first = OutcomeConsumer(
        world.client, ledger, catalogue, store=UnavailableDeliveryStore(), retry_delays=(0.01, 0.01)
    )
    async with run_in_background(first.run):
        await asyncio.sleep(0.4)
    assert job.id not in ledger.delivered_messages
    await world.call_control("DELETE", "faults")
    ledger.redeliver(job)
    await deliver_outcome(
        OutcomeConsumer(world.client, ledger, catalogue, store=UnavailableDeliveryStore()), ledger, job
    )
    assert len(await world.list_messages(thread)) == 1


@pytest.mark.parametrize(
    "outcome",
    [
        make_generated(),
        Filtered(part=FilteredPart.OUTPUT, duration_seconds=1),
        Failed(problem=make_problem("busy", model="M")),
    ],
)
@pytest.mark.parametrize("where", ["thread", "channel", "direct"])
async def test_what_was_said_before_a_restart_is_found_and_not_said_again(
    world: DiscordChannel, ledger: FakeOutcomeStream, catalogue: Catalogue, outcome: Any, where: str
) -> None:
    job = await world.submit_job()
    if where == "channel":
        await world.deny_permissions("create_public_threads")
    if where == "direct":
        await world.call_control("DELETE", f"channels/{world.channel_id}")
    ledger.finish_job(job, outcome, make_png())
    said = await deliver_outcome(
        OutcomeConsumer(world.client, ledger, catalogue, store=UnavailableDeliveryStore()), ledger, job
    )
    del ledger.delivered_messages[job.id]
    await world.inject_fault("status:400", "POST", MESSAGES_PATH, times=100)
    ledger.redeliver(job)
    restarted = OutcomeConsumer(world.client, ledger, catalogue, store=UnavailableDeliveryStore(), retry_delays=(0.01,))
    assert await deliver_outcome(restarted, ledger, job) == said


async def test_an_answer_that_somebody_deleted_is_not_said_again(
    world: DiscordChannel, ledger: FakeOutcomeStream, deliver: OutcomeConsumer
) -> None:
    job = await world.submit_job()
    thread = await world.open_thread(job)
    ledger.finish_job(job, make_generated(), make_png(), thread)
    message = await deliver_outcome(deliver, ledger, job)
    await world.call_control("DELETE", f"messages/{message}")
    del ledger.delivered_messages[job.id]
    ledger.redeliver(job)
    assert await deliver_outcome(deliver, ledger, job) is None
    assert await world.list_messages(thread) == []
    assert len(await world.list_messages()) == 1


async def test_answers_keep_their_order_within_a_thread(
    world: DiscordChannel, ledger: FakeOutcomeStream, deliver: OutcomeConsumer
) -> None:
    first, second = await world.submit_job(in_place=True), await world.submit_job(in_place=True)
    await world.inject_fault("status:503", "POST", f"/channels/{world.channel_id}/messages", times=3)
    ledger.finish_job(first, make_generated(1), make_png())
    ledger.finish_job(second, make_generated(2), make_png())
    async with run_in_background(deliver.run):
        await ledger.wait_until_delivered(second)
    posted = await world.list_files(*(m for m in await world.list_messages() if m["components"]))
    assert [file["filename"] for file in posted] == [f"pentimento-{first.id}-1.png", f"pentimento-{second.id}-2.png"]


async def test_one_thread_in_trouble_does_not_hold_up_the_others(
    world: DiscordChannel, ledger: FakeOutcomeStream, catalogue: Catalogue
) -> None:
    stuck, free = await world.submit_job(), await world.submit_job()
    threads = await world.open_thread(stuck), await world.open_thread(free)
    await world.inject_fault("hang:30", "POST", f"/channels/{threads[0]}/messages")
    ledger.finish_job(stuck, make_generated(), make_png(), threads[0])
    ledger.finish_job(free, make_generated(), make_png(), threads[1])
    async with run_in_background(
        OutcomeConsumer(world.client, ledger, catalogue, store=UnavailableDeliveryStore(), max_concurrent=2).run
    ):
        await ledger.wait_until_delivered(free)
    assert stuck.id not in ledger.delivered_messages


async def test_a_picture_over_the_upload_limit_is_re_encoded_and_said_so(
    world: DiscordChannel, ledger: FakeOutcomeStream, deliver: OutcomeConsumer
) -> None:
    job = await world.submit_job()
    ledger.finish_job(job, make_generated(), make_large_png())
    await deliver_outcome(deliver, ledger, job)
    (posted,) = await world.list_messages(job.origin.message_id)
    (file,) = await world.list_files(posted)
    assert file["filename"].endswith(".jpg")
    assert file["size"] <= 10 * 1024**2
    assert "re-encoded as JPEG" in read_text(posted)
    assert "10\u00a0MiB" in read_text(posted)


async def test_an_upload_that_discord_finds_too_large_after_all_is_made_smaller(
    world: DiscordChannel, ledger: FakeOutcomeStream, deliver: OutcomeConsumer
) -> None:
    job = await world.submit_job()
    ledger.finish_job(job, make_generated(), make_png())
    await world.inject_fault("status:413", "POST", f"/channels/{job.origin.message_id}/messages", times=2)
    await deliver_outcome(deliver, ledger, job)
    assert len(await world.list_messages(job.origin.message_id)) == 1


@pytest.mark.parametrize("side", list(FilteredPart))
@pytest.mark.parametrize("locale", ["en-US", "fr"])
async def test_a_filtered_job_gets_a_notice_without_picture_or_prompt(
    world: DiscordChannel, ledger: FakeOutcomeStream, deliver: OutcomeConsumer, side: FilteredPart, locale: str
) -> None:
    job = await world.submit_job(locale=locale)
    ledger.finish_job(job, Filtered(part=side, duration_seconds=2), None)
    await deliver_outcome(deliver, ledger, job)
    (posted,) = await world.list_messages(job.origin.message_id)
    assert await world.list_files(posted) == []
    assert load_messages(locale).text(f"filtered.{side.name.lower()}") in read_text(posted)
    assert load_messages(locale).text("filtered.withheld") in read_text(posted)
    assert PROMPT not in read_text(posted)
    assert (await world.read_status(job)).startswith(load_messages(locale).text("status.filtered", where="https://"))


async def test_a_failed_job_gets_its_three_beats_in_the_language_of_who_asked(
    world: DiscordChannel, ledger: FakeOutcomeStream, deliver: OutcomeConsumer
) -> None:
    job = await world.submit_job(locale="fr")
    ledger.finish_job(job, Failed(problem=make_problem("deadline", limit=60)))
    await deliver_outcome(deliver, ledger, job)
    (posted,) = await world.list_messages(job.origin.message_id)
    assert "L'image n'a pas été faite. Aucune réponse complète n'est venue en 60 s. Réessaie plus tard." in read_text(
        posted
    )
    assert (await world.read_status(job)).startswith("Pas d'image cette fois")


async def test_a_picture_that_is_no_longer_stored_is_reported_as_missing(
    world: DiscordChannel, ledger: FakeOutcomeStream, deliver: OutcomeConsumer
) -> None:
    job = await world.submit_job()
    ledger.finish_job(job, make_generated(42), None)
    await deliver_outcome(deliver, ledger, job)
    (posted,) = await world.list_messages(job.origin.message_id)
    assert "the seed 42" in read_text(posted)


async def test_an_outcome_of_a_job_that_nobody_knows_is_acknowledged(
    world: DiscordChannel, ledger: FakeOutcomeStream, deliver: OutcomeConsumer
) -> None:
    job = await world.submit_job()
    ledger.redeliver(job)
    assert await deliver_outcome(deliver, ledger, job) is None


async def test_a_queue_that_does_not_answer_is_asked_again(
    world: DiscordChannel, ledger: FakeOutcomeStream, deliver: OutcomeConsumer, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = await world.submit_job()
    whole, failures = ledger.acknowledge_outcome, iter((ConnectionError("gone"),))

    async def delivered(*arguments: Any) -> None:
        for failure in failures:
            raise failure
        await whole(*arguments)

    monkeypatch.setattr(ledger, "acknowledge_outcome", delivered)
    ledger.finish_job(job, make_generated(), make_png())
    message = await deliver_outcome(deliver, ledger, job)
    assert [m["id"] for m in await world.list_messages(job.origin.message_id)] == [str(message)]


async def test_an_old_outcome_is_looked_for_and_a_fresh_one_is_not(
    world: DiscordChannel, ledger: FakeOutcomeStream, deliver: OutcomeConsumer
) -> None:
    fresh, old = await world.submit_job(), await world.submit_job()
    ledger.finish_job(fresh, make_generated(), make_png())
    ledger.finish_job(old, make_generated(), make_png())
    ledger.put_status(replace(ledger.statuses[old.id], state_since=time.time() - 3600))
    async with run_in_background(deliver.run):
        await ledger.wait_until_delivered(fresh)
        await ledger.wait_until_delivered(old)
    assert world.count_requests("GET", f"/channels/{fresh.origin.message_id}/messages") == 0
    assert world.count_requests("GET", f"/channels/{old.origin.message_id}/messages") == 1


async def test_a_boosted_guild_gets_a_large_picture_as_it_is(
    world: DiscordChannel, ledger: FakeOutcomeStream, catalogue: Catalogue
) -> None:
    job = await world.submit_job()
    await world.call_control("PATCH", "guild", {"premium_tier": 2})
    ledger.finish_job(job, make_generated(), make_large_png())
    try:
        async with world.connect_gateway() as client:
            await deliver_outcome(
                OutcomeConsumer(client, ledger, catalogue, store=UnavailableDeliveryStore()), ledger, job
            )
    finally:
        await world.call_control("PATCH", "guild", {"premium_tier": 0})
    (file,) = await world.list_files(*await world.list_messages(job.origin.message_id))
    assert file["size"] == len(make_large_png())
    assert file["filename"].endswith(".png")
