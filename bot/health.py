"""A sign of life for a container's health check: a file, touched while the bot is ready to serve."""

import asyncio
from pathlib import Path

import discord

HEARTBEAT_INTERVAL_SECONDS = 5.0


async def touch_heartbeat_file(client: discord.Client, file: Path) -> None:
    """Touch the file every few seconds while the client is connected; runs until cancelled."""
    while True:
        if client.is_ready() and not client.is_closed():
            await asyncio.to_thread(file.touch)
        await asyncio.sleep(HEARTBEAT_INTERVAL_SECONDS)
