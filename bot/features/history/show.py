"""The command `/show`: shows a past result again, from its message, from storage, or in words."""

import re
import time
from dataclasses import dataclass
from typing import Final

import discord
from discord import app_commands
from discord.app_commands import Choice

from bot.delivery.result_message import build_result_message
from bot.discord_client.command_builder import CHOICES_LIMIT
from bot.domain.ports import JobHistory, JobSearch, JobStatusReader
from bot.domain.records import JobRecord
from bot.domain.search import SearchQuery
from bot.domain.status import QueueState
from bot.features.history.custom_ids import ShowResultSelectId
from bot.features.history.show_view import build_ended_view, build_missing_picture_view
from bot.features.history.view import format_choice_name
from bot.images.upload_limit import MAX_REQUEST_BYTES
from bot.interactions.components import get_selected_values
from bot.interactions.locale import get_localized_messages, get_public_messages
from bot.interactions.responses import RenderedMessage, respond_outdated, respond_with
from bot.interactions.result_buttons import ShowVariantId, build_notice_rows
from bot.interactions.visibility import may_view_job
from bot.rendering.job_list import build_queue_view
from bot.rendering.layout import ActionRows
from bot.rendering.outcome_views import build_failed_view, build_filtered_view, format_cost_notes
from bot.results.images import ResultImageLoader
from shared.catalogue import Catalogue
from shared.i18n.messages import Messages
from shared.outcome import Failed, Filtered
from shared.problems import RejectedError, make_problem

KEYWORDS_LIMIT: Final = 200
_JOB_ID_PATTERN: Final = re.compile(r"\d{15,20}(?:-\d\d)?(?:-r\d{1,2})?", re.ASCII)


@dataclass(frozen=True)
class ShowCommand:
    """Shows results privately; a person's own also publicly, if they choose so."""

    job_search: JobSearch
    job_history: JobHistory
    queue: JobStatusReader
    image_loader: ResultImageLoader
    catalogue: Catalogue

    async def show_result(
        self, interaction: discord.Interaction, job: app_commands.Range[str, 1, KEYWORDS_LIMIT], public: bool = False
    ) -> None:
        """Show the result of the job with this id, or of the person's newest job with these keywords."""
        messages = get_public_messages(interaction) if public else get_localized_messages(interaction)

        async def render_found() -> RenderedMessage:
            record = await self._find_job(interaction, job, public=public)
            return await self._render_result(interaction, record, messages)

        await respond_with(interaction, render_found, private=not public)

    async def show_selected(self, interaction: discord.Interaction, custom_id: ShowResultSelectId) -> None:
        """Show the result that was selected under a page of the history."""
        del custom_id
        values = get_selected_values(interaction)
        if values:
            await self.show_result(interaction, values[0])
        else:
            await respond_outdated(interaction)

    async def show_variant(self, interaction: discord.Interaction, custom_id: ShowVariantId) -> None:
        """Show the result of a variant, from the button under its exploration."""
        await self.show_result(interaction, custom_id.job_id)

    async def autocomplete_job(self, interaction: discord.Interaction, current: str) -> list[Choice[str]]:
        """Offer the person's newest jobs whose prompts contain the typed words."""
        messages = get_localized_messages(interaction)
        try:
            records = await self._search_own_jobs(interaction, current, CHOICES_LIMIT)
        except RejectedError:
            return []
        now = time.time()
        return [
            Choice(name=format_choice_name(record, self.catalogue, messages, now), value=record.job.id)
            for record in records
        ]

    async def _find_job(self, interaction: discord.Interaction, text: str, *, public: bool) -> JobRecord:
        """Find the job if the person may view it. Raises `RejectedError`."""
        text = text.strip()
        if _JOB_ID_PATTERN.fullmatch(text):
            record = await self.job_history.find_job(text)
        else:
            record = next(iter(await self._search_own_jobs(interaction, text, 1)), None)
        if record is None or not may_view_job(interaction, record):
            raise RejectedError(make_problem("show_unknown"))
        if public and record.job.requester.id != interaction.user.id:
            raise RejectedError(make_problem("show_not_author"))
        return record

    async def _search_own_jobs(self, interaction: discord.Interaction, keywords: str, limit: int) -> list[JobRecord]:
        query = SearchQuery(interaction.user.id, keywords=keywords, hides_cancelled=True)
        return list((await self.job_search.list_jobs(query, guild_id=None, channel_ids=(), limit=limit)).records)

    async def _render_result(
        self, interaction: discord.Interaction, record: JobRecord, messages: Messages
    ) -> RenderedMessage:
        if record.outcome_kind != "generated":
            return RenderedMessage(await self._build_view_without_picture(record, messages))
        image = await self.image_loader.load_image(interaction.client, record)
        if image is None:
            model = self.catalogue.models.get(record.job.request.model)
            rows = self._build_rows(record, messages)
            return RenderedMessage(build_missing_picture_view(record.job, record, model, messages, rows=rows))
        payload = await build_result_message(
            record.job,
            record,
            image,
            messages,
            catalogue=self.catalogue,
            max_bytes=min(interaction.filesize_limit, MAX_REQUEST_BYTES),
        )
        return RenderedMessage(payload["view"], payload.get("files", ()))

    async def _build_view_without_picture(self, record: JobRecord, messages: Messages) -> discord.ui.LayoutView:
        """Show the status of an open job, or why a job has no picture. The queue forgets the details after a while."""
        rows = self._build_rows(record, messages)
        for status in await self.queue.load_statuses([record.job.id]):
            if status.state is not QueueState.DELIVERED:
                return build_queue_view([status], None, self.catalogue, messages, {})
            match status.outcome:
                case Filtered() as outcome:
                    notes = format_cost_notes(outcome, status.unknown_calls, messages)
                    return build_filtered_view(record.job, outcome, messages, notes=notes, rows=rows)
                case Failed() as outcome:
                    notes = format_cost_notes(outcome, status.unknown_calls, messages)
                    return build_failed_view(record.job, outcome, messages, notes=notes, rows=rows)
        if record.outcome_kind is None:
            raise RejectedError(make_problem("show_no_result"))
        link = record.message.build_link(record.job.origin.guild_id) if record.message else None
        return build_ended_view(record.job, record.missing_image_reason, link, messages, rows=rows)

    def _build_rows(self, record: JobRecord, messages: Messages) -> ActionRows:
        return build_notice_rows(record.job.id, record.job.request, self.catalogue, messages, deleted=record.is_deleted)
