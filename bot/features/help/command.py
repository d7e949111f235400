"""The commands `/help` and `/about`, which answer privately."""

from dataclasses import dataclass

import discord

from bot.features.help.view import OperatorFacts, build_about_view, build_help_view
from bot.interactions.locale import get_localized_messages
from bot.interactions.responses import RenderedMessage, respond_with
from shared.catalogue import Catalogue


@dataclass(frozen=True)
class HelpCommands:
    """Shows the abilities of the bot, and facts about it."""

    catalogue: Catalogue
    facts: OperatorFacts

    async def show_help(self, interaction: discord.Interaction) -> None:
        """Show the abilities of the bot, by job."""

        async def render_help() -> RenderedMessage:
            return RenderedMessage(build_help_view(self.catalogue, get_localized_messages(interaction)))

        await respond_with(interaction, render_help)

    async def show_about(self, interaction: discord.Interaction) -> None:
        """Show facts about the bot: its models with their prices, and the data that it stores."""

        async def render_about() -> RenderedMessage:
            messages = get_localized_messages(interaction)
            return RenderedMessage(build_about_view(self.catalogue, messages, self.facts))

        await respond_with(interaction, render_about)
