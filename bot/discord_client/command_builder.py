"""The commands that look at what waits and at what was made, as Discord is told of them."""

from collections.abc import Mapping
from typing import Any, Final

import discord
from discord import app_commands
from discord.app_commands import Choice

from bot.discord_client.translator import localize_text
from bot.submission.command_options import CHOICES_LIMIT, LABEL_LIMIT
from shared.catalogue import Catalogue

WORDS_LIMIT: Final = 200
DATE_LENGTH: Final = 10  # 2026-11-22
JOB_ID_LENGTH: Final = 25

AnyCommand = app_commands.Command[Any, ..., None]


def build_browsing_commands(catalogue: Catalogue, handlers: Mapping[str, Any]) -> list[AnyCommand]:
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
        build_command("history", history, "words", "model", "since", "until", "user", "everyone", model=models),
        build_command("favourites", favourites),
        build_command("lineage", lineage, "job"),
        build_command("show", show, "job", "public", job=answers),
        build_command("export", export),
        build_command("forget_me", forget_me),
    ]


def build_command(name: str, callback: Any, /, *options: str, **completes: Any) -> AnyCommand:
    """Name a command and its options in every language; `completes` are what offers choices while one is typed."""
    key = f"command.{name}"
    for decorate in (
        app_commands.rename(**{option: localize_text(f"{key}.{option}.name") for option in options}),
        app_commands.describe(**{option: localize_text(f"{key}.{option}.description") for option in options}),
        app_commands.autocomplete(**completes),
        app_commands.guild_only(),
        app_commands.guild_install(),
    ):
        callback = decorate(callback)
    return app_commands.Command(
        name=localize_text(f"{key}.name"), description=localize_text(f"{key}.description"), callback=callback
    )
