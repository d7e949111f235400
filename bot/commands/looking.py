"""The commands that look at what waits and at what was made, as Discord is told of them."""

from collections.abc import Mapping
from typing import Any

import discord
from discord import app_commands

from bot.commands.translation import words

Command = app_commands.Command[Any, ..., None]


def looking(does: Mapping[str, Any]) -> list[Command]:
    """Build the commands; `does` gives what each of them does."""

    async def queue(interaction: discord.Interaction) -> None:
        await does["queue"](interaction)

    return [_command("queue", queue)]


def _command(name: str, callback: Any, *options: str, **completes: Any) -> Command:
    """Name a command and its options in every language; `completes` are what offers choices while one is typed."""
    key = f"command.{name}"
    for decorate in (
        app_commands.rename(**{option: words(f"{key}.{option}.name") for option in options}),
        app_commands.describe(**{option: words(f"{key}.{option}.description") for option in options}),
        app_commands.autocomplete(**completes),
        app_commands.guild_only(),
        app_commands.guild_install(),
    ):
        callback = decorate(callback)
    return app_commands.Command(name=words(f"{key}.name"), description=words(f"{key}.description"), callback=callback)
