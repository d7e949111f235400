"""The board and the sheets of a batch in the stand-in: one message each, edited as it moves, after a crash as well."""

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from typing import Any

import discord
import pytest

from bot.batches.drawer import DRAWING_SECONDS, BatchDrawer
from bot.batches.message_builder import BatchMessageBuilder
from bot.delivery.retrying_sender import RETRY_SECONDS
from bot.domain.batches import BatchPlace, BatchState, ItemState, Review
from bot.domain.guild_settings import GuildSettings
from bot.domain.notices import DIRECT_MESSAGE, NoticeKind
from bot.results.picture_thumbnails import PictureThumbnails
from bot.storage.batches import SqlBatchStore
from bot.storage.job_history import SqlJobHistory
from bot.storage.session import Database
from bot.storage.tables import notices
from bot.storage.thumbnails import SqlThumbnailStore
from shared.catalogue import Catalogue
from shared.i18n.messages import load_messages
from shared.job import Requester
from tests.support.batches import end_item, make_batch, make_items
from tests.support.builders import Clock, read_rows
from tests.support.database import execute_sql
from tests.support.discord_channel import NUMBERS, DiscordChannel, read_text
from tests.support.fake_stores import FakeGuildSettingsStore

EN = load_messages("en")


@dataclass
class Afternoon:
    """A batch on a database of its own, which a leading bot draws in the stand-in."""

    discord_channel: DiscordChannel
    client: discord.Client
    url: str
    database: Database
    clock: Clock
    store: SqlBatchStore
    batch_id: str

    def make_drawer(self) -> BatchDrawer:
        async def load_picture(_: discord.Client, job_id: str) -> bytes | None:
            return await self.store.load_result(job_id)

        thumbnails = PictureThumbnails(load_picture, SqlThumbnailStore(self.database))
        history, settings = SqlJobHistory(self.database), FakeGuildSettingsStore(GuildSettings())
        builder = BatchMessageBuilder(self.store, thumbnails, history, settings, self.clock)
        return BatchDrawer(self.client, self.store, builder, clock=self.clock)

    async def start(self, count: int, *, channel_id: int, **changes: Any) -> None:
        place = BatchPlace(self.discord_channel.guild_id, channel_id)
        requester = Requester(id=self.discord_channel.ada_id, name="ada")
        batch = make_batch(self.batch_id, place=place, created_at=self.clock.now, requester=requester, **changes)
        assert await self.store.add_draft(batch, make_items(count, self.batch_id))
        await self.store.start(self.batch_id)

    async def end_item(self, number: int, state: ItemState = ItemState.GENERATED) -> None:
        """Let an item end without a worker."""
        item = await self.store.find_item(self.batch_id, number)
        assert item is not None
        end_item(self.url, self.batch_id, item, self.clock.now, state)

    async def draw(self, drawer: BatchDrawer | None = None) -> None:
        """Let the drawer make the passes that a few messages take."""
        drawer = drawer or self.make_drawer()
        for _ in range(6):
            await drawer.draw_due()
            self.clock.now += DRAWING_SECONDS

    async def find_place(self) -> BatchPlace:
        batch = await self.store.find_batch(self.batch_id)
        assert batch is not None
        return batch.place

    async def list_sheets(self) -> list[dict[str, Any]]:
        place = await self.find_place()
        messages = await self.discord_channel.list_messages(place.thread_id)
        return [message for message in messages if EN.text("batch_sheet.open") in str(message)]

    async def list_boards(self) -> list[dict[str, Any]]:
        place = await self.find_place()
        channels = {place.channel_id, place.thread_id}
        found = [m for channel in channels for m in await self.discord_channel.list_messages(channel)]
        return [message for message in found if "## spring catalogue" in read_text(message)]


@pytest.fixture
async def afternoon(discord_channel: DiscordChannel, catalogue: Catalogue, tmp_path: Any) -> AsyncIterator[Afternoon]:
    url = f"sqlite:///{tmp_path / 'records.db'}"
    database = Database(url)
    await database.migrate()
    clock = Clock()
    clock.now = time.time()
    store = SqlBatchStore(database, catalogue=catalogue, clock=clock)
    batch_id = str(1_350_000_000_000_000_000 + next(NUMBERS))  # nonces are derived from it
    async with discord_channel.connect_gateway() as client:
        await wait_for_channel(client, discord_channel.guild_id, discord_channel.channel_id)
        yield Afternoon(discord_channel, client, url, database, clock, store, batch_id)
    await database.close()


