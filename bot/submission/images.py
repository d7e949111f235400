"""Loading the picture that a request starts from."""

import asyncio
import hashlib
import logging
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Final

import aiohttp

from bot.domain.images import RemoteImage, StoredImage
from bot.submission.attachments import fetch_attachment, fetch_file
from shared.addresses.http import NO_PROXIES, ProxySettings
from shared.imaging.sniffing import ImageType

log = logging.getLogger(__name__)

MAX_CONCURRENT_DOWNLOADS: Final = 8


@dataclass(frozen=True)
class ImageFetcher:
    """Downloads pictures of at most `max_bytes` from `allowed_hosts`.

    `download_slots` limits how many downloaded pictures are in memory at once.
    """

    http_session: aiohttp.ClientSession
    allowed_hosts: Collection[str]
    max_bytes: int
    proxies: ProxySettings = NO_PROXIES
    download_slots: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(MAX_CONCURRENT_DOWNLOADS))

    async def fetch_image(self, image: RemoteImage) -> bytes:
        """Download a picture. Raises `RejectedError`."""
        async with self.download_slots:
            data, _ = await self._download(image, self.max_bytes)
        return data

    async def fetch_file(self, file: RemoteImage, upload_limit: int) -> bytes:
        """Download a file that need not be a picture. `upload_limit` is as that of `hold_image`.

        Raises `RejectedError`.
        """
        max_bytes = min(self.max_bytes, upload_limit)
        async with self.download_slots:
            return await fetch_file(
                self.http_session, file.url, file.size_bytes, max_bytes, self.allowed_hosts, proxies=self.proxies
            )

    @asynccontextmanager
    async def hold_image(
        self, job_id: str, image: RemoteImage | StoredImage | None, upload_limit: int
    ) -> AsyncIterator[StoredImage | None]:
        """Give the picture of a job, downloaded if need be; the download's slot is held until the block ends.

        `upload_limit` is the requester's own limit in bytes. Raises `RejectedError`.
        """
        if not isinstance(image, RemoteImage):
            yield image
            return
        async with self.download_slots:
            data, image_type = await self._download(image, min(self.max_bytes, upload_limit))
            log.info("job %s: downloaded %d bytes of %s", job_id, len(data), image_type.name)
            digest = await asyncio.to_thread(hashlib.sha256, data)
            yield StoredImage(digest.hexdigest(), data)

    async def _download(self, image: RemoteImage, max_bytes: int) -> tuple[bytes, ImageType]:
        return await fetch_attachment(
            self.http_session, image.url, image.size_bytes, max_bytes, self.allowed_hosts, proxies=self.proxies
        )
