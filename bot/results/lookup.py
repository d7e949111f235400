"""Finding past jobs by id: in the database, in the queue, or in the metadata of a picture at hand."""

import asyncio
import hashlib
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass

import discord

from bot.domain.images import RemoteImage, StoredImage
from bot.domain.ports import ImageStore, JobHistory, JobStatusReader
from bot.domain.records import GenerationSettings, JobRecord
from bot.domain.status import JobStatus
from bot.interactions.visibility import may_read_origin, may_view_job
from bot.results.embedded_settings import parse_embedded_settings
from bot.results.message_images import choose_job_image, list_message_images
from bot.results.messages import fetch_result_message, get_result_job_id, iterate_used_messages
from shared.job import Origin
from shared.outcome import Generated
from shared.problems import RejectedError, make_problem

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class ResultLookup:
    """Finds past jobs, their settings, messages and pictures. Methods raise `RejectedError`, as `fetch_image` does."""

    job_history: JobHistory
    image_store: ImageStore
    queue: JobStatusReader
    fetch_image: Callable[[RemoteImage], Awaitable[bytes]]

    async def find_generation_settings(self, interaction: discord.Interaction, job_id: str) -> GenerationSettings:
        """Return a job's settings from its record, from the queue, or from the picture in the interaction's message.

        Raises `RejectedError`: job_unknown, also for a job that the user may not see from here; prompt_expired.
        """
        record = await self.find_job(job_id)
        if record is not None:
            await _require_accessible(record, interaction)
            if record.has_words:
                return record.settings
        for status in await self.queue.load_statuses([job_id]):
            await _require_accessible(status, interaction)
            if isinstance(status.outcome, Generated):
                return GenerationSettings.from_job(status.job, status.outcome.seed)
            return GenerationSettings.from_job(status.job, None, is_private=True)
        async for message in iterate_used_messages(interaction):
            async for settings, _ in self.read_message_settings(message):
                if settings.job_id == job_id:
                    return settings
        raise RejectedError(make_problem("job_unknown" if record is None else "prompt_expired"))

    async def find_readable_settings(self, interaction: discord.Interaction, job_id: str) -> GenerationSettings:
        """Return a job's settings if the user may read them: those of a request without a picture are its author's.

        Raises `RejectedError`: job_unknown, request_private.
        """
        settings = await self.find_generation_settings(interaction, job_id)
        if settings.is_private and settings.author_id != interaction.user.id:
            raise RejectedError(make_problem("request_private"))
        return settings

    async def read_message_settings(
        self, message: discord.Message | None
    ) -> AsyncIterator[tuple[GenerationSettings, RemoteImage]]:
        """Yield the settings in the metadata of a message's pictures, each with its picture."""
        for image in list_message_images(message):
            settings = await asyncio.to_thread(parse_embedded_settings, await self.fetch_image(image))
            if settings is not None:
                yield settings, image

    async def find_job(self, job_id: str) -> JobRecord | None:
        """Return the record of a job, unchecked for who may see it. None if it is unknown or the database is down."""
        try:
            return await self.job_history.find_job(job_id)
        except RejectedError:
            return None

    async def find_visible_result(
        self, interaction: discord.Interaction, job_id: str, message: discord.Message
    ) -> JobRecord | None:
        """Return the record of a result that was not deleted, if the user may see it from here.

        A `message` of the bot that shows its picture to everyone in the channel is enough. A result that its requester
        got alone is theirs alone.
        """
        record = await self.find_job(job_id)
        if record is None or record.is_deleted or record.outcome_kind != "generated":
            return None
        if record.job.requester.id == interaction.user.id:
            return record
        is_private = record.is_secret or (record.message is not None and record.message.is_private)
        is_shown = not message.flags.ephemeral and get_result_job_id(message, interaction.client) == job_id
        return record if not is_private and (is_shown or may_view_job(interaction, record)) else None

    async def find_parent_link(self, interaction: discord.Interaction, record: JobRecord) -> str | None:
        """Return the URL of the result that a job goes on from, if the user may see it and it is not deleted."""
        parent = await self.find_job(record.job.parent_id) if record.job.parent_id else None
        if parent is None or parent.message is None or parent.is_deleted:
            return None
        if parent.is_secret or not _is_accessible(interaction, parent.job.requester.id, parent.job.origin):
            return None
        return parent.message.build_link(parent.job.origin.guild_id)

    async def load_source_image(
        self, interaction: discord.Interaction, settings: GenerationSettings
    ) -> StoredImage | None:
        """Return the picture that a job started from. None if it started from a prompt alone.

        Raises `RejectedError`: source_expired, and source_elsewhere if only a copy of the result was shown to the user.
        """
        if not settings.request.has_picture:
            return None
        if settings.origin and not _is_accessible(interaction, settings.author_id, settings.origin):
            raise RejectedError(make_problem("source_elsewhere"))
        if settings.source_sha256:
            image = await self.image_store.load_source_image(settings.source_sha256)
            if image is not None:
                return image
            prepared = await self.queue.load_prepared_image(settings.job_id)  # while its result is being delivered
            if prepared:
                return StoredImage(settings.source_sha256, prepared)
        raise RejectedError(make_problem("source_expired"))

    async def find_result_messages(
        self, interaction: discord.Interaction, job_id: str
    ) -> AsyncIterator[discord.Message]:
        """Yield the messages that show a job's outcome: the ones of the interaction, perhaps copies, and the original.

        Raises `RejectedError`: discord_unavailable, and job_unknown for a job that the user may not see from here.
        """
        found = None
        async for message in iterate_used_messages(interaction):
            if get_result_job_id(message, interaction.client) == job_id:
                found = message
                yield message
        record = await self.find_job(job_id)
        if record is not None:
            await _require_accessible(record, interaction)
            original = await fetch_result_message(interaction.client, record)
            if original is not None and original != found:
                yield original

    async def find_result_image(self, interaction: discord.Interaction, job_id: str) -> RemoteImage | StoredImage:
        """Return a job's picture from the first message that shows it, or a stored one that no message carries.

        Raises `RejectedError` (result_gone).
        """
        async for message in self.find_result_messages(interaction, job_id):
            image = choose_job_image(list_message_images(message), job_id)
            if image is not None:
                return image
        data = await self.image_store.load_undelivered_image(job_id)
        if data is None:
            raise RejectedError(make_problem("result_gone"))
        return StoredImage((await asyncio.to_thread(hashlib.sha256, data)).hexdigest(), data)


