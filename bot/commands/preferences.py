"""`/preferences`: what a person chose for everything they ask, shown to them alone and changed where it stands."""

from collections.abc import Callable, Coroutine
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import discord
from discord import app_commands

from bot.commands.translation import words
from bot.interactions.answers import outdated
from bot.interactions.showing import Shown, present, turn
from bot.interactions.speaking import know, known_preferences_of, phrases_of
from bot.ports import Knowing, Preferences
from bot.views import Press
from bot.views.preferences import LANGUAGE, OPTIONS, SWITCHES, USUAL, choices, preferences_view
from shared.catalogue import Catalogue

Handler = Callable[[discord.Interaction], Coroutine[Any, Any, None]]


def preferences_command(handler: Handler) -> app_commands.Command[Any, ..., None]:
    """Build the command, which has no options."""

    @app_commands.command(name=words("command.preferences.name"), description=words("command.preferences.description"))
    @app_commands.guild_only()
    @app_commands.guild_install()
    async def preferences(interaction: discord.Interaction) -> None:
        await handler(interaction)

    return preferences


@dataclass(frozen=True)
class ShowPreferences:
    """Shows what is chosen, and keeps what is chosen next."""

    people: Knowing
    catalogue: Catalogue

    async def __call__(self, interaction: discord.Interaction) -> None:
        """Answer the command."""

        async def chosen() -> Shown:
            return self._shown(interaction)

        await present(interaction, chosen)

    async def changed(self, interaction: discord.Interaction, press: Press) -> None:
        """Keep what a select or a button says, and show it."""
        after = with_choice(known_preferences_of(interaction), press, self.catalogue)
        if after is None:
            await outdated(interaction)
            return

        async def kept() -> Shown:
            await self.people.prefer(interaction.user.id, after)
            know(interaction, after)
            return self._shown(interaction)

        await turn(interaction, kept)

    def _shown(self, interaction: discord.Interaction) -> Shown:
        today, phrases = datetime.now(UTC).date(), phrases_of(interaction)
        return Shown(preferences_view(known_preferences_of(interaction), self.catalogue, today, phrases))


def with_choice(before: Preferences, press: Press, catalogue: Catalogue) -> Preferences | None:
    """Lay one choice over what was chosen; None where there is no such choice, as in an older message."""
    field, _, wanted = press.more.partition("-")
    if field in SWITCHES and wanted in {"on", "off"}:
        on = wanted == "on"
        return replace(before, pings=on) if field == "pings" else replace(before, private=on)
    value = next(iter(press.values), "")
    if field not in {LANGUAGE, *OPTIONS} or value not in {USUAL, *choices(field, catalogue)}:
        return None
    if field == LANGUAGE:
        return replace(before, language=None if value == USUAL else value)
    others = {name: kept for name, kept in before.options.items() if name != field}
    chosen = {} if value == USUAL else {field: float(value) if field == "keep" else value}
    return replace(before, options=others | chosen)
