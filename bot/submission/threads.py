"""The thread of a job: whether the command was used inside one, and opening one otherwise."""

import asyncio
import logging
from collections.abc import Sequence
from typing import Final

import discord

from bot.discord_client.threads import open_thread
from bot.domain.ports import JobQueue
from bot.domain.status import JobStatus, QueueState
from bot.interactions.permissions import may_open_thread
from bot.rendering.markdown import build_thread_name
from shared.errors import PentimentoError
from shared.job import Job
from shared.outcome import Failed

log = logging.getLogger(__name__)

DISCORD_TIMEOUT_SECONDS: Final = 30.0  # discord.py retries a 5xx for about 25 s
PREPARATION_POLL_DELAYS: Final = (0.1, 0.2, 0.4, 0.8, 1.6, 3.2)
_THREAD_TYPES: Final = frozenset(
    {discord.ChannelType.public_thread, discord.ChannelType.private_thread, discord.ChannelType.news_thread}
)


def is_in_thread(interaction: discord.Interaction) -> bool:
    """Tell whether the interaction comes from inside a thread."""
    return _get_channel_type(interaction) in _THREAD_TYPES


async def open_job_thread(interaction: discord.Interaction, queue: JobQueue, jobs: Sequence[Job]) -> None:
    """Open one thread for these jobs of one message, unless they are answered in a thread or it is not permitted.

    A broken picture is told to its requester alone, in no thread, so the thread waits until the picture is prepared.
    Failures are logged only: delivery opens a thread that is missing, or finds another place.
    """
    origin, request = jobs[0].origin, jobs[0].request
    if origin.is_in_thread or not may_open_thread(interaction.app_permissions, _get_channel_type(interaction)):
        return
    try:
        if request.has_picture and not await _wait_until_prepared(queue, [job.id for job in jobs]):
            return
        async with asyncio.timeout(DISCORD_TIMEOUT_SECONDS):
            thread_id = await open_thread(interaction.client, origin, build_thread_name(request))
            for job in jobs:
                await queue.set_thread(job.id, thread_id)
    except PentimentoError as error:
        log.warning("job %s: its thread could not be recorded: %s", jobs[0].id, error)
    except Exception:  # the jobs are queued already and will be answered
        log.warning("job %s: its thread could not be opened or recorded", jobs[0].id, exc_info=True)


async def _wait_until_prepared(queue: JobQueue, job_ids: Sequence[str]) -> bool:
    """Wait until the picture of one of these jobs is prepared; False if all of them failed, or if it takes long."""
    for delay in (*PREPARATION_POLL_DELAYS, None):
        statuses = await queue.load_statuses(job_ids)
        if any(status.state is not QueueState.PREPARING and not _has_failed(status) for status in statuses):
            return True
        if delay is None or all(_has_failed(status) for status in statuses):
            return False
        await asyncio.sleep(delay)
    return False


def _has_failed(status: JobStatus) -> bool:
    return isinstance(status.outcome, Failed)


def _get_channel_type(interaction: discord.Interaction) -> discord.ChannelType | None:
    return interaction.channel.type if interaction.channel else None
