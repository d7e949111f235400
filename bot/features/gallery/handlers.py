"""Putting results into the gallery and taking them out: buttons under `More…`, `/gallery add`, `/gallery remove`."""

import logging
from dataclasses import dataclass
from functools import partial
from typing import Final

import aiohttp
import discord
from discord import app_commands
from discord.app_commands import Choice

from bot.discord_client.command_builder import CHOICES_LIMIT, JOB_ID_LENGTH
from bot.domain.audit import AuditAction
from bot.domain.gallery import GalleryReason, GallerySettings, Remover
from bot.domain.ports import JobHistory, PreferencesStore
from bot.domain.records import JobRecord
from bot.features.gallery.place import find_gallery_channel, find_missing_permissions, find_result_refusal
from bot.interactions.audit import record_action
from bot.interactions.deadlines import limit_lookup_time
from bot.interactions.locale import get_localized_messages
from bot.interactions.permissions import is_moderator
from bot.interactions.responses import run_and_report
from bot.interactions.result_buttons import ShareId, TakeOutId
from bot.interactions.visibility import may_view_job
from bot.rendering.labels import format_picture_label
from bot.results.newest import NewestResultFinder
from bot.storage.audit_log import SqlAuditLog
from bot.storage.gallery import SqlGalleryStore
from shared.problems import RejectedError, make_problem

log = logging.getLogger(__name__)

_CHOICE_LIMIT: Final = 100

JobId = app_commands.Range[str, 1, JOB_ID_LENGTH]


@dataclass(frozen=True)
class GalleryHandlers:
    """For authors of results, and for moderators of the channels where they were requested."""

    gallery: SqlGalleryStore
    job_history: JobHistory
    newest_results: NewestResultFinder
    preferences: PreferencesStore
    audit_log: SqlAuditLog

    async def share(self, interaction: discord.Interaction, custom_id: ShareId) -> None:
        """Put a result into the gallery."""
        await run_and_report(interaction, partial(self._add_result, interaction, custom_id.job_id))

    async def take_out(self, interaction: discord.Interaction, custom_id: TakeOutId) -> None:
        """Take a result out of the gallery."""
        await run_and_report(interaction, partial(self._remove_result, interaction, custom_id.job_id))

    async def add(self, interaction: discord.Interaction, job: JobId) -> None:
        """Put the result with this id into the gallery."""
        await run_and_report(interaction, partial(self._add_result, interaction, job.strip()))

    async def remove(self, interaction: discord.Interaction, job: JobId) -> None:
        """Take the result with this id out of the gallery."""
        await run_and_report(interaction, partial(self._remove_result, interaction, job.strip()))

    async def autocomplete_job(self, interaction: discord.Interaction, current: str) -> list[Choice[str]]:
        """Offer the newest results that the user can see, whose prompts contain the typed words."""
        messages = get_localized_messages(interaction)
        try:
            async with limit_lookup_time(interaction):
                records = await self.newest_results.list_guild_results(interaction, current, CHOICES_LIMIT)
        except RejectedError:
            return []
        return [
            Choice(name=format_picture_label(record.job, record.seed, messages)[:_CHOICE_LIMIT], value=record.job.id)
            for record in records
        ]

    async def _add_result(self, interaction: discord.Interaction, job_id: str) -> str:
        guild, record = await self._find_result(interaction, job_id)
        settings = await self.gallery.load_settings(guild.id)
        if settings.channel_id is None:
            raise RejectedError(make_problem("gallery_missing"))
        reason = GalleryReason.SHARED if _is_author(interaction, record) else GalleryReason.MODERATOR
        await self._require_admission(guild, settings, reason, record)
        if not await self.gallery.add_post(record.job.id, guild.id, reason):
            post = await self.gallery.find_post(record.job.id)
            code = "gallery_already" if post is not None and post.is_in_gallery else "gallery_taken_out"
            raise RejectedError(make_problem(code))
        if reason is GalleryReason.MODERATOR:
            await self._record_action(interaction, AuditAction.ADD_TO_GALLERY, record)
        log.info("job %s: put into the gallery by %s (%s)", record.job.id, interaction.user.id, reason)
        return get_localized_messages(interaction).text("gallery.added", channel=f"<#{settings.channel_id}>")

    async def _remove_result(self, interaction: discord.Interaction, job_id: str) -> str:
        _, record = await self._find_result(interaction, job_id)
        is_author = _is_author(interaction, record)
        if not await self.gallery.remove_post(record.job.id, Remover.AUTHOR if is_author else Remover.MODERATOR):
            raise RejectedError(make_problem("gallery_not_there"))
        if not is_author:
            await self._record_action(interaction, AuditAction.REMOVE_FROM_GALLERY, record)
        log.info("job %s: taken out of the gallery by %s", record.job.id, interaction.user.id)
        return get_localized_messages(interaction).text("gallery.removed")

    async def _find_result(self, interaction: discord.Interaction, job_id: str) -> tuple[discord.Guild, JobRecord]:
        """Find a result of this server that the user may put into its gallery, or take out of it."""
        record = await self.job_history.find_job(job_id)
        if interaction.guild is None or record is None or not may_view_job(interaction, record):
            raise RejectedError(make_problem("gallery_unknown"))
        if record.outcome_kind != "generated" or record.is_deleted:
            raise RejectedError(make_problem("gallery_unknown"))
        if not _is_author(interaction, record) and not is_moderator(interaction, record.job.origin):
            raise RejectedError(make_problem("gallery_not_allowed"))
        return interaction.guild, record

    async def _require_admission(
        self, guild: discord.Guild, settings: GallerySettings, reason: GalleryReason, record: JobRecord
    ) -> None:
        """Raise `RejectedError` if the result may not enter, or cannot be posted."""
        channel = find_gallery_channel(guild, settings.channel_id)
        if channel is None:
            raise RejectedError(make_problem("gallery_missing"))
        try:
            refusal = await find_result_refusal(channel, settings, self.preferences, reason, record)
        except (discord.HTTPException, aiohttp.ClientError, OSError) as error:
            raise RejectedError(make_problem("discord_unavailable")) from error
        if refusal is not None:
            raise RejectedError(make_problem(refusal))
        missing = find_missing_permissions(channel)
        if missing:
            raise RejectedError(make_problem("gallery_forbidden", permissions=", ".join(missing)))

    async def _record_action(self, interaction: discord.Interaction, action: AuditAction, record: JobRecord) -> None:
        await record_action(interaction, self.audit_log, action, record.job.requester.id, record.job.id)


def _is_author(interaction: discord.Interaction, record: JobRecord) -> bool:
    return record.job.requester.id == interaction.user.id
