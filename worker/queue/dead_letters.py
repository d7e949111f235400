"""The jobs that were set aside because their workers died, read and ended in Redis by an operator's command."""

from dataclasses import dataclass
from enum import Enum
from typing import Any, cast

import redis

from shared.job import Job
from shared.outcome import OUTCOME_ADAPTER, Failed
from shared.queue.chunks import join_chunks, measure_chunks
from shared.queue.keys import DEAD_LETTERS, KEY_PREFIX, dead_letter_key, dead_letter_picture_key
from shared.queue.scripts import load_script
from worker.ports import Stage


@dataclass(frozen=True)
class DeadLetter:
    """A job with how it ended. `set_aside` is Unix seconds, `picture` the bytes kept of its picture (0: none)."""

    job: Job
    stage: Stage
    outcome: Failed
    claims: int
    calls: int
    failed_at: float
    picture_bytes: int


class RetryResult(Enum):
    """What became of a retry."""

    QUEUED = "queued"
    NOT_FOUND = "not there"
    NOT_DELIVERED = "not told yet"


class DeadLetterQueue:
    """What lies aside, for as long as KEEP_SECONDS. Every verb raises `redis.RedisError`."""

    def __init__(self, client: redis.Redis) -> None:
        self._client = client

    def list_letters(self) -> list[DeadLetter]:
        """List them, oldest first; those that have expired are forgotten."""
        ids = [member.decode() for member in cast("list[bytes]", self._client.zrange(DEAD_LETTERS, 0, -1))]
        found = {job_id: self.find_letter(job_id) for job_id in ids}
        if expired := [job_id for job_id, letter in found.items() if letter is None]:
            self._client.zrem(DEAD_LETTERS, *expired)
        return [letter for letter in found.values() if letter]

    def find_letter(self, job_id: str) -> DeadLetter | None:
        """Look one up."""
        row = cast("dict[bytes, bytes]", self._client.hgetall(dead_letter_key(job_id)))
        if not row:
            return None
        picture = dead_letter_picture_key(job_id)
        failed = OUTCOME_ADAPTER.validate_json(row[b"outcome"])
        assert isinstance(failed, Failed)  # noqa: S101 - nothing else is set aside
        return DeadLetter(
            job=Job.model_validate_json(row[b"job"]),
            stage=Stage(row[b"lane"].decode()),
            outcome=failed,
            claims=int(row[b"claims"]),
            calls=int(row[b"calls"]),
            failed_at=int(row[b"at"]) / 1000,
            picture_bytes=measure_chunks(
                self._client.llen(picture), cast("bytes | None", self._client.lindex(picture, -1))
            ),
        )

    def fetch_picture(self, job_id: str) -> bytes | None:
        """Fetch the bytes of its picture: as uploaded where it died preparing, else as prepared for the model."""
        return join_chunks(cast("list[bytes]", self._client.lrange(dead_letter_picture_key(job_id), 0, -1)))

    def retry_letter(self, letter: DeadLetter, new_id: str, image_ttl_seconds: int) -> RetryResult:
        """Queue it again under a new id; its picture is kept for `keep` seconds more."""
        again = letter.job.model_copy(update={"id": new_id})
        arguments: list[Any] = [letter.job.id, new_id, again.model_dump_json(), image_ttl_seconds * 1000]
        code = cast(
            "list[int]",
            self._client.register_script(load_script("retry_dead_letter"))(keys=[KEY_PREFIX], args=arguments),
        )[0]
        return (RetryResult.NOT_FOUND, RetryResult.NOT_DELIVERED, RetryResult.QUEUED)[code]

    def delete_letter(self, job_id: str) -> bool:
        """Forget it and its picture; False when it was not there."""
        there = self._client.delete(dead_letter_key(job_id), dead_letter_picture_key(job_id))
        self._client.zrem(DEAD_LETTERS, job_id)
        return there > 0
