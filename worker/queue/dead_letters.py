"""Dead letters: jobs whose workers died or could not read them, kept for an operator to examine, retry or delete."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

from shared.job import Job
from shared.outcome import Failed
from shared.pictures.storage import PREPARED, UPLOAD, PictureStorage
from shared.queue.stages import Stage
from shared.unreadable import describe_read_error
from worker.queue.connection import QueueRedis, translate_redis_errors
from worker.queue.pictures import QueuePictures, UnreadableReferenceError
from worker.queue.replies import RetryReply, RetryResult
from worker.queue.scripts import ScriptRunner


@dataclass(frozen=True)
class DeadLetter:
    """A job that failed because its workers died.

    `job_json` is the job as it was stored, with fields of other releases. `failed_at` is Unix seconds, `picture_bytes`
    the size of the picture that is kept with it, 0 if there is none.
    """

    job: Job
    job_json: bytes
    stage: Stage
    outcome: Failed
    claims: int
    calls: int
    failed_at: float
    picture_bytes: int


@dataclass(frozen=True)
class UnreadableLetter:
    """A dead letter that this release cannot read, and why."""

    job_id: str
    reason: str


class DeadLetterQueue:
    """The dead letters in Redis, kept for QUEUE_IMAGE_TTL_SECONDS. Every method raises `QueueUnavailableError`."""

    def __init__(self, client: QueueRedis, storage: PictureStorage | None = None) -> None:
        self._pictures = QueuePictures(client, storage)
        self._client = client
        self._names = client.names
        self._scripts = ScriptRunner(client, "retry_dead_letter")

    def list_letters(self) -> list[DeadLetter | UnreadableLetter]:
        """List the dead letters, oldest first, and forget the ids of those that have expired."""
        with translate_redis_errors():
            job_ids = [
                member.decode() for member in cast("list[bytes]", self._client.zrange(self._names.dead_letters, 0, -1))
            ]
            letters = {job_id: self.find_letter(job_id) for job_id in job_ids}
            if expired := [job_id for job_id, letter in letters.items() if letter is None]:
                self._client.zrem(self._names.dead_letters, *expired)
        return [letter for letter in letters.values() if letter]

    def find_letter(self, job_id: str) -> DeadLetter | UnreadableLetter | None:
        """Find the dead letter of a job."""
        with translate_redis_errors():
            fields = cast("dict[bytes, bytes]", self._client.hgetall(self._names.dead_letter_key(job_id)))
        if not fields:
            return None
        try:
            return _parse_letter(fields, self._pictures.measure(self._names.dead_letter_picture_key(job_id)))
        except (ValueError, LookupError, UnreadableReferenceError) as error:
            return UnreadableLetter(job_id, describe_read_error(error))

    def fetch_picture(self, job_id: str) -> bytes | None:
        """Fetch the picture of a dead letter: the upload if it failed in the prepare stage, else the prepared one."""
        return self._pictures.fetch(self._names.dead_letter_picture_key(job_id))

    def retry_letter(self, letter: DeadLetter, new_id: str, image_ttl_seconds: int) -> RetryResult:
        """Queue the job again under a new id. Its picture is kept for `image_ttl_seconds` from now."""
        kind = UPLOAD if letter.stage is Stage.PREPARE else PREPARED
        self._pictures.move(self._names.dead_letter_picture_key(letter.job.id), new_id, kind)
        new_job = json.dumps(json.loads(letter.job_json) | {"id": new_id})
        reply = self._scripts.run("retry_dead_letter", letter.job.id, new_id, new_job, image_ttl_seconds * 1000)
        return RetryReply.parse(reply).result

    def delete_letter(self, job_id: str) -> bool:
        """Delete a dead letter and its picture. Return False if there is none."""
        self._pictures.delete_from_storage(self._names.dead_letter_picture_key(job_id))
        with translate_redis_errors():
            deleted = self._client.delete(
                self._names.dead_letter_key(job_id), self._names.dead_letter_picture_key(job_id)
            )
            self._client.zrem(self._names.dead_letters, job_id)
        return deleted > 0


def _parse_letter(fields: Mapping[bytes, bytes], picture_bytes: int) -> DeadLetter:
    return DeadLetter(
        job=Job.model_validate_json(fields[b"job"]),
        job_json=fields[b"job"],
        stage=Stage(fields[b"stage"].decode()),
        outcome=Failed.model_validate_json(fields[b"outcome"]),
        claims=int(fields[b"claims"]),
        calls=int(fields[b"calls"]),
        failed_at=int(fields[b"failed_at"]) / 1000,
        picture_bytes=picture_bytes,
    )
