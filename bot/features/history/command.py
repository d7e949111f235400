"""`/history` and `/favourites`: past jobs in pages, each with a contact sheet; turned after a restart, too."""

import asyncio
import io
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Any, Final

import discord
from discord import ui

from bot.domain.ports import JobSearch
from bot.domain.search import SearchPage, SearchQuery
from bot.features.history.view import (
    CONTACT_SHEET_FILENAME,
    PAGE_SIZE,
    build_contact_sheet_cells,
    build_history_view,
    build_job_options,
    count_pages,
)
from bot.i18n import Messages
from bot.images.contact_sheet import draw_contact_sheet
from bot.interactions.components import Button, Select
from bot.interactions.legacy import LegacyCustomId, format_custom_id
from bot.interactions.locale import get_localized_messages
from bot.interactions.responses import RenderedMessage, respond_with, respond_with_problems, update_message
from bot.interactions.visibility import list_readable_channels
from bot.queue.saved_searches import RedisSavedSearchStore
from bot.rendering.markdown import escape_markdown
from bot.results.thumbnails import ThumbnailLoader
from shared.catalogue import Catalogue, make_unknown_model_problem
from shared.problems import RejectedError, make_problem

log = logging.getLogger(__name__)

FAVOURITES_SEARCH_ID: Final = "0"  # in the place of a search's number
_MAX_PAGE: Final = 10_000
_WORDS_DISPLAY_LIMIT: Final = 200
_DAY_SECONDS: Final = 86400.0


@dataclass(frozen=True)
class HistoryCommand:
    """Shows past jobs to the one who asks alone."""

    job_search: JobSearch
    saved_searches: RedisSavedSearchStore
    thumbnailer: ThumbnailLoader
    catalogue: Catalogue

    async def __call__(
        self,
        interaction: discord.Interaction,
        *,
        words: str | None = None,
        model: str | None = None,
        since: str | None = None,
        until: str | None = None,
        user: discord.abc.User | None = None,
        everyone: bool = False,
    ) -> None:
        try:
            wanted = SearchQuery(
                viewer_id=interaction.user.id,
                is_guild_wide=everyone or (user is not None and user.id != interaction.user.id),
                requester_id=user.id if user else None,
                keywords=words or "",
                model=self._find_model_key(model) if model else None,
                accepted_after=_parse_date(since) if since else None,
                accepted_before=_parse_date(until) + _DAY_SECONDS if until else None,
            )
        except RejectedError as refused:
            await respond_with_problems(interaction, refused.problems)
            return
        number = str(interaction.id)

        async def first() -> RenderedMessage:
            await self.saved_searches.save_search(number, wanted)
            return await self._render_page(interaction, wanted, 1, number)

        await respond_with(interaction, first)

    async def show_favourites(self, interaction: discord.Interaction) -> None:
        """Show what the person marked, newest first."""
        starred = SearchQuery(interaction.user.id, is_favourite=True)
        await respond_with(interaction, lambda: self._render_page(interaction, starred, 1, FAVOURITES_SEARCH_ID))

    async def turn_page(self, interaction: discord.Interaction, parsed_id: LegacyCustomId) -> None:
        """Show another page in the place of this one; `press.more` is its number, `press.job_id` the search's."""

        async def other() -> RenderedMessage:
            wanted = SearchQuery(interaction.user.id, is_favourite=True)
            if parsed_id.job_id != FAVOURITES_SEARCH_ID:
                kept = await self.saved_searches.load_search(parsed_id.job_id, interaction.user.id)
                if kept is None:
                    raise RejectedError(make_problem("search_gone"))
                wanted = kept
            number = int(parsed_id.argument) if parsed_id.argument.isdecimal() else 1
            return await self._render_page(interaction, wanted, min(max(1, number), _MAX_PAGE), parsed_id.job_id)

        await update_message(interaction, other)

    async def _render_page(
        self, interaction: discord.Interaction, query: SearchQuery, number: int, search_id: str
    ) -> RenderedMessage:
        phrases = get_localized_messages(interaction)
        found = await self.job_search.search_jobs(
            query,
            guild_id=interaction.guild_id,
            channel_ids=list_readable_channels(interaction),
            limit=PAGE_SIZE,
            offset=(number - 1) * PAGE_SIZE,
        )
        if number > count_pages(found):  # some of it is gone since
            return await self._render_page(interaction, query, count_pages(found), search_id)
        files = [await self._render_contact_sheet(interaction.client, found, phrases)] if found.records else []
        view = build_history_view(
            found,
            number,
            format_search_heading(query, phrases, self.catalogue),
            phrases,
            self.catalogue,
            viewer_id=interaction.user.id,
            rows=list(build_page_rows(found, number, search_id, phrases, self.catalogue)),
        )
        return RenderedMessage(view, files)

    async def _render_contact_sheet(
        self, client: discord.Client, found: SearchPage, messages: Messages
    ) -> discord.File:
        pictures = await self.thumbnailer.load_thumbnails(client, found.records)
        cells = build_contact_sheet_cells(found, pictures, messages, self.catalogue)
        sheet = await asyncio.to_thread(draw_contact_sheet, cells)
        for place in sheet.unreadable_indexes:
            log.warning(
                "job %s: its thumbnail is broken; delete its row to have it made anew", found.records[place].job.id
            )
        return discord.File(io.BytesIO(sheet.jpeg), filename=CONTACT_SHEET_FILENAME)

    def _find_model_key(self, text: str) -> str:
        model = self.catalogue.find_model(text)
        if model is None:
            raise RejectedError(make_unknown_model_problem(text, self.catalogue))
        return model.key


