"""The message for approvers in the stand-in: posted once for each request, and edited once it is decided."""

import json
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import discord
import pytest

from bot.batches.approval_messages import ApprovalMessages
from bot.domain.batches import ApprovalDecision, BatchPlace
from bot.domain.guild_settings import GuildSettings
from bot.domain.teams import Team
from bot.storage.batches import SqlBatchStore
from bot.storage.session import Database
from bot.storage.teams import SqlTeamStore
from shared.catalogue import Catalogue
from shared.job import TeamRef
from tests.support.batches import IMAGE_SHA256, make_batch, make_items
from tests.support.builders import BEN_ID, Clock
from tests.support.database import execute_sql
from tests.support.discord_channel import NUMBERS, DiscordChannel, read_text
from tests.support.fake_stores import FakeGuildSettingsStore
from tests.support.images import make_png

TEAM_ID, APPROVER_ID = 501, 502


@dataclass
class Office:
    """A batch of a team that waits for an approval, and leading bots in the stand-in."""

    channel: DiscordChannel
    client: discord.Client
    store: SqlBatchStore
    teams: SqlTeamStore
    catalogue: Catalogue
    clock: Clock
    batch_id: str
    url: str

    def start_bot(self) -> ApprovalMessages:
        settings = FakeGuildSettingsStore(GuildSettings())
        return ApprovalMessages(self.client, self.store, self.teams, settings, self.catalogue, clock=self.clock)

    async def list_posted(self) -> list[dict[str, Any]]:
        posted = await self.channel.list_messages()
        return [message for message in posted if "spring catalogue" in read_text(message)]


@pytest.fixture
async def office(discord_channel: DiscordChannel, catalogue: Catalogue, tmp_path: Path) -> AsyncIterator[Office]:
    url = f"sqlite:///{tmp_path / 'records.db'}"
    database, clock = Database(url), Clock()
    await database.migrate()
    clock.now = time.time()
    store = SqlBatchStore(database, catalogue=catalogue, clock=clock)
    teams = SqlTeamStore(database)
    batch_id = str(1_350_000_000_000_000_000 + next(NUMBERS))  # nonces are derived from it
    guild_id = discord_channel.guild_id
    await teams.add_team(Team(TEAM_ID, guild_id, "Makers", approver_role_id=APPROVER_ID), BEN_ID)
    place, team = BatchPlace(guild_id, discord_channel.channel_id), TeamRef(id=TEAM_ID, name="Makers")
    batch = make_batch(batch_id, place=place, created_at=clock.now, team=team)
    assert await store.add_draft(batch, make_items(3, batch_id, image_sha256=IMAGE_SHA256))
    await store.add_image(batch_id, IMAGE_SHA256, "castle.png", make_png())
    await store.request_approval(batch_id)
    async with discord_channel.connect_gateway() as client:
        yield Office(discord_channel, client, store, teams, catalogue, clock, batch_id, url)
    await database.close()


async def test_a_request_is_posted_once_and_pings_the_role_of_approvers_alone(office: Office) -> None:
    bot = office.start_bot()
    await bot.draw_waiting()
    await bot.draw_waiting()
    (message,) = await office.list_posted()

    assert f"<@&{APPROVER_ID}>, please decide:" in read_text(message)
    assert len(await office.channel.list_files(message)) == 1
    assert await office.store.list_undrawn_approvals(10) == []
    (body,) = office.channel.list_bodies("POST", f"/channels/{office.channel.channel_id}/messages")
    assert body["allowed_mentions"] == {"parse": [], "roles": [APPROVER_ID]}


async def test_after_a_crash_between_posting_and_recording_the_message_is_found_again(office: Office) -> None:
    await office.start_bot().draw_waiting()
    (posted,) = await office.list_posted()
    execute_sql(office.url, "UPDATE batches SET approval_is_drawn = false, approval_message_id = NULL")
    office.clock.now += 600  # the nonce of the message is of no use any more

    await office.start_bot().draw_waiting()

    assert [message["id"] for message in await office.list_posted()] == [posted["id"]]
    batch = await office.store.find_batch(office.batch_id)
    assert batch is not None
    assert batch.approval_message_id == int(posted["id"])


@pytest.mark.parametrize(
    ("decision", "said"),
    [
        (ApprovalDecision.APPROVE, "approved it"),
        (ApprovalDecision.CHANGES, "asked for changes"),
        (ApprovalDecision.REJECT, "rejected it"),
        (None, "Nobody decided in time"),
    ],
)
async def test_the_message_shows_the_decision_and_has_no_buttons_then(
    office: Office, decision: ApprovalDecision | None, said: str
) -> None:
    bot = office.start_bot()
    await bot.draw_waiting()
    if decision is None:
        office.clock.now += 8 * 86400
        await office.store.end_waiting(office.batch_id)
    else:
        await office.store.decide_approval(office.batch_id, BEN_ID, decision, "secret words")

    await bot.draw_waiting()

    (message,) = await office.list_posted()
    assert said in read_text(message)
    assert "secret words" not in read_text(message)
    assert "custom_id" not in json.dumps(message["components"])


async def test_a_second_request_has_a_message_of_its_own(office: Office) -> None:
    bot = office.start_bot()
    await bot.draw_waiting()
    await office.store.decide_approval(office.batch_id, BEN_ID, ApprovalDecision.CHANGES, "brighter")
    await bot.draw_waiting()
    await office.store.request_approval(office.batch_id)
    await bot.draw_waiting()

    first, second = await office.list_posted()
    assert "asked for changes" in read_text(first)
    assert "please decide" in read_text(second)


async def test_a_channel_that_refuses_the_message_gets_it_once_it_no_longer_does(office: Office) -> None:
    bot = office.start_bot()
    await office.channel.inject_fault("status:403", "POST", f"/channels/{office.channel.channel_id}/messages")
    await bot.draw_waiting()
    assert await office.list_posted() == []
    office.clock.now += 60

    await bot.draw_waiting()

    assert len(await office.list_posted()) == 1
