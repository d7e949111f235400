"""The generated pictures of outcomes that are being delivered."""

from collections.abc import Iterator
from contextlib import contextmanager

from bot.delivery.ports import OutcomeStream


class ResultPictures:
    """Loads pictures from the queue: each once for a delivery, which posts it, and then shows it small."""

    def __init__(self, queue: OutcomeStream) -> None:
        self._queue = queue
        self._loaded: dict[str, bytes | None] = {}

    @contextmanager
    def share(self, job_id: str) -> Iterator[None]:
        """Keep the picture of a job in memory from when it is loaded until the end of the block."""
        self._loaded[job_id] = None
        try:
            yield
        finally:
            del self._loaded[job_id]

    async def load(self, job_id: str) -> bytes | None:
        """Load the picture of a job; None if there is none any more. Raises the errors of the queue."""
        picture = self._loaded.get(job_id) or await self._queue.load_result_image(job_id)
        if job_id in self._loaded:
            self._loaded[job_id] = picture
        return picture
