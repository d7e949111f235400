"""The stream of outcomes. Each bot reads all of it, and leaves those that other bots deliver alone."""

import time
from collections.abc import Mapping, Sequence
from typing import Final

from bot.domain.errors import QueueUnavailableError
from bot.domain.status import OutcomeEntry
from bot.queue.connection import QueueRedis, raise_queue_unavailable
from bot.queue.pictures import QueuePictures
from bot.queue.scripts import ScriptRunner
from bot.queue.status import RedisJobStatusReader
from bot.queue.streams import read_stream
from shared.catalogue import Catalogue
from shared.pictures.reference import PictureStorageError
from shared.queue.keys import CONSUMER_GROUP

OUTCOME_BATCH_SIZE: Final = 32
OUTCOME_BLOCK_SECONDS: Final = 2.0
"""How long Redis holds a read of an empty stream."""

RECHECK_SECONDS: Final = 10.0
"""How often the whole stream is read again, for entries that nobody delivers: an older file of Redis may have some."""

DELIVERED_JOB_TTL_SECONDS: Final = 7 * 86400
"""How long a delivered job is remembered: a repeated interaction is then still the same job."""

_BEGINNING: Final = "0-0"


class RedisOutcomeStream(RedisJobStatusReader):
    """Reads outcomes and acknowledges those that were delivered.

    Its own methods raise `QueueUnavailableError`.
    """

    def __init__(self, redis: QueueRedis, catalogue: Catalogue, pictures: QueuePictures | None = None) -> None:
        super().__init__(redis, catalogue, pictures)
        self._delivery_script = ScriptRunner(redis, "mark_delivered")
        self._cursor: str | None = _BEGINNING
        self._last_entry_id = _BEGINNING
        self._read_at = 0.0
        self._in_flight: set[str] = set()

    def restart(self) -> None:
        """Read the whole stream again, from its beginning, without entries that were read and not released."""
        self._cursor = _BEGINNING

    async def read_outcomes(self) -> Sequence[OutcomeEntry]:
        """Wait a few seconds at most for outcomes that nobody has acknowledged yet, oldest first.

        Each is returned once, unless it is released. Raises `QueueUnavailableError`.
        """
        with raise_queue_unavailable():
            return await self._read_next_outcomes()

    async def _read_next_outcomes(self) -> Sequence[OutcomeEntry]:
        if self._cursor is None and time.monotonic() - self._read_at > RECHECK_SECONDS:
            self.restart()
        while self._cursor is not None:
            entries, self._cursor = await self._read_stream(self._cursor, block_ms=None)
            self._read_at = time.monotonic()
            if entries:
                return entries
        entries, _ = await self._read_stream(self._last_entry_id, block_ms=int(OUTCOME_BLOCK_SECONDS * 1000))
        return entries

    def release_outcome(self, entry: OutcomeEntry) -> None:
        """Leave an outcome to another bot; this one reads it again when it reads the whole stream."""
        self._in_flight.discard(entry.entry_id)

    async def load_result_image(self, job_id: str) -> bytes | None:
        """Load the generated picture; None once it has been delivered or has expired."""
        try:
            with raise_queue_unavailable():
                return await self._pictures.load(self._redis, self._names.result_key(job_id))
        except PictureStorageError as error:
            raise QueueUnavailableError(str(error), is_refusal=False) from error

    async def acknowledge_outcome(self, entry: OutcomeEntry, message_id: int | None) -> None:
        """Mark the job as delivered in this message (None: there was nowhere to post it), and delete its pictures."""
        ttl_ms = DELIVERED_JOB_TTL_SECONDS * 1000
        with raise_queue_unavailable():
            # asked before it is delivered: afterwards an operator may retry it, and move its picture to another job
            is_dead_letter = self._pictures.is_external and await self._redis.exists(
                self._names.dead_letter_key(entry.job_id)
            )
            await self._delivery_script.run(
                "mark_delivered", entry.job_id, CONSUMER_GROUP, entry.entry_id, message_id or "", ttl_ms
            )
        self._in_flight.discard(entry.entry_id)
        if self._pictures.is_external and not is_dead_letter:
            self._pictures.delete_later(entry.job_id)

    async def _read_stream(self, after: str, block_ms: int | None) -> tuple[list[OutcomeEntry], str | None]:
        """Read a page of the stream; return its new entries, and the id of its last entry, None if it is empty."""
        stream = self._names.outcome_stream
        rows = await read_stream(self._redis, stream, after, count=OUTCOME_BATCH_SIZE, block_ms=block_ms)
        if not rows:
            return [], None
        last_entry_id = rows[-1][0].decode()
        self._last_entry_id = max(self._last_entry_id, last_entry_id, key=_parse_entry_id)
        entries = [entry for entry_id, fields in rows if fields and (entry := self._read_entry(entry_id, fields))]
        new = [entry for entry in entries if entry.entry_id not in self._in_flight]
        self._in_flight.update(entry.entry_id for entry in new)
        return new, last_entry_id

    def _read_entry(self, entry_id: bytes, fields: Mapping[bytes, bytes]) -> OutcomeEntry | None:
        """Read an entry; None if it names no job. It is then left to a release that can read it."""
        try:
            return OutcomeEntry(entry_id.decode(), fields[b"job_id"].decode())
        except (KeyError, ValueError) as error:
            self._unreadable_rows.report(f"entry {entry_id!r} of the outcome stream", error)
            return None


def _parse_entry_id(entry_id: str) -> tuple[int, int]:
    milliseconds, _, number = entry_id.partition("-")
    return int(milliseconds), int(number)
