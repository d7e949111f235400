"""The option that names a style set, of the person or of their server."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import discord
from discord.app_commands import Choice

from bot.discord_client.command_builder import CHOICES_LIMIT
from bot.domain.images import StoredImage
from bot.domain.style_sets import STYLE_SET_NAME_LIMIT, StyleSet, StyleSetReader
from bot.interactions.locale import get_localized_messages
from bot.interactions.owners import get_guild_owner
from bot.rendering.markdown import flatten_text, truncate_text
from bot.submission.saved_names import find_named, format_label, list_matching
from shared.i18n.messages import Messages
from shared.problems import RejectedError, make_problem


@dataclass(frozen=True)
class StyleSetOption:
    """Finds style sets by name. A person's own takes precedence over their server's of the same name."""

    store: StyleSetReader

    async def find_style_set(self, interaction: discord.Interaction, name: str) -> StyleSet:
        """Find a style set by name, ignoring case. Raises `RejectedError` (style_set_unknown)."""
        style_sets = await self.store.list_style_sets(get_guild_owner(interaction))
        style_set = find_named(style_sets, flatten_text(name).casefold())
        if style_set is None:
            raise make_unknown_style_set_error(name)
        return style_set

    async def load_picture(self, style_set: StyleSet, number: int) -> StoredImage:
        """Load a picture of a style set, numbered from 1. Raises `RejectedError` (style_picture_unknown)."""
        pictures = await self.store.load_pictures(style_set.id)
        if not 1 <= number <= len(pictures):
            raise RejectedError(make_problem("style_picture_unknown", name=style_set.name, number=number))
        data = pictures[number - 1]
        return StoredImage(hashlib.sha256(data).hexdigest(), data)

    async def autocomplete_picture(self, interaction: discord.Interaction, current: str) -> list[Choice[str]]:
        """Offer the style sets and, once one is typed, each of its pictures: `Oils #2`."""
        name, mark, _ = current.rpartition("#")
        messages = get_localized_messages(interaction)
        style_sets = await self._list_matching(interaction, name if mark else current)
        if len(style_sets) != 1 and not mark:
            return [_build_choice(style_set, messages) for style_set in style_sets]
        return [
            _build_choice(style_set, messages, f" #{number}" if number else "")
            for style_set in style_sets
            for number in range(style_set.picture_count + 1)
        ][:CHOICES_LIMIT]

    async def autocomplete_name(self, interaction: discord.Interaction, current: str) -> list[Choice[str]]:
        """Offer the names of the person's style sets, then of the server's."""
        messages = get_localized_messages(interaction)
        return [_build_choice(style_set, messages) for style_set in await self._list_matching(interaction, current)]

    async def _list_matching(self, interaction: discord.Interaction, typed: str) -> Sequence[StyleSet]:
        try:
            return list_matching(await self.store.list_style_sets(get_guild_owner(interaction)), typed)
        except RejectedError:
            return ()


def _build_choice(style_set: StyleSet, messages: Messages, suffix: str = "") -> Choice[str]:
    return Choice(name=f"{format_label(style_set, messages)}{suffix}", value=f"{style_set.name}{suffix}")


def make_unknown_style_set_error(name: str) -> RejectedError:
    """Make the error for a style set that does not exist."""
    shown = truncate_text(flatten_text(name), STYLE_SET_NAME_LIMIT)
    return RejectedError(make_problem("style_set_unknown", name=shown))
