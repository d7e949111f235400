"""Commands as they are sent to Discord, with their translations."""

from collections.abc import Sequence
from typing import Any, cast

import discord

from bot.discord_client.command_tree import BotCommandTree
from bot.discord_client.feature import AnyCommand
from bot.discord_client.translator import CommandTranslator

UNUSED: Any = None  # a dependency of a feature whose handlers are not called


async def build_payloads(commands: Sequence[AnyCommand]) -> list[dict[str, Any]]:
    """Build what Discord is sent of each command."""
    tree = cast("Any", BotCommandTree(discord.Client(intents=discord.Intents.none()), commands))
    return [await command.get_translated_payload(tree, CommandTranslator()) for command in commands]


def localize(entry: dict[str, Any], part: str, language: str) -> str:
    """Get the name or the description of a command, an option or a choice in a language."""
    return str(entry.get(f"{part}_localizations", {}).get(language, entry[part]))
