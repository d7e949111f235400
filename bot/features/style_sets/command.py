"""The subcommands of `/styles`: add, list, show and remove."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import discord
from discord import app_commands

from bot.domain.images import RemoteImage
from bot.domain.owners import Owner
from bot.domain.style_sets import MAX_STYLE_PICTURES, STYLE_SET_NAME_LIMIT, StyleSet
from bot.features.style_sets.view import build_style_set_message, build_style_sets_view
from bot.images.style_picture import make_style_picture
from bot.interactions.deadlines import limit_lookup_time
from bot.interactions.locale import get_localized_messages
from bot.interactions.owners import get_guild_owner, resolve_owner
from bot.interactions.responses import RenderedMessage, respond_privately, respond_with, run_and_report
from bot.rendering.markdown import escape_markdown, flatten_text
from bot.results.message_images import build_attached_image
from bot.storage.style_sets import SqlStyleSetStore
from bot.submission.images import ImageFetcher
from bot.submission.saved_names import clean_name, find_named
from bot.submission.style_set_option import StyleSetOption, make_unknown_style_set_error
from shared.imaging.limits import ImageRejectedError
from shared.problems import RejectedError, make_problem

_NAME_LENGTH: Final = 2 * STYLE_SET_NAME_LIMIT  # when it is escaped

StyleSetName = app_commands.Range[str, 1, STYLE_SET_NAME_LIMIT]


@dataclass(frozen=True)
class StyleSetCommands:
    """Manages style sets. Everyone may use a server's; those who manage the server may change them."""

    store: SqlStyleSetStore
    option: StyleSetOption
    image_fetcher: ImageFetcher

    async def add_pictures(
        self,
        interaction: discord.Interaction,
        set_name: StyleSetName,
        picture: discord.Attachment,
        picture2: discord.Attachment | None = None,
        picture3: discord.Attachment | None = None,
        picture4: discord.Attachment | None = None,
        owner: str | None = None,
    ) -> None:
        """Add pictures to a set, which is made if there is none of this name."""
        attachments = [attached for attached in (picture, picture2, picture3, picture4) if attached is not None]

        async def add() -> str:
            set_owner = resolve_owner(interaction, owner, "style_set_not_allowed")
            name = clean_name(set_name, STYLE_SET_NAME_LIMIT, "style_set_name_empty")
            pictures = await self._fetch_pictures([build_attached_image(attached) for attached in attachments])
            style_set = await self.store.add_pictures(set_owner, name, pictures)
            messages = get_localized_messages(interaction)
            escaped_name = escape_markdown(style_set.name, _NAME_LENGTH)
            return messages.text("style_set.added", count=style_set.picture_count, name=escaped_name)

        await run_and_report(interaction, add)

    async def show_style_sets(self, interaction: discord.Interaction) -> None:
        """Show the person's style sets and the server's."""

        async def render_list() -> RenderedMessage:
            style_sets = await self.store.list_style_sets(get_guild_owner(interaction))
            return RenderedMessage(build_style_sets_view(style_sets, get_localized_messages(interaction)))

        await respond_with(interaction, render_list)

    async def show_style_set(self, interaction: discord.Interaction, set_name: StyleSetName) -> None:
        """Show the pictures of a set, with their numbers."""

        async def render_pictures() -> RenderedMessage:
            style_set = await self.option.find_style_set(interaction, set_name)
            pictures = await self.store.load_pictures(style_set.id)
            if not pictures:
                raise make_unknown_style_set_error(set_name)
            return await build_style_set_message(style_set, pictures, get_localized_messages(interaction))

        await respond_with(interaction, render_pictures)

    async def remove(
        self,
        interaction: discord.Interaction,
        set_name: StyleSetName,
        number: app_commands.Range[int, 1, MAX_STYLE_PICTURES] | None = None,
        owner: str | None = None,
    ) -> None:
        """Remove a set, or one of its pictures."""
        async with limit_lookup_time(interaction):
            set_owner = resolve_owner(interaction, owner, "style_set_not_allowed")
            style_set = await self._find_own(set_owner, set_name)
            if number is None:
                await self.store.delete_style_set(set_owner, style_set.name)
            elif not await self.store.delete_picture(set_owner, style_set.name, number):
                raise RejectedError(make_problem("style_picture_unknown", name=style_set.name, number=number))
        key = "style_set.removed" if number is None else "style_set.picture_removed"
        name = escape_markdown(style_set.name, _NAME_LENGTH)
        await respond_privately(
            interaction, get_localized_messages(interaction).text(key, name=name, number=number or 0)
        )

    async def _find_own(self, owner: Owner, name: str) -> StyleSet:
        style_sets = await self.store.list_style_sets(owner)
        own = (style_set for style_set in style_sets if style_set.guild_id == owner.guild_id)
        found = find_named(own, flatten_text(name).casefold())
        if found is None:
            raise make_unknown_style_set_error(name)
        return found

    async def _fetch_pictures(self, images: Sequence[RemoteImage]) -> list[bytes]:
        """Download pictures one after the other, and scale each down. Raises `RejectedError`."""
        pictures = []
        for image in images:
            data = await self.image_fetcher.fetch_image(image)
            try:
                pictures.append(await asyncio.to_thread(make_style_picture, data))
            except ImageRejectedError as error:
                raise RejectedError(make_problem(f"picture_{error.code}", **error.facts)) from error
        return pictures
