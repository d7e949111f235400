"""What was made before, by a job's id or by a picture: from the records, the queue, or the words in the PNG itself."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import aiohttp
import discord

from bot.domain.images import RemoteImage, StoredImage
from bot.domain.ports import JobHistory, JobStatusReader
from bot.domain.records import GenerationSettings, JobRecord
from bot.interactions.result_buttons import DeleteId, DetailsId
from shared.imaging.metadata import read_png_text
from shared.job import Job
from shared.outcome import Generated
from shared.problems import RejectedError, make_problem
from shared.request.model import Request

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class ResultLookup:
    """Looks back. `fetch` downloads a picture and raises `RejectedError`, as all else here does."""

    job_history: JobHistory
    queue: JobStatusReader
    fetch_image: Callable[[RemoteImage], Awaitable[bytes]]

    async def find_generation_settings(self, interaction: discord.Interaction, job_id: str) -> GenerationSettings:
        """Tell how a job's picture was made; of a job that nobody remembers, the picture in front of the person tells.

        Raises `RejectedError`: job_unknown, which a job of another guild is, too.
        """
        past = await self.find_job(job_id)
        if past is not None:
            _require_accessible(past.job, interaction)
            return to_generation_settings(past)
        for standing in await self.queue.load_statuses([job_id]):
            _require_accessible(standing.job, interaction)
            return _build_settings(
                standing.job, standing.outcome.seed if isinstance(standing.outcome, Generated) else None
            )
        async for message in _iterate_used_messages(interaction):
            async for found, _ in self.read_message_settings(message):
                if found.job_id == job_id:
                    return found
        raise RejectedError(make_problem("job_unknown"))

    async def read_message_settings(
        self, message: discord.Message | None
    ) -> AsyncIterator[tuple[GenerationSettings, RemoteImage]]:
        """Read the words in a message's pictures, one after the other, as `written_in` does. Raises `RejectedError`."""
        for source in list_message_images(message):
            found = await asyncio.to_thread(parse_png_settings, await self.fetch_image(source))
            if found is not None:
                yield found, source

    async def find_job(self, job_id: str) -> JobRecord | None:
        """Give the record of a job; None where there is none, or none can be read. It may be of another guild."""
        try:
            return await self.job_history.find_job(job_id)
        except RejectedError:
            return None

    async def find_parent_link(self, interaction: discord.Interaction, record: JobRecord) -> str | None:
        """Give the address of the answer that a job goes on from, where that is told here and not deleted."""
        found = await self.find_job(record.job.parent_id) if record.job.parent_id else None
        if found is None or found.message is None or found.is_deleted or not is_accessible_from(found.job, interaction):
            return None
        return found.message.build_link(found.job.origin.guild_id)

    async def load_source_image(self, settings: GenerationSettings) -> StoredImage | None:
        """Give the picture that a job started from; None when it started from words.

        Raises `RejectedError` (source_gone).
        """
        if not settings.request.has_picture:
            return None
        kept = await self.job_history.load_source_image(settings.source_sha256) if settings.source_sha256 else None
        if kept is None and settings.source_sha256 and (data := await self.queue.load_prepared_image(settings.job_id)):
            kept = StoredImage(settings.source_sha256, data)  # its answer is being told just now
        if kept is None:
            raise RejectedError(make_problem("source_gone"))
        return kept

    async def find_result_messages(
        self, interaction: discord.Interaction, job_id: str
    ) -> AsyncIterator[discord.Message]:
        """Find the messages that show a job's end: in front of the person, which may be a copy, and where it was told.

        Raises `RejectedError`: discord_away, and job_unknown for a job of another guild.
        """
        found = None
        async for message in _iterate_used_messages(interaction):
            if get_result_job_id(message, interaction.client) == job_id:
                found = message
                yield message
        past = await self.find_job(job_id)
        if past is not None:
            _require_accessible(past.job, interaction)
            told = await fetch_result_message(interaction.client, past)
            if told is not None and told != found:
                yield told

    async def find_result_image(self, interaction: discord.Interaction, job_id: str) -> RemoteImage:
        """Find a job's picture in the first of `answers`. Raises `RejectedError` (result_gone)."""
        async for message in self.find_result_messages(interaction, job_id):
            for source in list_message_images(message):
                return source
        raise RejectedError(make_problem("result_gone"))


