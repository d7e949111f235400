"""`/presets` and its parts, as Discord is told of them."""

from collections.abc import Mapping
from typing import Any, Final

import discord
from discord import app_commands
from discord.app_commands import Choice

from bot.discord_client.command_builder import JOB_ID_LENGTH, build_command
from bot.discord_client.translator import localize_choice, localize_text
from bot.features.presets.handlers import SERVER_OWNER
from bot.submission.preset_option import PRESET_NAME_LIMIT

CODE_LIMIT: Final = 32

PresetName = app_commands.Range[str, 1, PRESET_NAME_LIMIT]


def build_preset_group(handlers: Mapping[str, Any]) -> app_commands.Group:
    """Build the commands; `does` gives what each of them does, and what `presets` and `presets.results` offer."""

    async def names(interaction: discord.Interaction, typed: str) -> list[Choice[str]]:
        offered: list[Choice[str]] = await handlers["presets"](interaction, typed)
        return offered

    async def results(interaction: discord.Interaction, typed: str) -> list[Choice[str]]:
        offered: list[Choice[str]] = await handlers["presets.results"](interaction, typed)
        return offered

    async def save(
        interaction: discord.Interaction,
        called: PresetName,
        job: app_commands.Range[str, 1, JOB_ID_LENGTH] | None = None,
        owner: str | None = None,
    ) -> None:
        await handlers["presets.save"](interaction, called, job, owner)

    async def listed(interaction: discord.Interaction) -> None:
        await handlers["presets.list"](interaction)

    async def delete(interaction: discord.Interaction, called: PresetName, owner: str | None = None) -> None:
        await handlers["presets.delete"](interaction, called, owner)

    async def share(interaction: discord.Interaction, called: PresetName) -> None:
        await handlers["presets.share"](interaction, called)

    async def add(interaction: discord.Interaction, code: app_commands.Range[str, 1, CODE_LIMIT]) -> None:
        await handlers["presets.add"](interaction, code)

    group = app_commands.Group(
        name=localize_text("command.presets.name"),
        description=localize_text("command.presets.description"),
        guild_only=True,
        allowed_installs=app_commands.AppInstallationType(guild=True),
    )
    owners = [Choice(name=localize_choice("owner", owner), value=owner) for owner in ("me", SERVER_OWNER)]
    for command in (
        build_command("presets.save", save, autocomplete={"job": results}, choices={"owner": owners}),
        build_command("presets.list", listed),
        build_command("presets.delete", delete, autocomplete={"called": names}, choices={"owner": owners}),
        build_command("presets.share", share, autocomplete={"called": names}),
        build_command("presets.add", add),
    ):
        group.add_command(command)
    return group
