"""The heartbeat file is touched only while the bot is ready."""

import asyncio
from pathlib import Path

import discord
import pytest

from bot import health


async def test_the_file_is_touched_while_the_client_is_ready_and_not_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(health, "HEARTBEAT_INTERVAL_SECONDS", 0.01)
    client, file = discord.Client(intents=discord.Intents.none()), tmp_path / "alive"
    ready = False
    monkeypatch.setattr(client, "is_ready", lambda: ready)
    task = asyncio.create_task(health.touch_heartbeat_file(client, file))

    await asyncio.sleep(0.05)
    assert not file.exists()
    ready = True
    await asyncio.sleep(0.1)
    task.cancel()

    assert file.exists()
