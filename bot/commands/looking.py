"""The commands that look at what waits and at what was made, as Discord is told of them."""

from collections.abc import Mapping
from typing import Any, Final

import discord
from discord import app_commands
from discord.app_commands import Choice

from bot.commands.options import CHOICES_LIMIT, LABEL_LIMIT
from bot.commands.translation import words
from shared.catalogue import Catalogue

WORDS_LIMIT: Final = 200
DATE_LENGTH: Final = 10  # 2026-11-22
JOB_LENGTH: Final = 25

Command = app_commands.Command[Any, ..., None]


def looking(catalogue: Catalogue, does: Mapping[str, Any]) -> list[Command]:
    """Build the commands; `does` gives what each of them does."""

    async def queue(interaction: discord.Interaction) -> None:
        await does["queue"](interaction)

    async def history(
        interaction: discord.Interaction,
        words: app_commands.Range[str, 1, WORDS_LIMIT] | None = None,
        model: str | None = None,
        since: app_commands.Range[str, DATE_LENGTH, DATE_LENGTH] | None = None,
        until: app_commands.Range[str, DATE_LENGTH, DATE_LENGTH] | None = None,
        user: discord.User | None = None,
        everyone: bool = False,
    ) -> None:
        await does["history"](
            interaction, words=words, model=model, since=since, until=until, user=user, everyone=everyone
        )

    async def favourites(interaction: discord.Interaction) -> None:
        await does["favourites"](interaction)

    async def lineage(
        interaction: discord.Interaction, job: app_commands.Range[str, 1, JOB_LENGTH] | None = None
    ) -> None:
        await does["lineage"](interaction, job)

    async def show(
        interaction: discord.Interaction, job: app_commands.Range[str, 1, WORDS_LIMIT], public: bool = False
    ) -> None:
        await does["show"](interaction, job=job, public=public)

    async def export(interaction: discord.Interaction) -> None:
        await does["export"](interaction)

    async def forget_me(interaction: discord.Interaction) -> None:
        await does["forget_me"](interaction)

    async def answers(interaction: discord.Interaction, typed: str) -> list[Choice[str]]:
        offered: list[Choice[str]] = await does["show"].offer(interaction, typed)
        return offered

    async def models(interaction: discord.Interaction, typed: str) -> list[Choice[str]]:
        del interaction
        found = (model for model in catalogue if typed.casefold() in f"{model.name}\n{model.key}".casefold())
        return [Choice(name=model.name[:LABEL_LIMIT], value=model.key) for model in found][:CHOICES_LIMIT]

    return [
        described("queue", queue),
        described("history", history, "words", "model", "since", "until", "user", "everyone", model=models),
        described("favourites", favourites),
        described("lineage", lineage, "job"),
        described("show", show, "job", "public", job=answers),
        described("export", export),
        described("forget_me", forget_me),
    ]


def described(name: str, callback: Any, /, *options: str, **completes: Any) -> Command:
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
