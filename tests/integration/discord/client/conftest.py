"""The bot's client, connected to the Discord stand-in, with a job queue in memory."""

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
from tests.support.catalogues import SDXL_OFFERED
from tests.support.discord_guild import TOKEN, GuildClient, build_bot, connect_bot
from tests.support.fake_stores import FakeDraftStore, FakeJobQueue, FakeSubmissionStore

ROOT = Path(__file__).parents[4]


@pytest.fixture(scope="session")
def discord_standin() -> Iterator[dict[str, Any]]:
    arguments = [sys.executable, "-m", "demo.standins.discord", "--port", "0", "--no-rate-limits", "--token", TOKEN]
    with subprocess.Popen(arguments, cwd=ROOT, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        yield json.loads(process.stdout.readline())
        process.terminate()
        process.wait(10)


@pytest.fixture(scope="session")
def discord_api_base(discord_standin: dict[str, Any]) -> Iterator[None]:
    before = discord.http.Route.BASE, DiscordWebSocket.DEFAULT_GATEWAY
    discord.http.Route.BASE = discord_standin["url"] + "/api/v10"
    yield
    discord.http.Route.BASE, DiscordWebSocket.DEFAULT_GATEWAY = before


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def http_session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as opened:
        yield opened


@pytest.fixture(scope="module")
def job_queue() -> FakeJobQueue:
    return FakeJobQueue()


@pytest.fixture(scope="module")
def submission_store() -> FakeSubmissionStore:
    return FakeSubmissionStore()


@pytest.fixture(scope="module")
def draft_store() -> FakeDraftStore:
    return FakeDraftStore()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def running_bot(
    discord_standin: dict[str, Any],
    discord_api_base: None,
    job_queue: FakeJobQueue,
    submission_store: FakeSubmissionStore,
    draft_store: FakeDraftStore,
    http_session: aiohttp.ClientSession,
) -> AsyncIterator[Bot]:
    del discord_api_base
    ben = int(discord_standin["users"]["ben"])
    bot = build_bot(
        job_queue,
        http_session,
        load_catalogue(SDXL_OFFERED),
        extras_user=ben,
        submission_store=submission_store,
        draft_store=draft_store,
    )
    async with connect_bot(bot):
        yield bot


@pytest_asyncio.fixture(loop_scope="module")
async def guild(
    running_bot: Bot,
    discord_standin: dict[str, Any],
    job_queue: FakeJobQueue,
    submission_store: FakeSubmissionStore,
    http_session: aiohttp.ClientSession,
) -> AsyncIterator[GuildClient]:
    """A new channel for each test, an empty queue and store, and no faults."""
    del running_bot
    job_queue.reset()
    submission_store.reset()
    guild = GuildClient(http_session, discord_standin)
    await guild.create_channel()
    yield guild
    await guild.call_api("DELETE", "/control/faults")
