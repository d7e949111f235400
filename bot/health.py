"""A heartbeat for a container's health check: a file that is touched while the bot is ready."""

import asyncio
from pathlib import Path
from typing import Final

import discord

HEARTBEAT_INTERVAL_SECONDS: Final = 5.0


async def touch_heartbeat_file(client: discord.Client, file: Path) -> None:
    """Touch the file every few seconds while the client is connected, until cancelled."""
    while True:
        if client.is_ready() and not client.is_closed():
            await asyncio.to_thread(file.touch)
        await asyncio.sleep(HEARTBEAT_INTERVAL_SECONDS)
