"""The generated pictures of outcomes that are being delivered."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from bot.delivery.ports import OutcomeStream


class ResultPictures:
    """Loads pictures from the queue: each once for a delivery, which posts it, and then shows it small."""

    def __init__(self, queue: OutcomeStream) -> None:
        self._queue = queue
        self._loading: dict[str, asyncio.Future[bytes | None]] = {}

    @asynccontextmanager
    async def share(self, job_id: str) -> AsyncIterator[None]:
        """Load the picture of a job meanwhile, and keep it in memory until the end of the block."""
        loading = self._loading[job_id] = asyncio.ensure_future(self._queue.load_result_image(job_id))
        try:
            yield
        finally:
            del self._loading[job_id]
            loading.cancel()
            await asyncio.gather(loading, return_exceptions=True)  # an error was for those who needed the picture

    async def load(self, job_id: str) -> bytes | None:
        """Load the picture of a job; None if there is none any more. Raises the errors of the queue."""
        loading = self._loading.get(job_id)
        return await (self._queue.load_result_image(job_id) if loading is None else asyncio.shield(loading))
