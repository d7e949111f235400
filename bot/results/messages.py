"""Messages that show results: fetching them, and reading their job."""

import logging
from collections.abc import AsyncIterator, Sequence

import aiohttp
import discord

from bot.domain.ports import JobHistory
from bot.domain.records import JobRecord
from bot.interactions.result_buttons import DeleteId, DetailsId, MoreId, RegenerateId, UpscaleId, VaryId
from bot.results.message_images import walk_components
from shared.problems import RejectedError, make_problem

log = logging.getLogger(__name__)

_JobButtonType = type[MoreId] | type[DeleteId] | type[RegenerateId] | type[VaryId] | type[UpscaleId] | type[DetailsId]


async def fetch_result_message(client: discord.Client, record: JobRecord) -> discord.Message | None:
    """Fetch the message that shows a job's outcome. None when it is gone or unreadable. Raises `RejectedError`."""
    message = record.message
    if message is None or message.message_id is None:
        return None
    return await fetch_message(client, message.channel_id, message.message_id, record.job.origin.guild_id or None)


async def fetch_message(
    client: discord.Client, channel_id: int, message_id: int, guild_id: int | None
) -> discord.Message | None:
    """Fetch a message. None when it is gone or unreadable. Raises `RejectedError` (discord_unavailable)."""
    try:
        return await client.get_partial_messageable(channel_id, guild_id=guild_id).fetch_message(message_id)
    except (discord.NotFound, discord.Forbidden):
        return None
    except (discord.HTTPException, aiohttp.ClientError, OSError) as error:
        log.warning("message %d cannot be fetched (%r)", message_id, error)
        raise RejectedError(make_problem("discord_unavailable")) from error


async def iterate_used_messages(interaction: discord.Interaction) -> AsyncIterator[discord.Message]:
    """Yield the message of the interaction and, if that is an ephemeral response, the message it responds to."""
    message = interaction.message
    if message is None:
        return
    yield message
    metadata = message.interaction_metadata
    original_id = metadata and (metadata.interacted_message_id or metadata.target_message_id)
    if original_id and interaction.channel_id:
        original = await fetch_message(interaction.client, interaction.channel_id, original_id, interaction.guild_id)
        if original is not None:
            yield original


def get_result_job_id(message: discord.Message, client: discord.Client) -> str | None:
    """Return the job whose outcome this message of the bot shows, by its buttons. None for other messages."""
    return next(iter(_list_job_ids(message, client, (MoreId, DeleteId))), None)


def get_preview_job_id(message: discord.Message, client: discord.Client) -> str | None:
    """Return the job whose result this message of the bot previews, by its buttons. None for other messages."""
    if get_result_job_id(message, client) is not None:
        return None
    job_ids = _list_job_ids(message, client, (RegenerateId, VaryId, UpscaleId, DetailsId))
    return job_ids.pop() if len(job_ids) == 1 else None


async def find_full_result(
    client: discord.Client, message: discord.Message, job_history: JobHistory
) -> discord.Message:
    """Return the message with the full picture if this one is its preview, else the same. Raises `RejectedError`."""
    job_id = get_preview_job_id(message, client)
    record = None if job_id is None else await job_history.find_job(job_id)
    return (record and await fetch_result_message(client, record)) or message


def _list_job_ids(message: discord.Message, client: discord.Client, id_types: Sequence[_JobButtonType]) -> set[str]:
    if client.user is None or message.author.id != client.user.id:
        return set()
    texts = [str(getattr(component, "custom_id", "")) for component in walk_components(message.components)]
    parsed = (id_type.parse(text) for text in texts for id_type in id_types)
    return {custom_id.job_id for custom_id in parsed if custom_id is not None}