async def fetch_result_message(client: discord.Client, record: JobRecord) -> discord.Message | None:
    """Fetch the message that told a job's end; None when it is gone or cannot be read. Raises `RejectedError`."""
    told = record.message
    if told is None or told.message_id is None:
        return None
    return await _fetch_message(client, told.channel_id, told.message_id, record.job.origin.guild_id or None)


def list_message_images(message: discord.Message | None) -> Iterator[RemoteImage]:
    """List the pictures that a message shows: attached, or in galleries of its components."""
    if message is None:
        return
    for attachment in message.attachments:
        if (attachment.content_type or "image/").startswith("image/"):
            yield RemoteImage(attachment.url, attachment.size, attachment.filename)
    for component in _walk_components(message.components):
        for item in getattr(component, "items", ()):
            yield RemoteImage(item.media.url, None, item.media.url.partition("?")[0].rpartition("/")[2])


def get_result_job_id(message: discord.Message, client: discord.Client) -> str | None:
    """Tell of which job this message of ours is the answer, by the button that deletes it; None when it is of none."""
    if client.user is None or message.author.id != client.user.id:
        return None
    ids = (DeleteId.parse(str(getattr(part, "custom_id", ""))) for part in _walk_components(message.components))
    return next((delete_id.job_id for delete_id in ids if delete_id is not None), None)


def parse_png_settings(data: bytes) -> GenerationSettings | None:
    """Read how a picture was made from the words in its PNG; None where there are none of ours.

    What stands there may have been written by anyone, so it is a request like any other and no proof of anything.
    """
    try:
        made = json.loads(read_png_text(data)["pentimento"])
        seed = made["seed"]
        request = Request.model_validate_json(Request.model_validate(made["request"]).model_dump_json())
        job = DetailsId.parse(str(DetailsId(str(made["job"]))))
        return GenerationSettings(job.job_id, request, None if seed is None else int(seed)) if job else None
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError):
        return None


def to_generation_settings(record: JobRecord) -> GenerationSettings:
    """Tell how a past job's picture was made."""
    return _build_settings(record.job, record.seed, record.source_sha256)


def _build_settings(job: Job, seed: int | None, source_sha256: str | None = None) -> GenerationSettings:
    return GenerationSettings(job.id, job.request, job.seed if seed is None else seed, job.requester.id, source_sha256)


def is_accessible_from(job: Job, interaction: discord.Interaction) -> bool:
    """Tell whether a job is of this guild; where it was or is about direct messages, whether it is this person's."""
    if job.origin.is_direct_message or interaction.guild_id is None:
        return job.requester.id == interaction.user.id
    return job.origin.guild_id == interaction.guild_id


def _require_accessible(job: Job, interaction: discord.Interaction) -> None:
    """Raise `RejectedError` for a job of elsewhere."""
    if not is_accessible_from(job, interaction):
        log.warning("job %s: asked for from elsewhere by %s", job.id, interaction.user.id)
        raise RejectedError(make_problem("job_unknown"))


async def _iterate_used_messages(interaction: discord.Interaction) -> AsyncIterator[discord.Message]:
    """Give the message that was used; of a private answer, then the message which that was an answer to."""
    message = interaction.message
    if message is None:
        return
    yield message
    used = message.interaction_metadata
    behind = used and (used.interacted_message_id or used.target_message_id)
    if behind and interaction.channel_id:
        found = await _fetch_message(interaction.client, interaction.channel_id, behind, interaction.guild_id)
        if found is not None:
            yield found


async def _fetch_message(
    client: discord.Client, channel_id: int, message_id: int, guild_id: int | None
) -> discord.Message | None:
    """Fetch a message; None when it is gone or cannot be read. Raises `RejectedError` (discord_away)."""
    try:
        return await client.get_partial_messageable(channel_id, guild_id=guild_id).fetch_message(message_id)
    except (discord.NotFound, discord.Forbidden):
        return None
    except (discord.HTTPException, aiohttp.ClientError, OSError) as error:
        log.warning("message %d cannot be fetched (%r)", message_id, error)
        raise RejectedError(make_problem("discord_away")) from error


def _walk_components(components: Iterable[Any]) -> Iterator[Any]:
    for component in components:
        yield component
        yield from _walk_components(getattr(component, "children", ()))
