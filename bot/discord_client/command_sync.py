"""Registers the commands with Discord, if they have changed.

Discord allows 200 new commands a day, and clients may show a global command wrongly for a while after an update.
https://discord.com/developers/docs/interactions/application-commands#bulk-overwrite-global-application-commands
"""

import asyncio
import logging
from collections.abc import Mapping
from typing import Any, Final

from discord import app_commands
from discord.http import Route

log = logging.getLogger(__name__)

SYNC_TIMEOUT_SECONDS: Final = 60.0
_COMPARED_KEYS: Final = frozenset(
    {
        *("type", "name", "name_localizations", "description", "description_localizations", "options", "required"),
        *("choices", "value", "min_value", "max_value", "min_length", "max_length", "autocomplete", "channel_types"),
        *("nsfw", "default_member_permissions", "contexts", "integration_types"),
    }
)


async def sync_commands(tree: app_commands.CommandTree[Any]) -> bool:
    """Register the commands if Discord has others, and tell whether it had. The client must be logged in."""
    if await is_in_sync(tree):
        log.info("the commands are unchanged")
        return False
    async with asyncio.timeout(SYNC_TIMEOUT_SECONDS):
        await tree.sync()
    log.info("the commands were registered")
    return True


async def is_in_sync(tree: app_commands.CommandTree[Any]) -> bool:
    """Tell whether Discord has exactly these commands."""
    client, translator = tree.client, tree.translator
    route = Route("GET", "/applications/{application_id}/commands", application_id=client.application_id)
    async with asyncio.timeout(SYNC_TIMEOUT_SECONDS):
        registered = await client.http.request(route, params={"with_localizations": "true"})
    commands = [
        await command.get_translated_payload(tree, translator) if translator else command.to_dict(tree)
        for command in tree.get_commands()
    ]
    return _normalize_commands(commands) == _normalize_commands(registered)


def _normalize_commands(commands: list[dict[str, Any]]) -> list[Any]:
    """Sort the commands, and drop the keys that Discord adds and values that mean the same as their absence."""
    return sorted(
        (_normalize_value(command) for command in commands), key=lambda command: (command["type"], command["name"])
    )


def _normalize_value(value: Any) -> Any:
    if isinstance(value, Mapping):
        entries = {name: _normalize_entry(name, entry) for name, entry in value.items() if name in _COMPARED_KEYS}
        return {name: entry for name, entry in entries.items() if not _is_absent(entry)}
    if isinstance(value, list):
        return [_normalize_value(entry) for entry in value]
    return value


def _normalize_entry(name: str, entry: Any) -> Any:
    if name in {"contexts", "integration_types"}:
        return sorted(entry or ())
    if name == "default_member_permissions" and entry is not None:
        return str(entry)  # discord.py writes a number, Discord answers with a string
    return entry if name.endswith("_localizations") else _normalize_value(entry)


def _is_absent(entry: Any) -> bool:
    return entry is None or entry is False or entry in ("", {}, [])
