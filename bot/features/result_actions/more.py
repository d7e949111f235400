"""More: the rarer actions for a result, in a menu that only its user sees."""

import logging
from dataclasses import dataclass

import discord
from discord import ui

from bot.domain.gallery import GalleryReason
from bot.features.result_actions.buttons import build_more_view
from bot.features.result_actions.custom_ids import MenuFavouriteId
from bot.interactions.custom_ids import CustomId
from bot.interactions.deadlines import limit_lookup_time
from bot.interactions.locale import get_localized_messages
from bot.interactions.offers import get_offered_catalogue
from bot.interactions.permissions import is_moderator
from bot.interactions.responses import respond_privately, show_in_place
from bot.interactions.result_buttons import MoreId, ShareId, TakeOutId
from bot.results.lookup import ResultLookup
from bot.storage.favourites import SqlFavouriteStore
from bot.storage.gallery import SqlGalleryStore
from shared.catalogue import Catalogue
from shared.problems import RejectedError

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class MoreHandler:
    """Opens the menu for everyone who sees the result, and toggles the star in it."""

    favourites: SqlFavouriteStore
    gallery: SqlGalleryStore
    result_lookup: ResultLookup
    catalogue: Catalogue

    async def open_menu(self, interaction: discord.Interaction, custom_id: MoreId) -> None:
        """Open the menu, without the star and the gallery if the database does not tell."""
        is_favourite, gallery_action = False, None
        try:
            async with limit_lookup_time(interaction):
                is_favourite = await self.favourites.is_favourite(interaction.user.id, custom_id.job_id)
                gallery_action = await self._find_gallery_action(interaction, custom_id.job_id)
        except RejectedError:
            log.warning("the menu of job %s is not complete", custom_id.job_id, exc_info=True)
        messages = get_localized_messages(interaction)
        view = self._build_view(interaction, custom_id.job_id, gallery_action, is_favourite=is_favourite)
        await respond_privately(interaction, messages.text("more.title"), view=view)

    async def toggle_favourite(self, interaction: discord.Interaction, custom_id: MenuFavouriteId) -> None:
        """Mark the result as the user's favourite, or unmark it, and show that in the menu."""
        async with limit_lookup_time(interaction):
            settings = await self.result_lookup.find_generation_settings(interaction, custom_id.job_id)
            is_favourite = await self.favourites.toggle_favourite(interaction.user.id, settings.job_id)
            gallery_action = await self._find_gallery_action(interaction, settings.job_id)
        messages = get_localized_messages(interaction)
        view = self._build_view(interaction, settings.job_id, gallery_action, is_favourite=is_favourite)
        text = messages.text("favourite.marked" if is_favourite else "favourite.unmarked")
        await show_in_place(interaction, text, view)

    async def _find_gallery_action(self, interaction: discord.Interaction, job_id: str) -> CustomId | None:
        """Find out whether the user may put the result into the gallery of this server, or take it out of it."""
        guild_id = interaction.guild_id
        if guild_id is None or (await self.gallery.load_settings(guild_id)).channel_id is None:
            return None
        record = await self.result_lookup.job_history.find_job(job_id)
        if record is None or record.job.origin.guild_id != guild_id or record.job.origin.is_direct_message:
            return None
        is_author = record.job.requester.id == interaction.user.id
        if not is_author and not is_moderator(interaction, record.job.origin):
            return None
        post = await self.gallery.find_post(job_id)
        if post is not None and post.is_in_gallery:
            return TakeOutId(job_id)
        reason = GalleryReason.SHARED if is_author else GalleryReason.MODERATOR
        return ShareId(job_id) if post is None or post.may_return(reason) else None

    def _build_view(
        self, interaction: discord.Interaction, job_id: str, gallery_action: CustomId | None, *, is_favourite: bool
    ) -> ui.View:
        offered = get_offered_catalogue(interaction, self.catalogue)
        return build_more_view(
            job_id,
            get_localized_messages(interaction),
            can_continue=offered.pick_picture_model("") is not None,
            can_edit=bool(offered.edit_models),
            is_favourite=is_favourite,
            gallery_action=gallery_action,
            can_report=interaction.guild_id is not None,
        )
