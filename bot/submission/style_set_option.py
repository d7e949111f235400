"""The option that names a style set, of the person or of their server."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import discord
from discord.app_commands import Choice

from bot.domain.images import StoredImage
from bot.domain.style_sets import STYLE_SET_NAME_LIMIT, StyleSet, StyleSetReader
from bot.interactions.locale import get_localized_messages
from bot.interactions.owners import get_guild_owner
from bot.rendering.markdown import flatten_text, truncate_text
from shared.problems import RejectedError, make_problem

_MAX_CHOICES: Final = 25


@dataclass(frozen=True)
class StyleSetOption:
    """Finds style sets by name. A person's own takes precedence over their server's of the same name."""

    store: StyleSetReader

    async def find_style_set(self, interaction: discord.Interaction, name: str) -> StyleSet:
        """Find a style set by name, ignoring case. Raises `RejectedError` (style_set_unknown)."""
        folded_name = flatten_text(name).casefold()
        found = [
            style_set
            for style_set in await self.store.list_style_sets(get_guild_owner(interaction))
            if style_set.name.casefold() == folded_name
        ]
        if not found:
            raise make_unknown_style_set_error(name)
        return min(found, key=lambda style_set: style_set.guild_id)

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
        choices = await self.autocomplete_name(interaction, name if mark else current)
        if len(choices) != 1 and not mark:
            return choices
        style_sets = {one.name: one for one in await self._list_quietly(interaction)}
        return [
            Choice(name=f"{choice.name} #{number}" if number else choice.name, value=f"{choice.value}{suffix}")
            for choice in choices
            if str(choice.value) in style_sets
            for number in range(style_sets[str(choice.value)].picture_count + 1)
            for suffix in (f" #{number}" if number else "",)
        ][:_MAX_CHOICES]

    async def _list_quietly(self, interaction: discord.Interaction) -> Sequence[StyleSet]:
        try:
            return await self.store.list_style_sets(get_guild_owner(interaction))
        except RejectedError:
            return ()

    async def autocomplete_name(self, interaction: discord.Interaction, current: str) -> list[Choice[str]]:
        """Offer the names of the person's style sets, then of the server's."""
        messages, typed = get_localized_messages(interaction), current.strip().casefold()
        style_sets = await self._list_quietly(interaction)
        by_name: dict[str, StyleSet] = {}
        for style_set in sorted(style_sets, key=lambda style_set: style_set.guild_id):
            by_name.setdefault(style_set.name.casefold(), style_set)
        choices = [
            Choice(
                name=messages.text(
                    "style_set.server_s" if style_set.guild_id else "style_set.mine", name=style_set.name
                ),
                value=style_set.name,
            )
            for folded_name, style_set in by_name.items()
            if typed in folded_name
        ]
        return choices[:_MAX_CHOICES]


def make_unknown_style_set_error(name: str) -> RejectedError:
    """Make the error for a style set that does not exist."""
    shown = truncate_text(flatten_text(name), STYLE_SET_NAME_LIMIT)
    return RejectedError(make_problem("style_set_unknown", name=shown))
