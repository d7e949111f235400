"""The messages of contests: each is posted once, anonymous until its round is over, and somewhere in any case."""

import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from bot.delivery.retrying_sender import RETRY_SECONDS
from bot.domain.round_changes import end_contest
from bot.domain.round_phases import start_contest
from bot.domain.rounds import Contest, ContestFormat, EndReason, MessageKind, Phase, TurnOrder
from bot.results.images import ResultImageLoader
from bot.results.picture_thumbnails import PictureThumbnails
from bot.rounds.leader import RoundLeader
from bot.rounds.message_builder import RoundMessageBuilder
from bot.rounds.message_sender import RoundMessageSender
from bot.rounds.pictures import RoundPictures
from bot.storage.images import SqlImageStore
from bot.storage.job_history import SqlJobHistory
from bot.storage.jobs import SqlJobStore
from bot.storage.round_stores import RoundStores
from bot.storage.session import Database
from bot.storage.tables import jobs, round_messages
from bot.storage.thumbnails import SqlThumbnailStore
from shared.catalogue import Catalogue
from shared.i18n.messages import load_messages
from shared.imaging.metadata import replace_png_text
from shared.job import Job
from tests.support.builders import Clock, make_finished_status, read_rows
from tests.support.database import execute_sql
from tests.support.discord_channel import NUMBERS, DiscordChannel, read_text
from tests.support.images import make_png
from tests.support.rounds import make_contest, make_entry_job

FIRST_AUTHOR = 900_000_000_000_000_000
EN = load_messages("en")


class CancellingQueue:
    """The queue as the leader sees it."""

    def __init__(self) -> None:
        self.cancelled: list[str] = []

    async def cancel_job(self, job_id: str, problem: object) -> str:
        del problem
        self.cancelled.append(job_id)
        return "cancelled"


@dataclass
class Evening:
    """A contest in a channel of the stand-in, with a bot that leads."""

    discord_channel: DiscordChannel
    url: str
    database: Database
    clock: Clock
    job_store: SqlJobStore
    image_store: SqlImageStore
    stores: RoundStores
    queue: CancellingQueue
    contest_id: str

    async def start(self, **settings: Any) -> Contest:
        host_id = self.discord_channel.ada_id
        contest = replace(
            make_contest(self.contest_id, **settings),
            guild_id=self.discord_channel.guild_id,
            thread_id=self.discord_channel.channel_id,
            host_id=host_id,
            created_at=self.clock.now,
        )
        assert await self.stores.contests.add_contest(start_contest(contest))
        return contest

    async def enter(self, number: int, *, user_id: int | None = None, **ref: Any) -> Job:
        job = make_entry_job(number, user_id=user_id or FIRST_AUTHOR + number, contest_id=self.contest_id, **ref)
        assert await self.job_store.add_jobs([job], None)
        await self.job_store.mark_delivered(make_finished_status(job), None)
        picture = replace_png_text(make_png(), {"pentimento": job.id})
        await self.image_store.save_undelivered_image(job.id, picture)
        return job

    async def advance(self) -> Contest:
        """Do what is due at the deadline."""
        contest = await self.find()
        self.clock.now = contest.deadline or self.clock.now
        await RoundLeader(self.stores.contests, self.queue).advance_due_contests()  # type: ignore[arg-type]
        return await self.find()

    async def find(self) -> Contest:
        contest = await self.stores.contests.find_contest(self.contest_id)
        assert contest is not None
        return contest

    def make_sender(self) -> RoundMessageSender:
        history = SqlJobHistory(self.database)

        async def load_nothing(_: object) -> bytes | None:
            return None

        async def refuse(_: object) -> bytes:
            raise AssertionError("no picture is fetched")

        pictures = RoundPictures(history, self.image_store, ResultImageLoader(self.image_store, refuse), load_nothing)
        builder = RoundMessageBuilder(
            self.stores, history, pictures, PictureThumbnails(pictures.load_entry, SqlThumbnailStore(self.database))
        )
        return RoundMessageSender(self.discord_channel.client, self.stores, builder, clock=self.clock)

    async def list_messages(self) -> list[dict[str, Any]]:
        return await self.discord_channel.list_messages()


