"""Two processes that run one shard each: what both of them know of servers, and when they identify."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import aiohttp
import discord
import pytest
import yarl

from bot.delivery.destinations import get_own_permissions, may_read_history
from bot.discord_client.client import Bot
from bot.discord_client.sharded_client import load_guild
from bot.domain.shards import Shards, find_shard
from bot.lifecycle import explain_connection_error
from demo.standins.discord.app import serve_application
from demo.standins.discord.app_keys import STATE
from demo.standins.discord.settings import Settings
from tests.support.discord_guild import TOKEN, connect_bot, wait_until
from tests.support.discord_standin import DiscordStandIn

COUNT = 2


class FakeIdentifyGate:
    """An `IdentifyGate` that remembers which shards asked for their turn."""

    def __init__(self) -> None:
        self.buckets: list[int] = []

    async def wait_for_turn(self, bucket: int) -> None:
        self.buckets.append(bucket)


@pytest.fixture
async def discord_standin(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[DiscordStandIn]:
    async with AsyncExitStack() as stack:
        app = await stack.enter_async_context(
            serve_application(Settings(rate_limits=False, shards=COUNT, max_concurrency=16))
        )
        http = await stack.enter_async_context(aiohttp.ClientSession())
        monkeypatch.setattr("discord.http.Route.BASE", f"{app[STATE].base_url}/api/v10")
        monkeypatch.setattr("discord.gateway.DiscordWebSocket.DEFAULT_GATEWAY", yarl.URL("ws://127.0.0.1:1"))
        yield DiscordStandIn(app, http)


@asynccontextmanager
async def connect_shard(bot: Bot) -> AsyncIterator[Bot]:
    """Connect a bot that need not have a server."""
    connection = asyncio.create_task(bot.start(TOKEN))
    try:
        await wait_until(bot.is_ready)
        yield bot
    finally:
        await bot.close()
        await connection


async def test_a_server_of_another_process_is_known_once_it_is_loaded(discord_standin: DiscordStandIn) -> None:
    guild_id, channel_id = int(discord_standin.guild_id), int(discord_standin.channel_id)
    shard_id = find_shard(guild_id, COUNT)
    gate = FakeIdentifyGate()
    async with (
        connect_bot(Bot([], shards=Shards((shard_id,), COUNT), identify_gate=gate)) as owner,
        connect_shard(Bot([], shards=Shards((1 - shard_id,), COUNT), identify_gate=gate)) as other,
    ):
        await wait_until(lambda: owner.get_guild(guild_id) is not None)
        assert (list(other.guilds), other.get_guild(guild_id)) == ([], None)
        await discord_standin.call_page_api(
            "PUT",
            f"/control/permissions/{channel_id}",
            {"deny": str(discord.Permissions(read_message_history=True).value)},
        )
        await wait_until(lambda: not may_read_history(owner, guild_id, channel_id))

        await load_guild(other, guild_id)
        await load_guild(owner, guild_id)
        await load_guild(other, int(await find_foreign_guild(discord_standin, 1 - shard_id)))
        await load_guild(other, (1442 << 22) + (shard_id << 22))

        known, own = other.get_guild(guild_id), owner.get_guild(guild_id)
        assert known is not None
        assert own is not None
        assert get_own_permissions(other, guild_id, channel_id) == get_own_permissions(owner, guild_id, channel_id)
        assert {channel.id for channel in known.channels} == {channel.id for channel in own.channels}
        assert known.filesize_limit == own.filesize_limit
        assert [role.id for role in known.roles] == [role.id for role in own.roles]
        assert other.get_guild((1442 << 22) + (shard_id << 22)) is None
        assert list(other.guilds) == []
        assert sorted(gate.buckets) == [0, 1]


async def find_foreign_guild(discord_standin: DiscordStandIn, shard_id: int) -> Any:
    while True:
        guild = await discord_standin.call_page_api("POST", "/control/guilds", {"name": "another"})
        await discord_standin.call_page_api("POST", "/control/guild/remove", {"guild_id": guild["id"]})
        if find_shard(int(guild["id"]), COUNT) == shard_id:
            return guild["id"]


async def test_without_the_setting_a_process_runs_the_shards_that_discord_recommends(
    discord_standin: DiscordStandIn,
) -> None:
    gate = FakeIdentifyGate()
    async with connect_bot(Bot([], identify_gate=gate)) as bot:
        await wait_until(bot.is_ready)

        assert sorted(bot.shards) == [0, 1]
        assert bot.get_guild(int(discord_standin.guild_id)) is not None
        assert bot.runs_shard_of(int(discord_standin.guild_id))
        assert sorted(gate.buckets) == [0, 1]


def test_too_few_shards_are_explained() -> None:
    class Socket:
        close_code = 4011

    socket: Any = Socket()

    text = explain_connection_error(discord.ConnectionClosed(socket, shard_id=0))

    assert "Name more of them in SHARDS" in text
