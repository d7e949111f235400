"""The pictures that are kept in the database when an outcome was delivered, before the queue drops them."""

from bot.delivery.ports import OutcomeStream
from bot.domain.status import JobStatus
from bot.storage.images import SqlImageStore
from shared.outcome import Generated


class DeliveredImages:
    """Keeps the pictures of entries, and, if `keeps_images`, those that jobs started from and those posted nowhere."""

    def __init__(self, queue: OutcomeStream, image_store: SqlImageStore | None, *, keeps_images: bool) -> None:
        self._queue = queue
        self._image_store = image_store
        self._keeps_images = keeps_images

    async def save_images(self, status: JobStatus, *, is_undelivered: bool) -> None:
        """Store the picture that the job started from, and its result if that was posted nowhere.

        Raises `shared.problems.RejectedError`.
        """
        if self._image_store is None:
            return
        job_id, is_entry = status.job.id, status.job.entry is not None
        has_source = self._keeps_images and status.job.request.has_picture
        if has_source and not await self._image_store.refresh_source_image(job_id):
            source = await self._queue.load_prepared_image(job_id)
            if source is not None:
                await self._image_store.save_source_image(job_id, source)
        is_stored = status.job.batch is not None
        if is_stored or not is_undelivered or not (self._keeps_images or is_entry):
            return
        if isinstance(status.outcome, Generated):
            result = await self._queue.load_result_image(job_id)
            if result is not None:
                await self._image_store.save_undelivered_image(job_id, result)
