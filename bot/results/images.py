"""Loading the pictures of past results."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import discord

from bot.domain.images import RemoteImage
from bot.domain.ports import JobHistory
from bot.domain.records import JobRecord
from bot.results.messages import list_message_images


@dataclass(frozen=True)
class ResultImageLoader:
    """Loads the pictures of past results from their messages, or those that could not be posted from the database.

    `find_message` and `fetch_image` raise `RejectedError`.
    """

    find_message: Callable[[JobRecord], Awaitable[discord.Message | None]]
    job_history: JobHistory
    fetch_image: Callable[[RemoteImage], Awaitable[bytes]]

    async def load_image(self, record: JobRecord) -> bytes | None:
        """Load the picture of a job. None if it has none or none any more. Raises `RejectedError`."""
        if record.outcome_kind != "generated" or record.is_deleted:
            return None
        for image in list_message_images(await self.find_message(record)):
            return await self.fetch_image(image)
        return await self.job_history.load_undelivered_image(record.job.id)
