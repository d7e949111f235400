"""The stream of outcomes, read by the bot that leads."""

import time
from collections.abc import Mapping, Sequence
from typing import Any, Final

from redis.exceptions import RedisError, ResponseError

from bot.domain.status import OutcomeEntry
from bot.queue.connection import QueueRedis, raise_queue_unavailable
from bot.queue.scripts import ScriptRunner
from bot.queue.status import RedisJobStatusReader
from shared.catalogue import Catalogue
from shared.queue.keys import CONSUMER_GROUP, CONSUMER_NAME

OUTCOME_BATCH_SIZE: Final = 32
OUTCOME_BLOCK_SECONDS: Final = 2.0
"""How long Redis holds a read of an empty stream."""

PENDING_RECHECK_SECONDS: Final = 10.0
"""How often entries are looked for that were read but not acknowledged, such as by a bot that has ended since."""

DELIVERED_JOB_TTL_SECONDS: Final = 7 * 86400
"""How long a delivered job is remembered: a repeated interaction is then still the same job."""

# KEYS[1]: the stream. KEYS[2]: no_such_key, as there is room in a full Redis only when outcomes have been delivered.
# ARGV[1]: the consumer group.
_CREATE_GROUP_SCRIPT: Final = """
redis.call('DEL', KEYS[2])
return redis.call('XGROUP', 'CREATE', KEYS[1], ARGV[1], '0', 'MKSTREAM')
"""


class RedisOutcomeStream(RedisJobStatusReader):
    """Reads outcomes and acknowledges those that were delivered.

    Its own methods raise `QueueUnavailableError`.
    """

    def __init__(self, redis: QueueRedis, catalogue: Catalogue) -> None:
        super().__init__(redis, catalogue)
        self._delivery_script = ScriptRunner(redis, "mark_delivered")
        self._create_group_script = redis.register_script(_CREATE_GROUP_SCRIPT)
        self._pending_cursor: str | None = "0"
        self._pending_read_at = 0.0
        self._in_flight: set[str] = set()

    async def start(self) -> None:
        """Begin with the entries that were read before and never acknowledged."""
        self._pending_cursor = "0"
        self._in_flight.clear()
        with raise_queue_unavailable():
            await self._create_consumer_group()

    async def read_outcomes(self) -> Sequence[OutcomeEntry]:
        """Wait a few seconds at most for outcomes that nobody has acknowledged yet, oldest first.

        Each is returned once. After a start, those that were read before and never acknowledged come first. Raises
        `QueueUnavailableError`.
        """
        with raise_queue_unavailable():
            return await self._read_next_outcomes()

    async def _read_next_outcomes(self) -> Sequence[OutcomeEntry]:
        if time.monotonic() - self._pending_read_at > PENDING_RECHECK_SECONDS:
            self._pending_cursor = "0"
        while self._pending_cursor is not None:
            entries, self._pending_cursor = await self._read_stream(self._pending_cursor, block=None)
            self._pending_read_at = time.monotonic()
            new = [entry for entry in entries if entry.entry_id not in self._in_flight]
            if new:
                return self._mark_in_flight(new)
        try:
            entries, _ = await self._read_stream(">", block=int(OUTCOME_BLOCK_SECONDS * 1000))
            return self._mark_in_flight(entries)
        except RedisError:
            self._pending_cursor = "0"  # if the reply was lost, Redis counts its entries as read by this bot
            raise

    async def load_result_image(self, job_id: str) -> bytes | None:
        """Load the generated picture; None once it has been delivered or has expired."""
        with raise_queue_unavailable():
            return await self._load_image(self._names.result_key(job_id))

    async def acknowledge_outcome(self, entry: OutcomeEntry, message_id: int | None) -> None:
        """Mark the job as delivered in this message (None: there was nowhere to post it), and delete its pictures."""
        ttl_ms = DELIVERED_JOB_TTL_SECONDS * 1000
        with raise_queue_unavailable():
            await self._delivery_script.run(
                "mark_delivered", entry.job_id, CONSUMER_GROUP, entry.entry_id, message_id or "", ttl_ms
            )
        self._in_flight.discard(entry.entry_id)

    def _mark_in_flight(self, entries: list[OutcomeEntry]) -> list[OutcomeEntry]:
        self._in_flight.update(entry.entry_id for entry in entries)
        return entries

    async def _read_stream(self, after: str, block: int | None) -> tuple[list[OutcomeEntry], str | None]:
        """Read a page of the stream; return its readable entries and the id of its last entry, None if it is empty."""
        try:
            reply: Any = await self._redis.xreadgroup(
                CONSUMER_GROUP,
                CONSUMER_NAME,
                {self._names.outcome_stream: after},
                count=OUTCOME_BATCH_SIZE,
                block=block,
            )
        except ResponseError as error:
            if "NOGROUP" not in str(error):
                raise
            await self._create_consumer_group()
            return [], None
        streams = reply.values() if isinstance(reply, dict) else (entries for _, entries in reply or [])
        rows = [row for entries in streams for row in _flatten_entries(entries)]
        entries = [entry for entry_id, fields in rows if fields and (entry := self._read_entry(entry_id, fields))]
        return entries, rows[-1][0].decode() if rows else None

    def _read_entry(self, entry_id: bytes, fields: Mapping[bytes, bytes]) -> OutcomeEntry | None:
        """Read an entry; None if it names no job. It is then left to a release that can read it."""
        try:
            return OutcomeEntry(entry_id.decode(), fields[b"job_id"].decode())
        except (KeyError, ValueError) as error:
            self._unreadable_rows.report(f"entry {entry_id!r} of the outcome stream", error)
            return None

    async def _create_consumer_group(self) -> None:
        """Create the stream and its consumer group unless they exist."""
        try:
            await self._create_group_script(
                keys=[self._names.outcome_stream, self._names.no_such_key], args=[CONSUMER_GROUP]
            )
        except ResponseError as error:
            if "BUSYGROUP" not in str(error):
                raise


def _flatten_entries(entries: Any) -> list[Any]:
    """Flatten the entries of RESP3, which nests them once more than RESP2."""
    return entries[0] if entries and isinstance(entries[0], list) else entries