@pytest.fixture
async def evening(discord_channel: DiscordChannel, catalogue: Catalogue, tmp_path: Path) -> AsyncIterator[Evening]:
    url = f"sqlite:///{tmp_path / 'records.db'}"
    database = Database(url)
    await database.migrate()
    clock = Clock()
    clock.now = time.time()
    stores = RoundStores(database, clock=clock)
    job_store = SqlJobStore(database, catalogue=catalogue, clock=clock)
    image_store = SqlImageStore(database, clock=clock)
    contest_id = str(FIRST_AUTHOR // 2 + next(NUMBERS))  # nonces are derived from it
    yield Evening(discord_channel, url, database, clock, job_store, image_store, stores, CancellingQueue(), contest_id)
    await database.close()


async def send_all(sender: RoundMessageSender) -> None:
    """Let the sender make the passes that a few messages take."""
    for _ in range(4):
        await sender.send_waiting()


async def test_entries_are_anonymous_until_the_result_names_the_winner(evening: Evening) -> None:
    await evening.start(rounds=2)
    entries = [await evening.enter(number) for number in range(1, 13)]
    sender = evening.make_sender()
    voting = await evening.advance()
    await send_all(sender)

    opening, first_page, second_page, call = await evening.list_messages()
    assert "a castle" in read_text(opening)
    assert [len(await evening.discord_channel.list_files(page)) for page in (first_page, second_page)] == [10, 2]
    assert EN.text("round.voting_title") in read_text(call)
    for message in (first_page, second_page, call):
        shown = str(message) + str(await evening.discord_channel.list_files(message))
        assert not any(str(job.requester.id) in shown or job.id in shown for job in entries)
    assert {row["outcome_channel_id"] for row in read_rows(evening.url, jobs)} == {None}

    shown_entries = await evening.stores.contests.list_entries(evening.contest_id)
    winner = next(entry for entry in shown_entries if entry.number == 12)
    await evening.stores.ballots.save_ballot(evening.contest_id, 1, [12], phase=voting.phase, round_number=1)
    await evening.advance()
    await send_all(sender)

    *_, result, next_opening = await evening.list_messages()
    assert f"<@{winner.author_id}>" in read_text(result)
    assert EN.text("round.points", count=3, ballots=1) in read_text(result)
    assert len(await evening.discord_channel.list_files(result)) == 1
    assert len(await evening.discord_channel.list_files(next_opening)) == 1
    places = {row["id"]: row["outcome_message_id"] for row in read_rows(evening.url, jobs)}
    pages = {entry.job_id: first_page if (entry.number or 0) <= 10 else second_page for entry in shown_entries}
    expected = {job_id: int(page["id"]) for job_id, page in pages.items()} | {winner.job_id: int(result["id"])}
    assert places == expected
    kept = [job.id for job in entries if await evening.image_store.load_undelivered_image(job.id)]
    assert kept == [winner.job_id]


async def test_a_message_that_was_posted_and_not_recorded_is_not_posted_again(evening: Evening) -> None:
    await evening.start()
    await send_all(evening.make_sender())
    (posted,) = await evening.list_messages()
    execute_sql(evening.url, "UPDATE round_messages SET closed_at = NULL, message_id = NULL")
    evening.clock.now += 3600

    await send_all(evening.make_sender())

    assert await evening.list_messages() == [posted]
    (row,) = read_rows(evening.url, round_messages)
    assert row["message_id"] == int(posted["id"])


async def test_a_deleted_message_is_posted_anew(evening: Evening) -> None:
    contest = await evening.start()
    sender = evening.make_sender()
    await send_all(sender)
    (row,) = await evening.stores.messages.list_sent_messages(contest.id, 1)

    assert await evening.stores.messages.reopen_message(row)
    await send_all(sender)

    assert len(await evening.list_messages()) == 2


async def test_a_contest_whose_thread_is_gone_ends_and_its_host_is_told(evening: Evening) -> None:
    await evening.start()
    channel_id = evening.discord_channel.channel_id
    await evening.discord_channel.call_control("DELETE", f"channels/{channel_id}")
    pending = make_entry_job(1, contest_id=evening.contest_id)
    assert await evening.job_store.add_jobs([pending], None)
    sender = evening.make_sender()

    await send_all(sender)
    await evening.advance()
    await send_all(sender)

    contest = await evening.find()
    assert (contest.phase, contest.end_reason) == (Phase.ENDED, EndReason.CHANNEL_GONE)
    assert evening.queue.cancelled == [pending.id]
    assert await evening.stores.messages.list_waiting_messages(9) == []
    state = await evening.discord_channel.call_control("GET", "state")
    texts = [read_text(m) for messages in state["messages"].values() for m in messages if m["components"]]
    assert sum(EN.text("round.ended_channel_gone", theme="a castle") in text for text in texts) == 1


async def test_without_permission_to_post_the_host_is_told_once_and_the_messages_wait(evening: Evening) -> None:
    await evening.start()
    permissions = f"permissions/{evening.discord_channel.channel_id}"
    await evening.discord_channel.call_control("PUT", permissions, {"deny": 1 << 11})
    sender = evening.make_sender()

    for _ in range(3):
        await sender.send_waiting()
        evening.clock.now += RETRY_SECONDS
    waiting = await evening.stores.messages.list_waiting_messages(9)
    state = await evening.discord_channel.call_control("GET", "state")
    await evening.discord_channel.call_control("PUT", permissions, {"deny": 0})
    await send_all(sender)

    thread = f"<#{evening.discord_channel.channel_id}>"
    told = EN.text("round.cannot_post", theme="a castle", thread=thread)
    texts = [read_text(m) for messages in state["messages"].values() for m in messages if m["components"]]
    assert sum(told in text for text in texts) == 1
    assert [message.kind for message in waiting] == [MessageKind.ENTERING]
    assert len(await evening.list_messages()) == 1


async def test_a_cancelled_contest_says_so_and_cancels_what_still_waits_once(evening: Evening) -> None:
    await evening.start()
    finished = await evening.enter(1)
    pending = make_entry_job(2, contest_id=evening.contest_id)
    assert await evening.job_store.add_jobs([pending], None)

    await evening.stores.contests.change_contest(evening.contest_id, partial(end_contest, EndReason.CANCELLED))
    await evening.advance()
    await evening.advance()
    await send_all(evening.make_sender())

    assert evening.queue.cancelled == [pending.id]
    *_, end = await evening.list_messages()
    assert EN.text("round.ended_cancelled", theme="a castle") in read_text(end)
    assert (await SqlJobHistory(evening.database).find_job(finished.id)).message is None  # type: ignore[union-attr]


async def test_a_relay_names_the_author_of_each_picture_and_pings_whose_turn_it_is(evening: Evening) -> None:
    await evening.start(format=ContestFormat.RELAY, turn_order=TurnOrder.JOINED)
    await evening.stores.members.join_relay(evening.contest_id, FIRST_AUTHOR)
    await evening.stores.members.join_relay(evening.contest_id, FIRST_AUTHOR + 1)
    turn = await evening.advance()
    job = await evening.enter(1, user_id=FIRST_AUTHOR, turn_number=turn.turn_number)
    await evening.advance()
    await send_all(evening.make_sender())

    _, first_turn, picture, second_turn = await evening.list_messages()
    assert f"<@{FIRST_AUTHOR}>" in read_text(first_turn)
    assert f"<@{FIRST_AUTHOR}>" in read_text(picture)
    assert f"<@{FIRST_AUTHOR + 1}>" in read_text(second_turn)
    record = await SqlJobHistory(evening.database).find_job(job.id)
    assert record is not None
    assert record.message is not None
    assert record.message.message_id == int(picture["id"])