def _is_accessible(interaction: discord.Interaction, author_id: int | None, origin: Origin) -> bool:
    """Tell whether a user may see a job from here.

    It must be of this server and, unless it is their own, of a channel that they can read; in direct messages, and of
    direct messages, it must be their own.
    """
    is_own = author_id == interaction.user.id
    if origin.is_direct_message or interaction.guild_id is None:
        return is_own
    if origin.guild_id != interaction.guild_id:
        return False
    return is_own or may_read_origin(interaction, origin)


async def _require_accessible(found: JobRecord | JobStatus, interaction: discord.Interaction) -> None:
    """Raise `RejectedError` (job_unknown) for a job that is not accessible from here, unless its result is shown here.

    Its author may show it to everyone in a channel, wherever it was requested. A secret entry is its author's alone.
    """
    job = found.job
    if _may_see(found, interaction) or (not _is_secret(found) and await _is_shown_here(interaction, job.id)):
        return
    log.warning("job %s: requested from elsewhere by user %s", job.id, interaction.user.id)
    raise RejectedError(make_problem("job_unknown"))


def _may_see(found: JobRecord | JobStatus, interaction: discord.Interaction) -> bool:
    """Tell whether a user may see a job from here; a secret entry is its author's alone."""
    if _is_secret(found):
        return found.job.requester.id == interaction.user.id
    return _is_accessible(interaction, found.job.requester.id, found.job.origin)


def _is_secret(found: JobRecord | JobStatus) -> bool:
    return found.is_secret if isinstance(found, JobRecord) else found.job.entry is not None


async def _is_shown_here(interaction: discord.Interaction, job_id: str) -> bool:
    """Tell whether the interaction comes from a message that shows everyone in its channel the picture of this job."""
    async for message in iterate_used_messages(interaction):
        is_result = get_result_job_id(message, interaction.client) == job_id and any(list_message_images(message))
        if is_result and not message.flags.ephemeral:
            return True
    return False
