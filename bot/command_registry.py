"""The commands of the features that do not build their own yet; goes with the last of them."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, Final

import discord
from discord import app_commands
from discord.app_commands import Choice

from bot.discord_client.command_builder import CHOICES_LIMIT, JOB_ID_LENGTH, LABEL_LIMIT, build_command
from bot.features.explore.command import build_explore_command
from bot.features.imagine.command import build_imagine_command
from bot.features.preferences.command import build_preferences_command
from bot.features.presets.command import build_preset_group
from bot.features.server_settings.command import build_settings_command
from shared.catalogue import Catalogue

WORDS_LIMIT: Final = 200
DATE_LENGTH: Final = 10  # 2026-11-22

Commands = Sequence[app_commands.Command[Any, ..., None] | app_commands.Group | app_commands.ContextMenu]


def build_commands(catalogue: Catalogue, today: date, handlers: Mapping[str, Any]) -> Commands:
    """Build the commands. `does` gives what each does, and `sources` and `presets` offer; one missing is a KeyError."""
    autocompletes = {"source": handlers["sources"], "preset": handlers["presets"]}
    return [
        build_imagine_command(handlers["imagine"], catalogue, today, autocompletes),
        build_explore_command(handlers["explore"], catalogue, today, autocompletes),
        build_preferences_command(handlers["preferences"]),
        *build_browsing_commands(catalogue, handlers),
        build_settings_command(handlers),
        build_preset_group(handlers),
    ]


def build_browsing_commands(catalogue: Catalogue, handlers: Mapping[str, Any]) -> Commands:
    """Build the commands; `does` gives what each of them does."""

    async def queue(interaction: discord.Interaction) -> None:
        await handlers["queue"](interaction)

    async def history(
        interaction: discord.Interaction,
        words: app_commands.Range[str, 1, WORDS_LIMIT] | None = None,
        model: str | None = None,
        since: app_commands.Range[str, DATE_LENGTH, DATE_LENGTH] | None = None,
        until: app_commands.Range[str, DATE_LENGTH, DATE_LENGTH] | None = None,
        user: discord.User | None = None,
        everyone: bool = False,
    ) -> None:
        await handlers["history"](
            interaction, words=words, model=model, since=since, until=until, user=user, everyone=everyone
        )

    async def favourites(interaction: discord.Interaction) -> None:
        await handlers["favourites"](interaction)

    async def lineage(
        interaction: discord.Interaction, job: app_commands.Range[str, 1, JOB_ID_LENGTH] | None = None
    ) -> None:
        await handlers["lineage"](interaction, job)

    async def show(
        interaction: discord.Interaction, job: app_commands.Range[str, 1, WORDS_LIMIT], public: bool = False
    ) -> None:
        await handlers["show"](interaction, job=job, public=public)

    async def export(interaction: discord.Interaction) -> None:
        await handlers["export"](interaction)

    async def forget_me(interaction: discord.Interaction) -> None:
        await handlers["forget_me"](interaction)

    async def answers(interaction: discord.Interaction, typed: str) -> list[Choice[str]]:
        offered: list[Choice[str]] = await handlers["show"].autocomplete_jobs(interaction, typed)
        return offered

    async def models(interaction: discord.Interaction, typed: str) -> list[Choice[str]]:
        del interaction
        found = (model for model in catalogue if typed.casefold() in f"{model.name}\n{model.key}".casefold())
        return [Choice(name=model.name[:LABEL_LIMIT], value=model.key) for model in found][:CHOICES_LIMIT]

    return [
        build_command("queue", queue),
        build_command("history", history, autocomplete={"model": models}),
        build_command("favourites", favourites),
        build_command("lineage", lineage),
        build_command("show", show, autocomplete={"job": answers}),
        build_command("export", export),
        build_command("forget_me", forget_me),
    ]
