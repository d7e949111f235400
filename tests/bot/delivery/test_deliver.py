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

from bot.adapters.library import Library
from bot.adapters.records import Records
from bot.deliver import Deliver
from bot.phrases import phrases_for
from shared.catalogue import Catalogue
from shared.errors import problem
from shared.job import Job
from shared.outcome import Failed, Filtered, Side
from tests.bot.delivery.scene import PROMPT, Discord, Ledger, LostRecords, at_work, made, words

QUICK = (0.05,) * 40
POSTS = r"/channels/\d+/messages$"


def png(side: int = 64) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (side, side), "teal").save(out, "PNG")
    return out.getvalue()


@cache
def large_png() -> bytes:
    """A picture of 10.3 MiB, of noise so that it does not compress."""
    out = io.BytesIO()
    Image.frombytes("RGB", (2000, 1800), os.urandom(2000 * 1800 * 3)).save(out, "PNG", compress_level=0)
    return out.getvalue()


@pytest.fixture
def deliver(world: Discord, ledger: Ledger, catalogue: Catalogue) -> Deliver:
    return Deliver(world.client, ledger, catalogue, records=LostRecords(), patience=QUICK)


async def tell(deliver: Deliver, ledger: Ledger, job: Job) -> int | None:
    async with at_work(deliver.run):
        return await ledger.when_told(job)


async def test_a_picture_is_posted_in_its_thread_with_its_seed_and_the_status_message_links_to_it(
    world: Discord, ledger: Ledger, deliver: Deliver
) -> None:
    job = await world.asked()
    thread = await world.thread(job)
    ledger.finish(job, made(), png(), thread)
    message = await tell(deliver, ledger, job)
    (posted,) = await world.messages(thread)
    assert posted["id"] == str(message)
    assert "```\n4294967295\n```" in words(posted)
    (file,) = await world.files(posted)
    assert file["filename"] == f"pentimento-{job.id}-4294967295.png"
    gallery = posted["components"][0]["components"][0]["items"][0]
    assert gallery["description"] == f"Picture changed by AI after the words “{PROMPT}”"
    assert posted["mentions"] == []
    link = f"https://discord.com/channels/{world.guild}/{thread}/{message}"
    assert await world.status(job) == f"Done: {link}"


@pytest.mark.parametrize(("waited", "wanted", "pinged"), [(61, True, True), (61, False, False), (30, True, False)])
async def test_an_answer_that_was_long_in_coming_pings_who_wants_that(
    world: Discord, ledger: Ledger, deliver: Deliver, waited: float, wanted: bool, pinged: bool
) -> None:
    asked = await world.asked(prompt="a castle <@1> @everyone")
    requester = asked.requester.model_copy(update={"pings": wanted})
    job = asked.model_copy(update={"requester": requester, "accepted_at": time.time() - waited})
    ledger.finish(job, made(), png())

    await tell(deliver, ledger, job)

    (posted,) = await world.messages(job.place.message)
    assert [user["id"] for user in posted["mentions"]] == ([str(world.ada)] if pinged else [])
    assert posted["mention_everyone"] is False


async def test_a_thread_that_was_not_opened_yet_is_opened_under_the_status_message(
    world: Discord, ledger: Ledger, deliver: Deliver
) -> None:
    job = await world.asked(prompt="  a *castle*\nin fog " + "very " * 40)
    ledger.finish(job, made(), png())
    message = await tell(deliver, ledger, job)
    (posted,) = await world.messages(job.place.message)
    assert posted["id"] == str(message)
    names = {c["id"]: c["name"] for c in (await world.control("GET", "state"))["channels"]}
    assert names[str(job.place.message)].startswith("a *castle* in fog very")


async def test_a_thread_that_exists_without_anybody_having_noted_it_is_used(
    world: Discord, ledger: Ledger, deliver: Deliver
) -> None:
    job = await world.asked()
    thread = await world.thread(job)
    ledger.finish(job, made(), png(), thread=None)
    await tell(deliver, ledger, job)
    assert len(await world.messages(thread)) == 1


async def test_in_place_the_answer_is_a_reply_to_the_status_message(
    world: Discord, ledger: Ledger, deliver: Deliver
) -> None:
    job = await world.asked(in_place=True)
    ledger.finish(job, made(), png())
    message = await tell(deliver, ledger, job)
    posted = next(m for m in await world.messages() if m["id"] == str(message))
    assert posted["message_reference"]["message_id"] == str(job.place.message)
    assert "This is here because" not in words(posted)


async def test_an_archived_thread_wakes_up(world: Discord, ledger: Ledger, deliver: Deliver) -> None:
    job = await world.asked()
    thread = await world.thread(job)
    await world.control("PATCH", f"channels/{thread}", {"archived": True})
    ledger.finish(job, made(), png(), thread)
    await tell(deliver, ledger, job)
    assert len(await world.messages(thread)) == 1


