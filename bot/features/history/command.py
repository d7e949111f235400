"""The commands `/history` and `/favourites`: past jobs in pages, each with a contact sheet."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

import discord
from discord import app_commands
from discord.app_commands import Choice

from bot.discord_client.command_builder import CHOICES_LIMIT, LABEL_LIMIT
from bot.domain.ports import JobSearch
from bot.domain.records import JobRecord
from bot.domain.search import SearchQuery
from bot.features.history.buttons import build_page_rows
from bot.features.history.custom_ids import FavouritesPageId, HistoryNextToId, HistoryPageId
from bot.features.history.search import build_search_query, explain_no_results, format_search_heading
from bot.features.history.view import (
    CONTACT_SHEET_FILENAME,
    COUNTED_PAGES,
    PAGE_SIZE,
    HistoryPage,
    build_contact_sheet_cells,
    build_history_view,
)
from bot.interactions.locale import get_localized_messages
from bot.interactions.responses import RenderedMessage, respond_with, respond_with_problems, update_message
from bot.interactions.visibility import list_readable_channels
from bot.queue.saved_searches import RedisSavedSearchStore
from bot.results.thumbnails import ThumbnailLoader, draw_result_sheet
from shared.catalogue import Catalogue
from shared.i18n.messages import Messages
from shared.problems import RejectedError, make_problem

KEYWORDS_LIMIT: Final = 200
DATE_LENGTH: Final = 10  # 2026-11-22


@dataclass(frozen=True)
class HistoryCommand:
    """Shows pages privately. A search is saved for a day, so that its pages can be turned after a restart."""

    job_search: JobSearch
    saved_searches: RedisSavedSearchStore
    thumbnail_loader: ThumbnailLoader
    catalogue: Catalogue

    async def show_history(
        self,
        interaction: discord.Interaction,
        keywords: app_commands.Range[str, 1, KEYWORDS_LIMIT] | None = None,
        model: str | None = None,
        since: app_commands.Range[str, DATE_LENGTH, DATE_LENGTH] | None = None,
        until: app_commands.Range[str, DATE_LENGTH, DATE_LENGTH] | None = None,
        user: discord.User | None = None,
        everyone: bool = False,
    ) -> None:
        """Search past jobs and show the first page."""
        try:
            query = build_search_query(
                interaction.user.id,
                self.catalogue,
                keywords=keywords,
                model=model,
                since=since,
                until=until,
                user_id=user.id if user else None,
                everyone=everyone,
            )
        except RejectedError as rejection:
            await respond_with_problems(interaction, rejection.problems)
            return
        search_id = str(interaction.id)

        async def render_first_page() -> RenderedMessage:
            await self.saved_searches.save_search(search_id, query)
            return await self._render_page(interaction, query, 1, search_id)

        await respond_with(interaction, render_first_page)

    async def show_favourites(self, interaction: discord.Interaction) -> None:
        """Show the first page of the person's favourites, newest first."""
        query = _build_favourites_query(interaction)
        await respond_with(interaction, lambda: self._render_page(interaction, query, 1, None))

    async def turn_history_page(self, interaction: discord.Interaction, custom_id: HistoryPageId) -> None:
        """Show another page of a saved search in the same message."""

        async def render_other_page() -> RenderedMessage:
            query = await self._load_search(interaction, custom_id.search_id)
            return await self._render_page(interaction, query, custom_id.page_number, custom_id.search_id)

        await update_message(interaction, render_other_page)

    async def turn_favourites_page(self, interaction: discord.Interaction, custom_id: FavouritesPageId) -> None:
        """Show another page of the favourites in the same message."""
        query = _build_favourites_query(interaction)
        await update_message(interaction, lambda: self._render_page(interaction, query, custom_id.page_number, None))

    async def turn_uncounted_page(self, interaction: discord.Interaction, custom_id: HistoryNextToId) -> None:
        """Show a page beyond those that are counted in the same message; the first one if nothing is newer."""
        search_id, is_newer = custom_id.search_id or None, custom_id.direction == "newer"

        async def render_other_page() -> RenderedMessage:
            query = _build_favourites_query(interaction)
            if search_id is not None:
                query = await self._load_search(interaction, search_id)
            found = await self.job_search.list_jobs(
                query,
                guild_id=interaction.guild_id,
                channel_ids=list_readable_channels(interaction),
                limit=PAGE_SIZE,
                before_id=None if is_newer else custom_id.job_id,
                after_id=custom_id.job_id if is_newer else None,
            )
            if is_newer and not found.has_more:
                return await self._render_page(interaction, query, 1, search_id)
            page = HistoryPage.of_neighbours(found, custom_id.page_number, is_newer=is_newer)
            return await self._render_found(interaction, query, page, search_id)

        await update_message(interaction, render_other_page)

    async def autocomplete_model(self, interaction: discord.Interaction, current: str) -> list[Choice[str]]:
        """Offer the models whose name or key contains the typed text."""
        del interaction
        typed = current.casefold()
        choices = [
            Choice(name=model.name[:LABEL_LIMIT], value=model.key)
            for model in self.catalogue
            if typed in f"{model.name}\n{model.key}".casefold()
        ]
        return choices[:CHOICES_LIMIT]

    async def _load_search(self, interaction: discord.Interaction, search_id: str) -> SearchQuery:
        """Load a search that the person has saved. Raises `RejectedError`."""
        query = await self.saved_searches.load_search(search_id, interaction.user.id)
        if query is None:
            raise RejectedError(make_problem("search_expired"))
        return query

    async def _render_page(
        self, interaction: discord.Interaction, query: SearchQuery, page_number: int, search_id: str | None
    ) -> RenderedMessage:
        """Render a page, or the last one if there are fewer by now. `search_id` is None for the favourites."""
        page_number = min(max(1, page_number), COUNTED_PAGES)
        found = await self.job_search.search_jobs(
            query,
            guild_id=interaction.guild_id,
            channel_ids=list_readable_channels(interaction),
            limit=PAGE_SIZE,
            offset=(page_number - 1) * PAGE_SIZE,
        )
        page = HistoryPage.of_counted(found, page_number)
        if page.page_count is not None and page_number > page.page_count:
            return await self._render_page(interaction, query, page.page_count, search_id)
        return await self._render_found(interaction, query, page, search_id)

    async def _render_found(
        self, interaction: discord.Interaction, query: SearchQuery, page: HistoryPage, search_id: str | None
    ) -> RenderedMessage:
        messages = get_localized_messages(interaction)
        files = [await self._draw_contact_sheet(interaction.client, page.records, messages)] if page.records else []
        view = build_history_view(
            page,
            format_search_heading(query, messages, self.catalogue),
            messages,
            self.catalogue,
            viewer_id=interaction.user.id,
            empty_text=explain_no_results(query, messages),
            rows=build_page_rows(page, search_id, messages, self.catalogue),
        )
        return RenderedMessage(view, files)

    async def _draw_contact_sheet(
        self, client: discord.Client, records: Sequence[JobRecord], messages: Messages
    ) -> discord.File:
        build_cells = partial(build_contact_sheet_cells, records, messages=messages, catalogue=self.catalogue)
        return await draw_result_sheet(self.thumbnail_loader, client, records, build_cells, CONTACT_SHEET_FILENAME)


def _build_favourites_query(interaction: discord.Interaction) -> SearchQuery:
    return SearchQuery(interaction.user.id, is_favourite=True, hides_cancelled=True)