async def wait_for_channel(client: discord.Client, guild_id: int, channel_id: int) -> Any:
    """Wait until the client knows a channel."""
    async with asyncio.timeout(5):
        while True:
            guild = client.get_guild(guild_id)
            channel = guild and guild.get_channel_or_thread(channel_id)
            if channel:
                return channel
            await asyncio.sleep(0.02)


async def test_a_batch_is_one_board_and_a_sheet_for_nine_items_which_are_edited_as_it_moves(
    afternoon: Afternoon,
) -> None:
    await afternoon.start(11, channel_id=afternoon.discord_channel.channel_id, pings=True)
    drawer = afternoon.make_drawer()
    await afternoon.draw(drawer)
    before = await afternoon.list_sheets()
    for number in range(1, 11):
        await afternoon.end_item(number)
    await afternoon.end_item(11, ItemState.FILTERED)
    await afternoon.draw(drawer)
    first, second = await afternoon.list_sheets()
    (board,) = await afternoon.list_boards()
    await afternoon.store.review_items(
        afternoon.batch_id, range(1, 11), Review.ACCEPTED, afternoon.discord_channel.ada_id
    )
    await afternoon.draw(drawer)

    assert before == []
    assert EN.text("batch_board.items_generated", count=10) in read_text(board)
    assert EN.text("batch_sheet.title", first=1, last=9) in read_text(first)
    assert "**11** · filtered" in read_text(second)
    assert [len(await afternoon.discord_channel.list_files(sheet)) for sheet in (first, second)] == [1, 1]
    place = await afternoon.find_place()
    assert place.thread_id == place.board_message_id
    decided = await afternoon.list_sheets()
    assert [sheet["id"] for sheet in decided] == [first["id"], second["id"]]
    assert "accepted by" in read_text(decided[1])
    (board_at_the_end,) = await afternoon.list_boards()
    assert board_at_the_end["id"] == board["id"]
    assert EN.text("batch_board.state_done") in read_text(board_at_the_end)
    assert await afternoon.store.list_undrawn_boards(9) == []
    pings = [
        m
        for m in await afternoon.discord_channel.list_messages(place.thread_id)
        if "your batch is made" in read_text(m)
    ]
    assert [[user["id"] for user in ping["mentions"]] for ping in pings] == [[str(afternoon.discord_channel.ada_id)]]


async def test_what_was_posted_and_not_recorded_is_not_posted_again(afternoon: Afternoon) -> None:
    await afternoon.start(2, channel_id=afternoon.discord_channel.channel_id)
    await afternoon.end_item(1)
    await afternoon.draw()
    shown = await afternoon.list_boards(), await afternoon.list_sheets()
    assert [len(messages) for messages in shown] == [1, 1]
    place = await afternoon.find_place()
    execute_sql(afternoon.url, "UPDATE batches SET board_message_id = NULL, version = version + 1")
    execute_sql(afternoon.url, "UPDATE batch_sheets SET message_id = NULL, version = version + 1")
    afternoon.clock.now += 3600

    await afternoon.draw()

    again = await afternoon.list_boards(), await afternoon.list_sheets()
    assert [[one["id"] for one in messages] for messages in again] == [[one["id"] for one in m] for m in shown]
    assert await afternoon.find_place() == place


async def test_messages_that_were_deleted_are_sent_anew(afternoon: Afternoon) -> None:
    await afternoon.start(2, channel_id=afternoon.discord_channel.channel_id)
    await afternoon.end_item(1)
    drawer = afternoon.make_drawer()
    await afternoon.draw(drawer)
    (board,), (sheet,) = await afternoon.list_boards(), await afternoon.list_sheets()
    place = await afternoon.find_place()
    channel = afternoon.client.get_partial_messageable(place.channel_id)
    await channel.get_partial_message(int(board["id"])).delete()
    thread = afternoon.client.get_partial_messageable(place.thread_id or 0)
    await thread.get_partial_message(int(sheet["id"])).delete()

    await afternoon.end_item(2)
    await afternoon.draw(drawer)

    (new_board,), (new_sheet,) = await afternoon.list_boards(), await afternoon.list_sheets()
    assert (new_board["id"], new_sheet["id"]) != (board["id"], sheet["id"])
    assert (await afternoon.find_place()).thread_id == place.thread_id
    assert "castle-2" in read_text(new_sheet)