async def spoil(world: Discord, job: Job, how: str) -> None:
    """Take the thread away in one of the ways there are."""
    if how == "may not open":
        await world.deny("create_public_threads")
    elif how == "too many":
        await world.control("PATCH", "guild", {"max_active_threads": 0})
    elif how == "status message deleted":
        await world.control("DELETE", f"messages/{job.place.message}")
    else:
        thread = await world.thread(job)
        if how == "may not write":
            await world.deny("send_messages_in_threads")
        elif how == "locked":
            await world.control("PATCH", f"channels/{thread}", {"archived": True, "locked": True})
        elif how == "deleted":
            await world.control("DELETE", f"channels/{thread}")


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
    world: Discord, ledger: Ledger, deliver: Deliver, how: str, reason: str
) -> None:
    job = await world.asked()
    await spoil(world, job, how)
    opened = how in {"may not write", "locked", "deleted"}
    ledger.finish(job, made(), png(), job.place.message if opened else None)
    try:
        message = await tell(deliver, ledger, job)
    finally:
        await world.control("PATCH", "guild", {"max_active_threads": 1000})
    posted = next(m for m in await world.messages() if m["id"] == str(message))
    assert phrases_for("en").say(f"thread.{reason}") in words(posted)
    assert len(await world.files(posted)) == 1
    if how != "status message deleted":
        assert posted["message_reference"]["message_id"] == str(job.place.message)
        assert await world.status(job) == f"Done: https://discord.com/channels/{world.guild}/{world.channel}/{message}"


async def test_without_the_right_to_read_history_the_channel_gets_it_without_a_reply(
    world: Discord, ledger: Ledger, deliver: Deliver
) -> None:
    job = await world.asked()
    await world.deny("create_public_threads", "read_message_history")
    ledger.finish(job, made(), png())
    message = await tell(deliver, ledger, job)
    posted = next(m for m in await world.messages() if m["id"] == str(message))
    assert "message_reference" not in posted


async def test_when_the_channel_is_gone_the_answer_comes_as_a_direct_message(
    world: Discord, ledger: Ledger, deliver: Deliver
) -> None:
    job = await world.asked(locale="fr")
    thread = await world.thread(job)
    await world.control("DELETE", f"channels/{world.channel}")
    ledger.finish(job, made(), png(), thread)
    message = await tell(deliver, ledger, job)
    everything = (await world.control("GET", "state"))["messages"]
    posted = next(m for rows in everything.values() for m in rows if m["id"] == str(message))
    assert phrases_for("fr").say("thread.direct") in words(posted)
    assert len(await world.files(posted)) == 1


async def test_with_nowhere_left_the_outcome_is_acknowledged_without_a_message(
    world: Discord, ledger: Ledger, deliver: Deliver
) -> None:
    job = await world.asked()
    await world.control("DELETE", f"channels/{world.channel}")
    await world.control("PATCH", "users/ada", {"dms_closed": True})
    ledger.finish(job, made(), png())
    try:
        assert await tell(deliver, ledger, job) is None
    finally:
        await world.control("PATCH", "users/ada", {"dms_closed": False})
    assert job.id in ledger.told


async def test_a_picture_told_nowhere_is_kept_before_the_queue_drops_it(
    world: Discord, ledger: Ledger, catalogue: Catalogue, tmp_path: Path
) -> None:
    records = Records(f"sqlite:///{tmp_path / 'records.db'}", catalogue=catalogue)
    await records.start()
    library = Library(records.database)
    told, untold = await world.asked(), await world.asked()
    deliver = Deliver(world.client, ledger, catalogue, records=records, keeping=library, patience=(0.05,) * 40)

    async with at_work(deliver.run):
        ledger.finish(told, made(), png())
        await ledger.when_told(told)
        await world.control("DELETE", f"channels/{world.channel}")
        await world.control("PATCH", "users/ada", {"dms_closed": True})
        ledger.finish(untold, made(), png())
        try:
            await ledger.when_told(untold)
        finally:
            await world.control("PATCH", "users/ada", {"dms_closed": False})

    assert await library.result(told.id) is None
    assert await library.result(untold.id) == png()
    await records.close()


async def test_where_files_are_forbidden_the_picture_goes_to_its_owner_and_the_status_says_so(
    world: Discord, ledger: Ledger, deliver: Deliver
) -> None:
    job = await world.asked()
    await world.deny("attach_files")
    ledger.finish(job, made(), png())
    await tell(deliver, ledger, job)
    assert await world.status(job) == "Done: the answer was sent to you as a direct message."


