"""More: the rarer actions for a result, in a menu that only its user sees."""

from dataclasses import dataclass

import discord
from discord import ui

from bot.features.result_actions.buttons import build_more_view
from bot.features.result_actions.custom_ids import MenuFavouriteId
from bot.interactions.deadlines import limit_lookup_time
from bot.interactions.locale import get_localized_messages
from bot.interactions.offers import get_offered_catalogue
from bot.interactions.responses import respond_privately, show_in_place
from bot.interactions.result_buttons import MoreId
from bot.results.lookup import ResultLookup
from bot.storage.favourites import SqlFavouriteStore
from shared.catalogue import Catalogue
from shared.i18n.messages import Messages
from shared.problems import RejectedError


@dataclass(frozen=True)
class MoreHandler:
    """Opens the menu for everyone who sees the result, and toggles the star in it."""

    favourites: SqlFavouriteStore
    result_lookup: ResultLookup
    catalogue: Catalogue

    async def open_menu(self, interaction: discord.Interaction, custom_id: MoreId) -> None:
        """Open the menu, without the star if the database does not tell."""
        try:
            async with limit_lookup_time(interaction):
                is_favourite = await self.favourites.is_favourite(interaction.user.id, custom_id.job_id)
        except RejectedError:
            is_favourite = False
        messages = get_localized_messages(interaction)
        view = self._build_view(interaction, custom_id.job_id, messages, is_favourite=is_favourite)
        await respond_privately(interaction, messages.text("more.title"), view=view)

    async def toggle_favourite(self, interaction: discord.Interaction, custom_id: MenuFavouriteId) -> None:
        """Mark the result as the user's favourite, or unmark it, and show that in the menu."""
        async with limit_lookup_time(interaction):
            settings = await self.result_lookup.find_generation_settings(interaction, custom_id.job_id)
            is_favourite = await self.favourites.toggle_favourite(interaction.user.id, settings.job_id)
        messages = get_localized_messages(interaction)
        view = self._build_view(interaction, settings.job_id, messages, is_favourite=is_favourite)
        text = messages.text("favourite.marked" if is_favourite else "favourite.unmarked")
        await show_in_place(interaction, text, view)

    def _build_view(
        self, interaction: discord.Interaction, job_id: str, messages: Messages, *, is_favourite: bool
    ) -> ui.View:
        can_continue = get_offered_catalogue(interaction, self.catalogue).pick_picture_model("") is not None
        return build_more_view(job_id, messages, can_continue=can_continue, is_favourite=is_favourite)
