"""The files of a batch on disk while they are read, so that memory holds one of them at a time."""

import asyncio
import shutil
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from bot.batches.reading.values import SentFile
from bot.domain.images import RemoteImage
from bot.storage.batches import SqlBatchStore
from bot.submission.images import ImageFetcher

MAX_CONCURRENT_BATCHES: Final = 2
STALE_SECONDS: Final = 3600.0
"""How old a folder is that no process uses any more: the token of an interaction lives for 15 minutes."""

_PREFIX: Final = "pentimento-batch-"


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
            await asyncio.to_thread(_delete_stale_folders)
            with tempfile.TemporaryDirectory(prefix=_PREFIX) as folder:
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


def _delete_stale_folders() -> None:
    """Delete the folders that processes left when they were killed."""
    latest = time.time() - STALE_SECONDS
    for folder in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        with suppress(OSError):  # another process may delete it, too
            if folder.stat().st_mtime < latest:
                shutil.rmtree(folder)


async def _write_file(folder: Path, number: int, name: str, data: bytes) -> SentFile:
    """Write a file under a number: its name comes from a stranger."""
    path = folder / str(number)
    await asyncio.to_thread(path.write_bytes, data)
    return SentFile(name, path)