@pytest.mark.parametrize("action", ["status_after:502", "drop_after", "drop_before", "status:503"])
async def test_a_fault_while_posting_leads_to_one_message(
    world: Discord, ledger: Ledger, deliver: Deliver, action: str
) -> None:
    job = await world.asked()
    thread = await world.thread(job)
    ledger.finish(job, made(), png(), thread)
    await world.fault(action, "POST", f"/channels/{thread}/messages")
    message = await tell(deliver, ledger, job)
    assert [m["id"] for m in await world.messages(thread)] == [str(message)]
    assert world.requests("POST", f"/channels/{thread}/messages") >= 1


async def test_a_limit_that_discord_py_does_not_wait_for_is_waited_for(
    world: Discord, ledger: Ledger, deliver: Deliver
) -> None:
    job = await world.asked()
    thread = await world.thread(job)
    ledger.finish(job, made(), png(), thread)
    await world.fault("status:429", "POST", f"/channels/{thread}/messages", retry_after=1, via=False)
    started = time.monotonic()
    await tell(deliver, ledger, job)
    assert time.monotonic() - started >= 1
    assert len(await world.messages(thread)) == 1


async def test_what_cannot_be_told_for_now_is_not_acknowledged_and_told_by_the_next_start(
    world: Discord, ledger: Ledger, catalogue: Catalogue
) -> None:
    job = await world.asked()
    thread = await world.thread(job)
    ledger.finish(job, made(), png(), thread)
    await world.fault("status:503", "POST", POSTS, times=100)
    first = Deliver(world.client, ledger, catalogue, records=LostRecords(), patience=(0.01, 0.01))
    async with at_work(first.run):
        await asyncio.sleep(0.4)
    assert job.id not in ledger.told
    await world.control("DELETE", "faults")
    ledger.again(job)
    await tell(Deliver(world.client, ledger, catalogue, records=LostRecords()), ledger, job)
    assert len(await world.messages(thread)) == 1


@pytest.mark.parametrize(
    "outcome", [made(), Filtered(side=Side.OUTPUT, seconds=1), Failed(problem=problem("busy", model="M"))]
)
@pytest.mark.parametrize("where", ["thread", "channel", "direct"])
async def test_what_was_said_before_a_restart_is_found_and_not_said_again(
    world: Discord, ledger: Ledger, catalogue: Catalogue, outcome: Any, where: str
) -> None:
    job = await world.asked()
    if where == "channel":
        await world.deny("create_public_threads")
    if where == "direct":
        await world.control("DELETE", f"channels/{world.channel}")
    ledger.finish(job, outcome, png())
    said = await tell(Deliver(world.client, ledger, catalogue, records=LostRecords()), ledger, job)
    del ledger.told[job.id]
    await world.fault("status:400", "POST", POSTS, times=100)
    ledger.again(job)
    restarted = Deliver(world.client, ledger, catalogue, records=LostRecords(), patience=(0.01,))
    assert await tell(restarted, ledger, job) == said


async def test_an_answer_that_somebody_deleted_is_not_said_again(
    world: Discord, ledger: Ledger, deliver: Deliver
) -> None:
    job = await world.asked()
    thread = await world.thread(job)
    ledger.finish(job, made(), png(), thread)
    message = await tell(deliver, ledger, job)
    await world.control("DELETE", f"messages/{message}")
    del ledger.told[job.id]
    ledger.again(job)
    assert await tell(deliver, ledger, job) is None
    assert await world.messages(thread) == []
    assert len(await world.messages()) == 1


async def test_answers_keep_their_order_within_a_thread(world: Discord, ledger: Ledger, deliver: Deliver) -> None:
    first, second = await world.asked(in_place=True), await world.asked(in_place=True)
    await world.fault("status:503", "POST", f"/channels/{world.channel}/messages", times=3)
    ledger.finish(first, made(1), png())
    ledger.finish(second, made(2), png())
    async with at_work(deliver.run):
        await ledger.when_told(second)
    posted = await world.files(*(m for m in await world.messages() if m["components"]))
    assert [file["filename"] for file in posted] == [f"pentimento-{first.id}-1.png", f"pentimento-{second.id}-2.png"]


async def test_one_thread_in_trouble_does_not_hold_up_the_others(
    world: Discord, ledger: Ledger, catalogue: Catalogue
) -> None:
    stuck, free = await world.asked(), await world.asked()
    threads = await world.thread(stuck), await world.thread(free)
    await world.fault("hang:30", "POST", f"/channels/{threads[0]}/messages")
    ledger.finish(stuck, made(), png(), threads[0])
    ledger.finish(free, made(), png(), threads[1])
    async with at_work(Deliver(world.client, ledger, catalogue, records=LostRecords(), parallel=2).run):
        await ledger.when_told(free)
    assert stuck.id not in ledger.told


