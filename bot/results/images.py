"""Loading the pictures of past results."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import discord

from bot.domain.images import RemoteImage
from bot.domain.ports import ImageStore
from bot.domain.records import JobRecord
from bot.results.message_images import choose_job_image, list_message_images
from bot.results.messages import fetch_result_message


@dataclass(frozen=True)
class ResultImageLoader:
    """Loads the pictures of past results from their messages, or those that could not be posted from the database.

    `fetch_image` and `find_message` raise `RejectedError`.
    """

    image_store: ImageStore
    fetch_image: Callable[[RemoteImage], Awaitable[bytes]]
    find_message: Callable[[discord.Client, JobRecord], Awaitable[discord.Message | None]] = fetch_result_message

    async def load_image(self, client: discord.Client, record: JobRecord) -> bytes | None:
        """Load the picture of a job. None if it has none or none any more. Raises `RejectedError`."""
        if record.outcome_kind != "generated" or record.is_deleted:
            return None
        image = choose_job_image(list_message_images(await self.find_message(client, record)), record.job.id)
        if image is not None:
            return await self.fetch_image(image)
        return await self.image_store.load_undelivered_image(record.job.id)
