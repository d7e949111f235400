"""`/presets` and its parts, as Discord is told of them."""

from collections.abc import Mapping
from typing import Any, Final

import discord
from discord import app_commands
from discord.app_commands import Choice

from bot.commands.looking import JOB_LENGTH, described
from bot.commands.presets import NAME_LIMIT, SERVER
from bot.commands.translation import label, words

CODE_LIMIT: Final = 32

Name = app_commands.Range[str, 1, NAME_LIMIT]


def preset_group(does: Mapping[str, Any]) -> app_commands.Group:
    """Build the commands; `does` gives what each of them does, and what `presets` and `presets.results` offer."""

    async def names(interaction: discord.Interaction, typed: str) -> list[Choice[str]]:
        offered: list[Choice[str]] = await does["presets"](interaction, typed)
        return offered

    async def results(interaction: discord.Interaction, typed: str) -> list[Choice[str]]:
        offered: list[Choice[str]] = await does["presets.results"](interaction, typed)
        return offered

    async def save(
        interaction: discord.Interaction,
        called: Name,
        job: app_commands.Range[str, 1, JOB_LENGTH] | None = None,
        owner: str | None = None,
    ) -> None:
        await does["presets.save"](interaction, called, job, owner)

    async def listed(interaction: discord.Interaction) -> None:
        await does["presets.list"](interaction)

    async def delete(interaction: discord.Interaction, called: Name, owner: str | None = None) -> None:
        await does["presets.delete"](interaction, called, owner)

    async def share(interaction: discord.Interaction, called: Name) -> None:
        await does["presets.share"](interaction, called)

    async def add(interaction: discord.Interaction, code: app_commands.Range[str, 1, CODE_LIMIT]) -> None:
        await does["presets.add"](interaction, code)

    group = app_commands.Group(
        name=words("command.presets.name"),
        description=words("command.presets.description"),
        guild_only=True,
        allowed_installs=app_commands.AppInstallationType(guild=True),
    )
    for command in (
        described("presets.save", _owned(save), "called", "job", "owner", job=results),
        described("presets.list", listed),
        described("presets.delete", _owned(delete), "called", "owner", called=names),
        described("presets.share", share, "called", called=names),
        described("presets.add", add, "code"),
    ):
        group.add_command(command)
    return group


def _owned(callback: Any) -> Any:
    owners = [Choice(name=label("owner", owner), value=owner) for owner in ("me", SERVER)]
    return app_commands.choices(owner=owners)(callback)
