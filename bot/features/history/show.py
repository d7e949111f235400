"""`/show`: brings a past answer back, from where it was told, from what is kept, or in words."""

import re
import time
from dataclasses import dataclass
from typing import Any, Final

import discord
from discord.app_commands import Choice

from bot.delivery.result_message import build_result_message
from bot.domain.ports import JobHistory, JobSearch, JobStatusReader
from bot.domain.records import JobRecord
from bot.domain.search import SearchQuery
from bot.domain.status import QueueState
from bot.features.history.show_view import build_ended_view, build_missing_picture_view
from bot.features.history.view import format_choice_name
from bot.i18n import Messages
from bot.images.upload_limit import MAX_REQUEST_BYTES
from bot.interactions.legacy import LegacyCustomId
from bot.interactions.locale import get_localized_messages
from bot.interactions.responses import RenderedMessage, respond_with
from bot.interactions.result_buttons import build_notice_rows
from bot.interactions.visibility import may_view_job
from bot.rendering.job_list import build_queue_view
from bot.rendering.outcome_views import build_failed_view, build_filtered_view
from bot.results.images import ResultImageLoader
from shared.catalogue import Catalogue
from shared.outcome import Failed, Filtered
from shared.problems import RejectedError, make_problem

MAX_CHOICES: Final = 25
_JOB_ID_PATTERN: Final = re.compile(r"\d{15,20}(?:-\d\d)?", re.ASCII)


@dataclass(frozen=True)
class ShowCommand:
    """Shows an answer again: to the one who asks, or to everyone where it is their own and they want that."""

    job_search: JobSearch
    job_history: JobHistory
    queue: JobStatusReader
    pictures: ResultImageLoader
    catalogue: Catalogue

    async def __call__(self, interaction: discord.Interaction, *, job: str, public: bool = False) -> None:
        async def shown() -> RenderedMessage:
            return await self._render_result(interaction, await self._find_job(interaction, job, public=public))

        await respond_with(interaction, shown, private=not public)

    async def show_selected(self, interaction: discord.Interaction, parsed_id: LegacyCustomId) -> None:
        """Show what was chosen in the select under a page."""
        await self(interaction, job=next(iter(parsed_id.values), parsed_id.job_id))

    async def autocomplete_jobs(self, interaction: discord.Interaction, typed: str) -> list[Choice[str]]:
        """Offer the person's own newest answers whose prompts hold what is being typed."""
        phrases = get_localized_messages(interaction)
        try:
            found = await self._search_own_jobs(interaction, typed, MAX_CHOICES)
        except RejectedError:
            return []
        now = time.time()
        return [
            Choice(name=format_choice_name(past, self.catalogue, phrases, now), value=past.job.id) for past in found
        ]

    async def _find_job(self, interaction: discord.Interaction, text: str, *, public: bool) -> JobRecord:
        """Find the job of this id, or the newest of one's own with these words, if it may be seen.

        Raises `RejectedError`.
        """
        text = text.strip()
        if _JOB_ID_PATTERN.fullmatch(text):
            past = await self.job_history.find_job(text)
        else:
            past = next(iter(await self._search_own_jobs(interaction, text, 1)), None)
        if past is None or not may_view_job(interaction, past):
            raise RejectedError(make_problem("show_unknown"))
        if public and past.job.requester.id != interaction.user.id:
            raise RejectedError(make_problem("show_not_yours"))
        return past

    async def _search_own_jobs(self, interaction: discord.Interaction, words: str, limit: int) -> list[JobRecord]:
        wanted = SearchQuery(interaction.user.id, keywords=words)
        return list((await self.job_search.search_jobs(wanted, guild_id=None, channel_ids=(), limit=limit)).records)

    async def _render_result(self, interaction: discord.Interaction, record: JobRecord) -> RenderedMessage:
        phrases = get_localized_messages(interaction)
        if record.outcome_kind != "generated":
            return RenderedMessage(await self._render_without_picture(record, phrases))
        picture = await self.pictures.load_image(interaction.client, record)
        if picture is None:
            model = self.catalogue.models.get(record.job.request.model)
            return RenderedMessage(
                build_missing_picture_view(record.job, record, model, phrases, rows=self._build_rows(record, phrases))
            )
        seconds = record.finished_at - record.job.accepted_at
        limit = min(interaction.filesize_limit, MAX_REQUEST_BYTES)
        letter = await build_result_message(
            record.job, record, picture, phrases, catalogue=self.catalogue, max_bytes=limit, elapsed_seconds=seconds
        )
        return RenderedMessage(letter["view"], letter.get("files", ()))

    async def _render_without_picture(self, record: JobRecord, messages: Messages) -> discord.ui.LayoutView:
        rows = self._build_rows(record, messages)
        for standing in await self.queue.load_statuses([record.job.id]):
            if standing.state is not QueueState.DELIVERED:
                return build_queue_view([standing], None, self.catalogue, messages, {})
            match standing.outcome:
                case Filtered():
                    return build_filtered_view(record.job, standing.outcome, messages, rows=rows)
                case Failed():
                    return build_failed_view(record.job, standing.outcome, messages, rows=rows)
        if record.outcome_kind is None:
            raise RejectedError(make_problem("show_nothing"))
        link = record.message.build_link(record.job.origin.guild_id) if record.message else None
        return build_ended_view(record.job, record.missing_image_reason, link, messages, rows=rows)

    def _build_rows(self, record: JobRecord, messages: Messages) -> list[discord.ui.ActionRow[Any]]:
        return build_notice_rows(record.job.id, record.job.request, self.catalogue, messages, deleted=record.is_deleted)
