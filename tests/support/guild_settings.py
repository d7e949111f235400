"""Changes the settings of the stand-in's server in the database of a running stack."""

import asyncio
from dataclasses import replace
from typing import Any

from bot.storage.guild_settings import SqlGuildSettingsStore
from bot.storage.session import Database
from demo.http_client import request_json
from demo.stack import Stack


def change_guild_settings(stack: Stack, **changes: Any) -> None:
    """Save these settings of the stand-in's first server."""
    guild_id = int(request_json("GET", f"{stack.discord_url}/control/state")["guilds"][0]["id"])

    async def save() -> None:
        database = Database(stack.environment["DATABASE_URL"])
        try:
            store = SqlGuildSettingsStore(database)
            old = await store.load_settings(guild_id)
            await store.change_settings(guild_id, guild_id, old, replace(old, **changes))
        finally:
            await database.close()

    asyncio.run(save())
