"""The stand-in for Discord in a process of its own, a client logged in to it, and an outcome stream in memory."""

import json
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import aiohttp
import discord
import pytest

from bot.delivery.consumer import OutcomeConsumer
from shared.catalogue import Catalogue
from tests.support.delivery import FakeOutcomeStream, make_consumer
from tests.support.discord_channel import NUMBERS, DiscordChannel


@pytest.fixture(scope="session")
def discord_standin(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[dict[str, Any], Path]]:
    exchanges_file = tmp_path_factory.mktemp("discord") / "exchanges.jsonl"
    command = [
        sys.executable,
        "-m",
        "demo.standins.discord",
        "--port",
        "0",
        "--no-rate-limits",
        "--record",
        str(exchanges_file),
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield json.loads(process.stdout.readline()), exchanges_file
        finally:
            process.terminate()


@pytest.fixture
async def discord_channel(
    discord_standin: tuple[dict[str, Any], Path], monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[DiscordChannel]:
    standin, exchanges_file = discord_standin
    monkeypatch.setattr(discord.http.Route, "BASE", standin["url"] + "/api/v10")
    client = discord.Client(intents=discord.Intents.none())
    async with client, aiohttp.ClientSession() as http:
        await client.login("demo-token")
        channel = DiscordChannel(client, http, standin, exchanges_file)
        channel.channel_id = int(
            (await channel.call_control("POST", "channels", {"name": f"channel-{next(NUMBERS)}"}))["id"]
        )
        yield channel
        await channel.call_control("DELETE", "faults")


@pytest.fixture
def outcome_stream() -> FakeOutcomeStream:
    return FakeOutcomeStream()


@pytest.fixture
def consumer(
    discord_channel: DiscordChannel, outcome_stream: FakeOutcomeStream, catalogue: Catalogue
) -> OutcomeConsumer:
    return make_consumer(discord_channel.client, outcome_stream, catalogue)