async def test_sheets_whose_thread_is_deleted_go_on_in_the_channel(afternoon: Afternoon) -> None:
    await afternoon.start(1, channel_id=afternoon.discord_channel.channel_id)
    drawer = afternoon.make_drawer()
    await afternoon.draw(drawer)
    place = await afternoon.find_place()
    await afternoon.discord_channel.call_control("DELETE", f"channels/{place.thread_id}")

    await afternoon.end_item(1)
    await afternoon.draw(drawer)

    assert await afternoon.find_place() == replace(place, thread_id=place.channel_id)
    assert len(await afternoon.list_sheets()) == 1


async def test_a_batch_whose_channel_is_gone_pauses_and_its_requester_is_told_once(afternoon: Afternoon) -> None:
    channel_id = afternoon.discord_channel.channel_id
    await afternoon.start(2, channel_id=channel_id)
    drawer = afternoon.make_drawer()
    await afternoon.draw(drawer)
    place = await afternoon.find_place()
    for channel in (place.thread_id, channel_id):
        await afternoon.discord_channel.call_control("DELETE", f"channels/{channel}")

    await afternoon.end_item(1)
    for _ in range(3):
        await afternoon.draw(drawer)

    batch = await afternoon.store.find_batch(afternoon.batch_id)
    assert batch is not None
    assert batch.state is BatchState.PAUSED
    assert await afternoon.store.list_undrawn_boards(9) == []
    told = read_rows(afternoon.url, notices)
    assert [(row["kind"], row["channel_id"]) for row in told] == [(NoticeKind.BATCH, DIRECT_MESSAGE)]


async def test_a_batch_that_may_not_be_shown_pauses_and_its_messages_come_when_they_may(afternoon: Afternoon) -> None:
    permissions = f"permissions/{afternoon.discord_channel.channel_id}"
    await afternoon.discord_channel.call_control("PUT", permissions, {"deny": 1 << 11})
    await afternoon.start(1, channel_id=afternoon.discord_channel.channel_id)
    drawer = afternoon.make_drawer()

    await afternoon.draw(drawer)
    await afternoon.discord_channel.call_control("PUT", permissions, {"deny": 0})
    afternoon.clock.now += RETRY_SECONDS
    await afternoon.draw(drawer)

    (board,) = await afternoon.list_boards()
    assert EN.text("batch_board.state_paused") in read_text(board)
    assert len(read_rows(afternoon.url, notices)) == 1


async def test_a_thread_that_was_archived_is_opened_for_its_sheets(afternoon: Afternoon) -> None:
    await afternoon.start(1, channel_id=afternoon.discord_channel.channel_id)
    await afternoon.end_item(1)
    drawer = afternoon.make_drawer()
    await afternoon.draw(drawer)
    place = await afternoon.find_place()
    await afternoon.client.http.edit_channel(place.thread_id or 0, archived=True)

    await afternoon.store.review_items(afternoon.batch_id, [1], Review.REJECTED, 77, "too dark")
    await afternoon.draw(drawer)

    (sheet,) = await afternoon.list_sheets()
    assert "too dark" in read_text(sheet)


async def test_in_a_forum_the_board_begins_a_post_that_is_opened_once(afternoon: Afternoon) -> None:
    created = await afternoon.discord_channel.call_control("POST", "channels", {"name": "batches", "type": 15})
    await wait_for_channel(afternoon.client, afternoon.discord_channel.guild_id, int(created["id"]))
    await afternoon.start(1, channel_id=int(created["id"]))
    await afternoon.end_item(1)
    await afternoon.draw()
    execute_sql(afternoon.url, "UPDATE batches SET board_message_id = NULL, version = version + 1")
    await afternoon.draw()

    place = await afternoon.find_place()
    channels = (await afternoon.discord_channel.call_control("GET", "state"))["channels"]
    assert [one["id"] for one in channels if one.get("parent_id") == created["id"]] == [str(place.thread_id)]
    assert place.board_message_id == place.thread_id
    assert len(await afternoon.list_boards()) == 1
    assert len(await afternoon.list_sheets()) == 1