def build_page_rows(
    found: SearchPage, number: int, search_id: str, messages: Messages, catalogue: Catalogue
) -> Iterator[ui.ActionRow[Any]]:
    """Give what opens one of a page, and what turns it."""
    if found.records:
        options = build_job_options(found, catalogue)
        placeholder = messages.text("history.choose")
        yield ui.ActionRow(Select(custom_id="s:" + format_custom_id("show"), placeholder=placeholder, options=options))
    turns = (("previous", number - 1), ("next", number + 1))
    buttons = [
        Button(label=messages.text(f"history.{word}"), custom_id=format_custom_id("page", search_id, str(page)))
        for word, page in turns
        if 1 <= page <= count_pages(found)
    ]
    if buttons:
        yield ui.ActionRow(*buttons)


def format_search_heading(query: SearchQuery, messages: Messages, catalogue: Catalogue) -> str:
    """Say what was searched for."""
    model = catalogue.models.get(query.model or "")
    whose = "starred" if query.is_favourite else "here" if query.is_guild_wide else "mine"
    parts = (
        messages.text(f"history.{whose}"),
        f"<@{query.requester_id}>" if query.is_guild_wide and query.requester_id else "",
        messages.text("language.quoted", words=escape_markdown(query.keywords, _WORDS_DISPLAY_LIMIT))
        if query.keywords
        else "",
        model.name if model else "",
        "" if query.accepted_after is None else messages.text("history.since", date=_format_date(query.accepted_after)),
        ""
        if query.accepted_before is None
        else messages.text("history.until", date=_format_date(query.accepted_before - _DAY_SECONDS)),
    )
    return " · ".join(filter(None, parts))


def _parse_date(text: str) -> float:
    """Read a day as the Unix seconds when it begins, in UTC. Raises `RejectedError` (not_a_date)."""
    try:
        return datetime.combine(date.fromisoformat(text.strip()), time(), UTC).timestamp()
    except (ValueError, OverflowError):
        raise RejectedError(make_problem("not_a_date", value=text[:40])) from None


def _format_date(timestamp: float) -> str:
    return datetime.fromtimestamp(timestamp, UTC).date().isoformat()