async def test_a_picture_over_the_upload_limit_is_re_encoded_and_said_so(
    world: Discord, ledger: Ledger, deliver: Deliver
) -> None:
    job = await world.asked()
    ledger.finish(job, made(), large_png())
    await tell(deliver, ledger, job)
    (posted,) = await world.messages(job.place.message)
    (file,) = await world.files(posted)
    assert file["filename"].endswith(".jpg")
    assert file["size"] <= 10 * 1024**2
    assert "re-encoded as JPEG" in words(posted)
    assert "10\u00a0MiB" in words(posted)


async def test_an_upload_that_discord_finds_too_large_after_all_is_made_smaller(
    world: Discord, ledger: Ledger, deliver: Deliver
) -> None:
    job = await world.asked()
    ledger.finish(job, made(), png())
    await world.fault("status:413", "POST", f"/channels/{job.place.message}/messages", times=2)
    await tell(deliver, ledger, job)
    assert len(await world.messages(job.place.message)) == 1


@pytest.mark.parametrize("side", list(Side))
@pytest.mark.parametrize("locale", ["en-US", "fr"])
async def test_a_filtered_job_gets_a_notice_without_picture_or_prompt(
    world: Discord, ledger: Ledger, deliver: Deliver, side: Side, locale: str
) -> None:
    job = await world.asked(locale=locale)
    ledger.finish(job, Filtered(side=side, seconds=2), None)
    await tell(deliver, ledger, job)
    (posted,) = await world.messages(job.place.message)
    assert await world.files(posted) == []
    assert phrases_for(locale).say(f"filtered.{side.name.lower()}") in words(posted)
    assert phrases_for(locale).say("filtered.withheld") in words(posted)
    assert PROMPT not in words(posted)
    assert (await world.status(job)).startswith(phrases_for(locale).say("status.filtered", where="https://"))


async def test_a_failed_job_gets_its_three_beats_in_the_language_of_who_asked(
    world: Discord, ledger: Ledger, deliver: Deliver
) -> None:
    job = await world.asked(locale="fr")
    ledger.finish(job, Failed(problem=problem("deadline", limit=60)))
    await tell(deliver, ledger, job)
    (posted,) = await world.messages(job.place.message)
    assert "L'image n'a pas été faite. Aucune réponse complète n'est venue en 60 s. Réessaie plus tard." in words(
        posted
    )
    assert (await world.status(job)).startswith("Pas d'image cette fois")


async def test_a_picture_that_is_kept_no_longer_is_owned_up_to(
    world: Discord, ledger: Ledger, deliver: Deliver
) -> None:
    job = await world.asked()
    ledger.finish(job, made(42), None)
    await tell(deliver, ledger, job)
    (posted,) = await world.messages(job.place.message)
    assert "the seed 42" in words(posted)


async def test_an_outcome_of_a_job_that_nobody_knows_is_acknowledged(
    world: Discord, ledger: Ledger, deliver: Deliver
) -> None:
    job = await world.asked()
    ledger.again(job)
    assert await tell(deliver, ledger, job) is None


async def test_a_queue_that_does_not_answer_is_asked_again(
    world: Discord, ledger: Ledger, deliver: Deliver, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = await world.asked()
    whole, failures = ledger.delivered, iter((ConnectionError("gone"),))

    async def delivered(*arguments: Any) -> None:
        for failure in failures:
            raise failure
        await whole(*arguments)

    monkeypatch.setattr(ledger, "delivered", delivered)
    ledger.finish(job, made(), png())
    message = await tell(deliver, ledger, job)
    assert [m["id"] for m in await world.messages(job.place.message)] == [str(message)]


async def test_an_old_outcome_is_looked_for_and_a_fresh_one_is_not(
    world: Discord, ledger: Ledger, deliver: Deliver
) -> None:
    fresh, old = await world.asked(), await world.asked()
    ledger.finish(fresh, made(), png())
    ledger.finish(old, made(), png())
    ledger.put(replace(ledger.rows[old.id], since=time.time() - 3600))
    async with at_work(deliver.run):
        await ledger.when_told(fresh)
        await ledger.when_told(old)
    assert world.requests("GET", f"/channels/{fresh.place.message}/messages") == 0
    assert world.requests("GET", f"/channels/{old.place.message}/messages") == 1


async def test_a_boosted_guild_gets_a_large_picture_as_it_is(
    world: Discord, ledger: Ledger, catalogue: Catalogue
) -> None:
    job = await world.asked()
    await world.control("PATCH", "guild", {"premium_tier": 2})
    ledger.finish(job, made(), large_png())
    try:
        async with world.online() as client:
            await tell(Deliver(client, ledger, catalogue, records=LostRecords()), ledger, job)
    finally:
        await world.control("PATCH", "guild", {"premium_tier": 0})
    (file,) = await world.files(*await world.messages(job.place.message))
    assert file["size"] == len(large_png())
    assert file["filename"].endswith(".png")
