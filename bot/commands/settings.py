"""`/settings`: what a server chose, shown and changed by those who manage it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import discord
from discord import app_commands
from discord.app_commands import Choice

from bot.commands.translation import words
from bot.interactions.answers import tell
from bot.interactions.patience import looking_up
from bot.interactions.speaking import phrases_of
from bot.ports import Knowing, Pressing


@dataclass(frozen=True)
class ServerSettings:
    """Answers the one who asked, with what holds now."""

    people: Knowing

    async def __call__(self, interaction: discord.Interaction, pressing: str | None = None) -> None:
        guild = interaction.guild_id or 0
        async with looking_up(interaction):
            if pressing is not None:
                await self.people.set_pressing(guild, Pressing(pressing))
            now = await self.people.pressing(guild)
        phrases = phrases_of(interaction)
        await tell(interaction, phrases.say("settings.pressing", who=phrases.say(f"settings.{now}")))


def settings(does: Mapping[str, Any]) -> app_commands.Command[Any, ..., None]:
    """Build the command; `does` gives what it does.

    Discord shows it to those who may manage the server, unless an admin there decides otherwise.
    https://discord.com/developers/docs/interactions/application-commands#permissions
    """

    async def settings(interaction: discord.Interaction, pressing: str | None = None) -> None:
        await does["settings"](interaction, pressing)

    key = "command.settings"
    decorated: Any = settings
    for decorate in (
        app_commands.rename(pressing=words(f"{key}.pressing.name")),
        app_commands.describe(pressing=words(f"{key}.pressing.description")),
        app_commands.choices(pressing=[Choice(name=words(f"settings.{who}"), value=who.value) for who in Pressing]),
        app_commands.default_permissions(manage_guild=True),
        app_commands.guild_only(),
        app_commands.guild_install(),
    ):
        decorated = decorate(decorated)
    return app_commands.Command(name=words(f"{key}.name"), description=words(f"{key}.description"), callback=decorated)
