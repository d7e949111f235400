"""Export: the pictures of a batch as zip archives with manifests, to one person or into the thread."""

import asyncio
import logging
from dataclasses import dataclass, field
from functools import partial
from typing import Final

import discord
from discord import app_commands

from bot.batches.custom_ids import ExportBatchId, ExportPlace, ExportScope, OpenExportId
from bot.batches.exporter import BatchExporter, ExportPart
from bot.domain.batches import Batch, ItemState, Review
from bot.features.batches.access import resolve_batch
from bot.features.batches.rights import BatchRights
from bot.images.upload_limit import MAX_REQUEST_BYTES
from bot.interactions.components import build_button, build_button_view
from bot.interactions.deadlines import limit_lookup_time
from bot.interactions.locale import get_localized_messages, get_public_messages
from bot.interactions.responses import UPLOAD_TIMEOUT_SECONDS, format_problems, respond_privately
from bot.rendering.markdown import escape_markdown
from bot.rendering.settings_text import format_number
from bot.results.archive_sender import ArchiveSender
from bot.storage.batches import SqlBatchStore
from shared.problems import RejectedError, make_problem

log = logging.getLogger(__name__)

BatchId = app_commands.Range[str, 1, 20]
_TITLE_LIMIT: Final = 200
_PATTERN_LIMIT: Final = 200


@dataclass(frozen=True)
class ExportHandlers:
    """Exports batches for those who may change or review them, to a few people at once."""

    store: SqlBatchStore
    rights: BatchRights
    exporter: BatchExporter
    sender: ArchiveSender = field(default_factory=ArchiveSender)

    async def show_panel(self, interaction: discord.Interaction, batch: BatchId | None = None) -> None:
        """Ask which pictures to export, and where to."""
        async with limit_lookup_time(interaction):
            found = await resolve_batch(self.store, interaction, batch)
            await self._show_panel(interaction, found.id)

    async def open_panel(self, interaction: discord.Interaction, custom_id: OpenExportId) -> None:
        """Ask the same from the board of the batch."""
        async with limit_lookup_time(interaction):
            await self._show_panel(interaction, custom_id.batch_id)

    async def export(self, interaction: discord.Interaction, custom_id: ExportBatchId) -> None:
        """Send the archives, one after the other."""
        await self.sender.run_exclusively(interaction, partial(self._send, interaction, custom_id))

    async def _show_panel(self, interaction: discord.Interaction, batch_id: str) -> None:
        batch = await self.rights.find_exported(interaction, batch_id)
        counts = await self.store.count_items(batch.id)
        if not counts.by_state.get(ItemState.GENERATED):
            raise RejectedError(make_problem("batch_nothing_to_export"))
        messages = get_localized_messages(interaction)
        accepted = counts.by_review.get(Review.ACCEPTED, 0)
        pattern = f"`{batch.file_pattern.replace('`', '')[:_PATTERN_LIMIT]}`"
        text = "\n".join(
            [
                messages.text("batch_export.title"),
                messages.text("batch_export.explanation", count=accepted, pattern=pattern),
            ]
        )
        buttons = [
            build_button(
                ExportBatchId(batch.id, scope, place),
                messages.text(f"batch_export.button_{scope}_{place}"),
                disabled=scope is ExportScope.ACCEPTED and not accepted,
            )
            for place in ExportPlace
            for scope in ExportScope
            if place is ExportPlace.PRIVATE or batch.place.thread_id is not None
        ]
        await respond_privately(interaction, text, view=build_button_view(*buttons))

    async def _send(self, interaction: discord.Interaction, custom_id: ExportBatchId) -> None:
        messages = get_localized_messages(interaction)
        try:
            batch = await self.rights.find_exported(interaction, custom_id.batch_id)
            is_accepted_only = custom_id.scope is ExportScope.ACCEPTED
            is_public = custom_id.place is not ExportPlace.PRIVATE
            items = await self.exporter.list_items(batch, is_accepted_only=is_accepted_only, is_public=is_public)
            # only a message that has content is left alone by the followups
            await interaction.edit_original_response(content=messages.text("batch_export.going"))
            limit = min(interaction.filesize_limit, MAX_REQUEST_BYTES)
            last: ExportPart | None = None
            async for part in self.exporter.export(batch, items, limit):
                last = part
                with part.file:
                    await self._send_part(interaction, batch, part, custom_id.place)
        except RejectedError as rejection:
            await interaction.edit_original_response(content=format_problems(interaction, rejection.problems))
            return
        assert last is not None  # noqa: S101 - an export has a last part
        log.info("batch %s: exported by %s in %d parts", batch.id, interaction.user.id, last.number)
        mebibytes = f"{format_number(round(limit / 1024**2, 1), messages)}\u00a0{messages.text('unit.MiB')}"
        parts = messages.text("batch_export.parts", count=last.number)
        lines = [messages.text("batch_export.sent", count=last.picture_count, parts=parts, limit=mebibytes)]
        if last.missing_count:
            lines.append(messages.text("batch_export.without", count=last.missing_count))
        try:
            await interaction.edit_original_response(content="\n".join(lines))
        except discord.HTTPException as error:  # an interaction can be answered for 15 minutes
            log.info("batch %s: the end of its export could not be told (%s)", batch.id, error)

    async def _send_part(
        self, interaction: discord.Interaction, batch: Batch, part: ExportPart, place: ExportPlace
    ) -> None:
        """Send an archive. Raises `RejectedError` (discord_unavailable)."""
        file = discord.File(part.file, filename=f"batch-{batch.id}-{part.number}.zip")  # type: ignore[arg-type]
        try:
            async with asyncio.timeout(UPLOAD_TIMEOUT_SECONDS):
                if place is ExportPlace.PRIVATE or batch.place.thread_id is None:
                    await interaction.followup.send(file=file, ephemeral=True, wait=True)
                    return
                text = get_public_messages(interaction).text(
                    "batch_export.posted",
                    user=f"<@{interaction.user.id}>",
                    title=escape_markdown(batch.brief.title, _TITLE_LIMIT),
                    part=part.number,
                )
                channel = interaction.client.get_partial_messageable(batch.place.thread_id)
                await channel.send(text, file=file, allowed_mentions=discord.AllowedMentions.none())
        except discord.HTTPException as error:
            log.warning("batch %s: a part of its export was refused (%s)", batch.id, error)
            raise RejectedError(make_problem("discord_unavailable")) from error
