"""The command `/top`: the pictures that most people liked, or the people who won most rounds."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType
from typing import Final

import discord

from bot.features.gallery.place import is_age_restricted
from bot.features.gallery.store import SqlTopStore, TopQuery, TopResult
from bot.features.gallery.top_view import SHEET_FILENAME, TopKind, TopPeriod, build_cells, build_top_view
from bot.interactions.locale import get_localized_messages
from bot.interactions.responses import RenderedMessage, respond_with
from bot.interactions.visibility import list_readable_channels
from bot.results.thumbnails import ThumbnailLoader, draw_result_sheet
from bot.storage.gallery import SqlGalleryStore
from shared.catalogue import Catalogue

MAX_RESULTS: Final = 9
_SECONDS: Final = MappingProxyType({TopPeriod.WEEK: 7 * 86400.0, TopPeriod.MONTH: 30 * 86400.0})


@dataclass(frozen=True)
class TopCommand:
    """Shows what the user can see in this server. `clock` gives Unix seconds."""

    gallery: SqlGalleryStore
    top: SqlTopStore
    thumbnail_loader: ThumbnailLoader
    catalogue: Catalogue
    clock: Callable[[], float] = time.time

    async def show_top(
        self, interaction: discord.Interaction, period: str = TopPeriod.WEEK, kind: str = TopKind.PICTURES
    ) -> None:
        """Show the best of the last 7 or 30 days, or of all time."""
        chosen_period, chosen_kind = TopPeriod(period), TopKind(kind)

        async def render() -> RenderedMessage:
            results = await self._list_results(interaction, chosen_period, chosen_kind)
            messages = get_localized_messages(interaction)
            view = build_top_view(results, chosen_period, chosen_kind, messages, self.catalogue)
            if not results:
                return RenderedMessage(view)
            records = [result.record for result in results]
            build = partial(build_cells, results, messages=messages)
            sheet = await draw_result_sheet(self.thumbnail_loader, interaction.client, records, build, SHEET_FILENAME)
            return RenderedMessage(view, [sheet])

        await respond_with(interaction, render)

    async def _list_results(
        self, interaction: discord.Interaction, period: TopPeriod, kind: TopKind
    ) -> Sequence[TopResult]:
        guild_id = interaction.guild_id or 0
        query = TopQuery(
            guild_id,
            _list_channels(interaction),
            since=self.clock() - _SECONDS[period] if period in _SECONDS else 0.0,
            counts_own_marks=(await self.gallery.load_settings(guild_id)).counts_own_marks,
        )
        if kind is TopKind.PEOPLE:
            return await self.top.list_top_people(query, MAX_RESULTS)
        return await self.top.list_top_results(query, MAX_RESULTS)


def _list_channels(interaction: discord.Interaction) -> frozenset[int]:
    """List the channels that the user can read, without age-restricted ones unless this is one."""
    readable, guild = list_readable_channels(interaction), interaction.guild
    here = interaction.channel
    home = here.parent if isinstance(here, discord.Thread) else here
    if guild is None or (isinstance(home, discord.abc.GuildChannel) and is_age_restricted(home)):
        return readable
    restricted = {channel.id for channel in guild.channels if is_age_restricted(channel)}
    threads = {thread.id for thread in guild.threads if thread.parent_id in restricted}
    return readable - restricted - threads
