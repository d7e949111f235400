"""Moving all keys in Redis to another prefix, while neither a bot nor a worker uses them."""

from collections.abc import AsyncIterator
from typing import Any, Final, cast

from bot.queue.connection import QueueRedis, raise_queue_unavailable
from shared.errors import PentimentoError
from shared.queue.keys import KeyNames
from shared.queue.stages import Stage

BATCH_SIZE: Final = 500
SWEEP_PAUSE_MS: Final = 10_000
"""Workers sweep every second: after a pause as long as this, none runs."""


class KeysInUseError(PentimentoError):
    """The keys cannot be moved now; the message says why and what to do."""


class KeyMover:
    """Moves keys from one prefix to another on one server."""

    def __init__(self, redis: QueueRedis, source: KeyNames, target: KeyNames) -> None:
        self._redis = redis
        self._source = source
        self._target = target

    async def move_keys(self) -> int:
        """Move all keys and return their number.

        Raises `KeysInUseError`, and nothing is moved then, and `QueueUnavailableError`.

        Each key is renamed by itself, with its time to live. If the process is killed meanwhile, moving again moves the
        others.
        """
        with raise_queue_unavailable():
            for names in (self._source, self._target):
                await self._require_rest(names)
            await self._require_room()
            return await self._rename_all()

    async def _rename_all(self) -> int:
        count = 0
        async for batch in self._scan_names():
            pipeline = self._redis.pipeline(transaction=False)
            for name in batch:
                pipeline.renamenx(name, self._rename(name))
            count += sum(cast("list[int]", await pipeline.execute()))
        return count

    async def _require_rest(self, names: KeyNames) -> None:
        """Require that no bot leads behind this prefix, and that no worker holds a lease or has swept lately."""
        if await self._redis.exists(names.leader):
            raise KeysInUseError(f"A bot uses the keys behind {names.prefix} now. Stop all bots and workers first.")
        now_ms = await self._read_queue_clock(names)
        swept_at = cast("bytes | None", await self._redis.hget(names.sweep, "last_at"))
        if swept_at is not None and now_ms - float(swept_at) < SWEEP_PAUSE_MS:
            raise KeysInUseError(
                f"A worker used the keys behind {names.prefix} less than {SWEEP_PAUSE_MS // 1000} s ago. Stop all bots "
                "and workers, and try again then."
            )
        for stage in Stage:
            leases = await self._redis.zcount(names.leases_key(stage), now_ms, "+inf")
            if leases:
                raise KeysInUseError(
                    f"Workers hold {leases} jobs behind {names.prefix}. If they were killed, try again when "
                    "LEASE_SECONDS are over; otherwise stop them."
                )

    async def _read_queue_clock(self, names: KeyNames) -> float:
        """Read the time in milliseconds by the queue's own clock: see `get_time` in lua/lib.lua."""
        seconds, microseconds = await self._redis.time()
        offset = cast("bytes | None", await self._redis.get(names.clock_offset))
        return seconds * 1000 + microseconds / 1000 + float(offset or 0)

    async def _require_room(self) -> None:
        """Require that no key exists under its old name and its new one."""
        async for batch in self._scan_names():
            pipeline = self._redis.pipeline(transaction=False)
            for name in batch:
                pipeline.exists(self._rename(name))
            for name, is_there in zip(batch, cast("list[int]", await pipeline.execute()), strict=True):
                if is_there:
                    raise KeysInUseError(
                        f"{self._rename(name)} exists already, beside {name}: bots or workers have used both prefixes. "
                        "Delete the keys of the one that is not needed, or name another prefix."
                    )

    async def _scan_names(self) -> AsyncIterator[list[str]]:
        """Scan the names behind the old prefix in batches. Those that are renamed meanwhile may be among them."""
        batch: list[str] = []
        names: Any = self._redis.scan_iter(f"{self._source.prefix}*", count=BATCH_SIZE)
        async for name in names:
            batch.append(name.decode())
            if len(batch) == BATCH_SIZE:
                yield batch
                batch = []
        if batch:
            yield batch

    def _rename(self, name: str) -> str:
        return self._target.prefix + name.removeprefix(self._source.prefix)
