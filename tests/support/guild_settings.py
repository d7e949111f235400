"""Changes the settings of a server in the database of a running stack, as another process of the bot does."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from bot.domain.guild_settings import GuildSettings
from bot.storage.guild_settings import SqlGuildSettingsStore
from bot.storage.session import Database
from demo.http_client import request_json
from demo.stack import Stack
from tests.support.database import use_database


def change_guild_settings(stack: Stack, **changes: Any) -> None:
    """Change these settings of the stand-in's first server."""
    guild_id = int(request_json("GET", f"{stack.discord_url}/control/state")["guilds"][0]["id"])
    _update_settings(stack, guild_id, lambda old: replace(old, **changes))


def save_guild_settings(stack: Stack, guild_id: int, settings: GuildSettings) -> None:
    """Save settings of a server, in place of any before."""
    _update_settings(stack, guild_id, lambda _: settings)


def _update_settings(stack: Stack, guild_id: int, update: Callable[[GuildSettings], GuildSettings]) -> None:
    async def save(database: Database) -> None:
        store = SqlGuildSettingsStore(database)
        old = await store.load_settings(guild_id)
        await store.change_settings(guild_id, guild_id, old, update(old))

    use_database(stack, save)
