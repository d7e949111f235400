"""The bot's client on a real stand-in for Discord, with a queue in memory."""

import json
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import aiohttp
import discord
import pytest
import pytest_asyncio
from discord.gateway import DiscordWebSocket

from bot.discord_client.client import Bot
from shared.catalogue import load_catalogue
from tests.support.discord_guild import (
    TOKEN,
    FakeDraftStore,
    FakeJobQueue,
    FakeSubmissionStore,
    GuildClient,
    build_bot,
    connect_bot,
)

ROOT = Path(__file__).parents[4]


@pytest.fixture(scope="session")
def discord_server() -> Iterator[dict[str, Any]]:
    arguments = [sys.executable, "-m", "demo.standins.discord", "--port", "0", "--no-rate-limits", "--token", TOKEN]
    with subprocess.Popen(arguments, cwd=ROOT, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        yield json.loads(process.stdout.readline())
        process.terminate()
        process.wait(10)


@pytest.fixture(scope="session")
def route_base(discord_server: dict[str, Any]) -> Iterator[None]:
    before = discord.http.Route.BASE, DiscordWebSocket.DEFAULT_GATEWAY
    discord.http.Route.BASE = discord_server["url"] + "/api/v10"
    yield
    discord.http.Route.BASE, DiscordWebSocket.DEFAULT_GATEWAY = before


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as opened:
        yield opened


@pytest.fixture(scope="module")
def queue() -> FakeJobQueue:
    return FakeJobQueue()


@pytest.fixture(scope="module")
def records() -> FakeSubmissionStore:
    return FakeSubmissionStore()


@pytest.fixture(scope="module")
def drafts() -> FakeDraftStore:
    return FakeDraftStore()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def running_bot(
    discord_server: dict[str, Any],
    route_base: None,
    queue: FakeJobQueue,
    records: FakeSubmissionStore,
    drafts: FakeDraftStore,
    session: aiohttp.ClientSession,
) -> AsyncIterator[Bot]:
    del route_base
    ben = int(discord_server["users"]["ben"])
    bot = build_bot(queue, session, load_catalogue(), extras_user=ben, records=records, drafts=drafts)
    async with connect_bot(bot):
        yield bot


@pytest_asyncio.fixture(loop_scope="module")
async def guild(
    running_bot: Bot,
    discord_server: dict[str, Any],
    queue: FakeJobQueue,
    records: FakeSubmissionStore,
    session: aiohttp.ClientSession,
) -> AsyncIterator[GuildClient]:
    """A channel of its own for each test, an empty queue, empty records, no faults."""
    del running_bot
    queue.reset()
    records.reset()
    guild = GuildClient(session, discord_server)
    await guild.create_channel()
    yield guild
    await guild.call_api("DELETE", "/control/faults")
