"""The pictures of contests: those of entries, before and after they are shown, and the one that a round starts from."""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import discord

from bot.domain.images import StoredImage
from bot.domain.ports import JobHistory
from bot.domain.rounds import Contest
from bot.images.marking import remove_settings
from bot.images.upload_limit import fit_to_upload_limit
from bot.results.images import ResultImageLoader
from bot.storage.images import SqlImageStore
from shared.imaging.sniffing import ImageType
from shared.imaging.xmp import SourceType
from shared.problems import RejectedError, make_problem


@dataclass(frozen=True)
class RoundPictures:
    """Loads pictures. `load_result_image` reads one from the queue while its outcome is being delivered."""

    job_history: JobHistory
    image_store: SqlImageStore
    image_loader: ResultImageLoader
    load_result_image: Callable[[str], Awaitable[bytes | None]]

    async def load_entry(self, client: discord.Client, job_id: str) -> bytes | None:
        """Load the picture of an entry; None if it is gone. Raises `RejectedError`."""
        stored = await self.image_store.load_undelivered_image(job_id)
        if stored is not None:
            return stored
        record = await self.job_history.find_job(job_id)
        if record is not None and record.message is not None:
            return await self.image_loader.load_image(client, record)
        return await self.load_result_image(job_id)

    async def load_source(self, client: discord.Client, contest: Contest) -> StoredImage | None:
        """Load the picture that the round starts from; None if it starts from prompts alone.

        Raises `RejectedError`: result_gone, and as `ResultImageLoader`.
        """
        if contest.source_job_id is not None:
            data = await self.load_entry(client, contest.source_job_id)
            if data is None:
                raise RejectedError(make_problem("result_gone"))
            return StoredImage(hashlib.sha256(data).hexdigest(), data)
        if contest.source_sha256 is not None:
            image = await self.image_store.load_source_image(contest.source_sha256)
            if image is None:
                raise RejectedError(make_problem("result_gone"))
            return image
        return None


async def prepare_upload(
    data: bytes, max_bytes: int, source_type: SourceType | None = None, *, is_anonymous: bool = False
) -> tuple[bytes, ImageType]:
    """Fit a picture into `max_bytes`, in a thread; an anonymous result without the settings that name its job.

    The `source_type` is that of a result, None for a picture that is none. Raises
    `ValueError` and `ImageRejectedError` if it cannot be uploaded.
    """

    def prepare() -> tuple[bytes, ImageType]:
        fitted, kind = fit_to_upload_limit(data, max_bytes, source_type)
        return (remove_settings(fitted, source_type) if is_anonymous and source_type else fitted), kind

    return await asyncio.to_thread(prepare)
