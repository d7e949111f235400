"""The files of a batch on disk while they are read, so that memory holds one of them at a time."""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from bot.batches.reading.values import SentFile
from bot.domain.images import RemoteImage
from bot.storage.batches import SqlBatchStore
from bot.submission.images import ImageFetcher

MAX_CONCURRENT_BATCHES: Final = 2


@dataclass(frozen=True)
class BatchUploads:
    """Downloads the files of batches. `slots` limits how many batches are read at once."""

    image_fetcher: ImageFetcher
    store: SqlBatchStore
    slots: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(MAX_CONCURRENT_BATCHES))

    @asynccontextmanager
    async def hold_files(
        self, files: Sequence[RemoteImage], upload_limit: int, batch_id: str | None = None
    ) -> AsyncIterator[list[SentFile]]:
        """Give the files, which are deleted when the block ends; then the pictures of a batch that was stored before.

        A picture of the batch is left out if a file has its name. `upload_limit` is the requester's own limit in
        bytes. Raises `RejectedError` with one of the `attachment_*` problems.
        """
        async with self.slots:
            with tempfile.TemporaryDirectory(prefix="pentimento-batch-") as folder:
                sent: list[SentFile] = []
                for file in files:
                    data = await self.image_fetcher.fetch_file(file, upload_limit)
                    sent.append(await _write_file(Path(folder), len(sent), file.filename, data))
                names = {file.name for file in sent}
                if batch_id is not None:
                    async for _, name, data in self.store.iterate_images(batch_id):
                        if name not in names:
                            sent.append(await _write_file(Path(folder), len(sent), name, data))
                yield sent


async def _write_file(folder: Path, number: int, name: str, data: bytes) -> SentFile:
    """Write a file under a number: its name comes from a stranger."""
    path = folder / str(number)
    await asyncio.to_thread(path.write_bytes, data)
    return SentFile(name, path)
