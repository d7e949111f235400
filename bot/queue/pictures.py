"""Storing, loading and deleting the pictures of jobs: in Redis, or in S3 with a reference in Redis.

boto3 blocks, so its calls run in a few threads of their own.
"""

import asyncio
import contextlib
import logging
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final, TypeVar, cast

from redis.exceptions import RedisError, ResponseError

from bot.queue.connection import QueueRedis
from shared.outage_log import OutageLog
from shared.pictures.reference import PictureReference, PictureStorageError
from shared.pictures.storage import UPLOAD, PictureStorage
from shared.problems import RejectedError, make_problem
from shared.queue.chunks import join_chunks
from shared.queue.error_kinds import expect_wrong_type
from shared.queue.scripts import is_wrong_type_error

log = logging.getLogger(__name__)

T = TypeVar("T")

THREADS: Final = 8
DELETION_DELAY_SECONDS: Final = 2.0
"""How long the pictures of a delivered job wait, so that those of several jobs are deleted at once."""

CLOSE_TIMEOUT_SECONDS: Final = 5.0


_failures = OutageLog(log)


@contextlib.contextmanager
def reject_without_pictures(code: str) -> Iterator[None]:
    """Turn `PictureStorageError` into `RejectedError` with this code, for a request of a user."""
    try:
        yield
    except PictureStorageError as error:
        _failures.report_failure(str(error))
        raise RejectedError(make_problem(code)) from error


class QueuePictures:
    """The pictures of jobs. Its own methods raise `PictureStorageError` where they say so."""

    def __init__(self, storage: PictureStorage | None = None) -> None:
        self._storage = storage or PictureStorage()
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="pictures")
        self._outage = OutageLog(log, "pictures are deleted")
        self._to_delete: set[str] = set()
        self._deletion: asyncio.Task[None] | None = None

    @property
    def is_external(self) -> bool:
        """Whether new pictures are stored outside of Redis."""
        return self._storage.is_external

    async def store_upload(self, job_id: str, picture: bytes) -> bytes | PictureReference:
        """Store an upload; return the value for Redis. Raises `PictureStorageError`."""
        if not self.is_external:
            return picture
        return await self._run(lambda: self._storage.store_picture(job_id, UPLOAD, picture))

    async def load(self, redis: QueueRedis, key: str) -> bytes | None:
        """Load the picture of a key; None if there is none any more.

        Raises `PictureStorageError` and `redis.RedisError`.
        """
        try:
            with expect_wrong_type():
                return join_chunks(cast("list[bytes]", await redis.lrange(key, 0, -1)))
        except ResponseError as error:
            if not is_wrong_type_error(error):
                raise
        stored = cast("bytes | None", await redis.get(key))
        return None if stored is None else await self._run(lambda: self._storage.fetch_picture(stored))

    async def list_references(self, redis: QueueRedis, keys: Sequence[str]) -> list[PictureReference]:
        """List those of these keys' pictures that lie outside of Redis. Raises `redis.RedisError`."""
        pipeline = redis.pipeline(transaction=False)
        for key in keys:
            pipeline.get(key)
        with expect_wrong_type():
            replies = await pipeline.execute(raise_on_error=False)
        failures = [reply for reply in replies if isinstance(reply, RedisError) and not is_wrong_type_error(reply)]
        if failures:
            raise failures[0]
        references = []
        for reply in replies:
            with contextlib.suppress(PictureStorageError):
                references += [PictureReference.parse(reply)] if isinstance(reply, bytes) else []
        return references

    async def discard(self, stored: bytes | PictureReference | None) -> None:
        """Delete an upload that no job got; a failure is logged: the lifecycle rule deletes it later."""
        if isinstance(stored, PictureReference):
            await self._delete(lambda: self._storage.delete_pictures([stored]))

    async def delete(self, references: Sequence[PictureReference]) -> None:
        """Delete pictures. Raises `PictureStorageError`."""
        if references:
            await self._run(lambda: self._storage.delete_pictures(references))

    def delete_later(self, job_id: str) -> None:
        """Delete all pictures of a job soon; a failure is logged: the lifecycle rule deletes them later."""
        self._to_delete.add(job_id)
        if self._deletion is None or self._deletion.done():
            self._deletion = asyncio.create_task(self._delete_soon(), name="deletion of pictures")

    async def close(self) -> None:
        """Delete the remaining pictures, for a few seconds at most, and close the connections."""
        if self._deletion is not None:
            self._deletion.cancel()
            await asyncio.wait([self._deletion])
            await asyncio.wait([asyncio.create_task(self._delete_all())], timeout=CLOSE_TIMEOUT_SECONDS)
        self._threads.shutdown(wait=False, cancel_futures=True)
        self._storage.close()

    async def _delete_soon(self) -> None:
        while self._to_delete:
            await asyncio.sleep(DELETION_DELAY_SECONDS)
            await self._delete_all()

    async def _delete_all(self) -> None:
        job_ids, self._to_delete = self._to_delete, set()
        if job_ids:
            await self._delete(lambda: self._storage.delete_job_pictures(job_ids))

    async def _delete(self, delete: Callable[[], None]) -> None:
        try:
            await self._run(delete)
        except PictureStorageError as error:
            self._outage.report_failure(f"pictures are not deleted, and wait for the lifecycle rule: {error}")
        else:
            self._outage.report_success()

    async def _run(self, call: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, call)
