"""Storing and fetching the pictures of jobs: in Redis, or in S3 with a reference in Redis."""

import contextlib
import logging
import time
from collections.abc import Iterator
from typing import Final, cast

from redis.exceptions import ResponseError

from shared.outage_log import OutageLog
from shared.pictures.reference import PictureReference, PictureStorageError
from shared.pictures.storage import PREPARED, RESULT, PictureStorage
from shared.queue.chunks import join_chunks, measure_chunks
from shared.queue.error_kinds import expect_wrong_type
from shared.queue.scripts import is_wrong_type_error
from worker.ports import QueueUnavailableError
from worker.queue.connection import QueueRedis, translate_redis_errors

log = logging.getLogger(__name__)

RESULT_PATIENCE_SECONDS: Final = 60.0
"""How long a paid picture waits for a storage that is out of reach, until it is stored in Redis."""

RETRY_SECONDS: Final = 2.0


class UnreadableReferenceError(QueueUnavailableError):
    """Another release stored the picture in a way that this one cannot read."""


@contextlib.contextmanager
def translate_storage_errors() -> Iterator[None]:
    """Turn `PictureStorageError` into `QueueUnavailableError`."""
    try:
        yield
    except PictureStorageError as error:
        raise QueueUnavailableError(str(error)) from error


class QueuePictures:
    """The pictures of jobs. Threads may share it."""

    def __init__(self, client: QueueRedis, storage: PictureStorage | None = None) -> None:
        self._client = client
        self._storage = storage or PictureStorage()
        self._outage = OutageLog(log, "pictures are stored")

    def store_prepared(self, job_id: str, picture: bytes) -> bytes | PictureReference:
        """Store a prepared picture; return the value for Redis. Raises `QueueUnavailableError`."""
        with translate_storage_errors():
            return self._storage.store_picture(job_id, PREPARED, picture)

    def store_result(self, job_id: str, picture: bytes) -> bytes | PictureReference:
        """Store a picture that was paid for; return the value for Redis: the picture if S3 stays out of reach."""
        deadline = time.monotonic() + RESULT_PATIENCE_SECONDS
        while True:
            try:
                stored = self._storage.store_picture(job_id, RESULT, picture)
            except PictureStorageError as error:
                if time.monotonic() + RETRY_SECONDS > deadline:
                    log.warning("job %s: its result is stored in Redis: %s", job_id, error)
                    return picture
                self._outage.report_failure(f"job {job_id}: its result is not stored yet and tried again: {error}")
                time.sleep(RETRY_SECONDS)
            else:
                self._outage.report_success()
                return stored

    def fetch(self, key: str) -> bytes | None:
        """Fetch the picture of a key; None if there is none any more. Raises `QueueUnavailableError`."""
        stored = self._load(key)
        if not isinstance(stored, bytes):
            return join_chunks(stored)
        with translate_storage_errors():
            return self._storage.fetch_picture(stored)

    def measure(self, key: str) -> int:
        """Measure the picture of a key in bytes; 0 if there is none.

        Raises `QueueUnavailableError` and `UnreadableReferenceError`.
        """
        with translate_redis_errors():
            try:
                with expect_wrong_type():
                    count = self._client.llen(key)
                    return measure_chunks(count, cast("bytes | None", self._client.lindex(key, -1)))
            except ResponseError as error:
                if not is_wrong_type_error(error):
                    raise
        reference = self._load_reference(key)
        return reference.size if reference else 0

    def move(self, key: str, job_id: str, kind: str) -> None:
        """Make the picture to which a key refers one of another job, with which it is deleted.

        Raises `QueueUnavailableError`.
        """
        reference = self._load_reference(key)
        picture = self.fetch(key) if reference else None
        if reference is None or picture is None:
            return
        with translate_storage_errors():
            stored = self._storage.store_picture(job_id, kind, picture)
        if isinstance(stored, PictureReference):
            with translate_redis_errors():
                self._client.set(key, stored.to_json(), xx=True, keepttl=True)
            self._delete(reference)

    def delete_from_storage(self, key: str) -> None:
        """Delete the picture to which a key refers; a failure is logged: the lifecycle rule deletes it later.

        Raises `QueueUnavailableError` if Redis does not tell whether there is one.
        """
        try:
            reference = self._load_reference(key)
        except UnreadableReferenceError as error:
            log.warning("a picture is not deleted, and waits for the lifecycle rule: %s", error)
            return
        if reference is not None:
            self._delete(reference)

    def _delete(self, reference: PictureReference) -> None:
        try:
            self._storage.delete_pictures([reference])
        except PictureStorageError as error:
            log.warning("a picture is not deleted, and waits for the lifecycle rule: %s", error)

    def _load_reference(self, key: str) -> PictureReference | None:
        with translate_redis_errors():
            try:
                with expect_wrong_type():
                    stored = cast("bytes | None", self._client.get(key))
            except ResponseError as error:
                if is_wrong_type_error(error):
                    return None
                raise
        try:
            return None if stored is None else PictureReference.parse(stored)
        except PictureStorageError as error:
            raise UnreadableReferenceError(str(error)) from error

    def _load(self, key: str) -> list[bytes] | bytes:
        """Load the chunks of a picture, or the reference to it."""
        with translate_redis_errors():
            try:
                with expect_wrong_type():
                    return cast("list[bytes]", self._client.lrange(key, 0, -1))
            except ResponseError as error:
                if not is_wrong_type_error(error):
                    raise
            return cast("bytes | None", self._client.get(key)) or []
