"""Which of several bots does the work of one: the one that holds a lease in Redis.

All of them answer commands and deliver outcomes (`bot.queue.delivery_partitions`). Only the leader looks after rounds,
batches, galleries, notices, lost jobs and old data.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from typing import Final

from redis.exceptions import RedisError

from bot.queue.connection import QueueRedis
from bot.tasks import end_tasks, raise_if_cancelled, sleep_until_tick
from shared.outage_log import OutageLog
from shared.queue.connection_errors import describe_redis_error
from shared.queue.refusals import is_read_only

log = logging.getLogger(__name__)

LEASE_SECONDS: Final = 3.0
RENEW_INTERVAL_SECONDS: Final = 1.0
LOOKING_RATIO: Final = 0.75
"""After which part of that interval a bot that does not lead looks whether the lease is free."""
ANSWER_TIMEOUT_SECONDS: Final = 10.0
CANCEL_INTERVAL_SECONDS: Final = 1.0
CANCEL_TIMEOUT_SECONDS: Final = 15.0

NOT_LEADER_MESSAGE: Final = (
    "another bot leads, or one that was killed led until %g s ago; this one answers commands, delivers its share of "
    "the outcomes, and takes over when that one is gone"
)

# KEYS[1]: the leader's key. KEYS[2]: no_such_key, as there is room in a full Redis only when a leader has delivered.
# ARGV[1]: this bot's token. ARGV[2]: length of the lease, in milliseconds. Reply: number, 1 if this bot now leads,
# otherwise 0.
_ACQUIRE_SCRIPT: Final = """
redis.call('DEL', KEYS[2])
if redis.call('SET', KEYS[1], ARGV[1], 'NX', 'PX', ARGV[2]) then return 1 end
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('PEXPIRE', KEYS[1], ARGV[2])
"""

# KEYS[1]: the leader's key. ARGV[1]: this bot's token. Reply: number, 1 if this bot led, otherwise 0.
_RELEASE_SCRIPT: Final = "return redis.call('GET', KEYS[1]) == ARGV[1] and redis.call('DEL', KEYS[1]) or 0"


class LeaderLock:
    """A lease in Redis that one bot holds. If that bot is killed, another one leads when the lease has expired.

    While Redis does not answer, no bot can become the leader, and the one that leads goes on.
    """

    def __init__(
        self,
        redis: QueueRedis,
        token: str,
        *,
        lease_seconds: float = LEASE_SECONDS,
        renew_interval_seconds: float = RENEW_INTERVAL_SECONDS,
    ) -> None:
        self._redis = redis
        self._names = redis.names
        self._acquire_script = redis.register_script(_ACQUIRE_SCRIPT)
        self._release_script = redis.register_script(_RELEASE_SCRIPT)
        self._token = token
        self._lease_seconds = lease_seconds
        self._renew_interval_seconds = renew_interval_seconds
        self._is_leader: bool | None = None
        self._has_asked = False
        self._answered_at = time.monotonic()
        self._outage = OutageLog(log, "Redis accepts the lease of the leader")
        self._leading = asyncio.Event()
        self._lost = asyncio.Event()

    @property
    def is_leader(self) -> bool:
        return bool(self._is_leader)

    def is_answered(self) -> bool:
        """Tell whether Redis has let this bot ask for the lease lately."""
        return time.monotonic() - self._answered_at < ANSWER_TIMEOUT_SECONDS

    async def run(self) -> None:
        """Take the lease when it is free, and renew it, until cancelled."""
        self._has_asked = True
        while True:
            try:
                async with asyncio.timeout(self._lease_seconds):
                    is_leader = bool(
                        await self._acquire_script(
                            keys=[self._names.leader, self._names.no_such_key],
                            args=[self._token, int(self._lease_seconds * 1000)],
                        )
                    )
            except (RedisError, OSError) as error:
                self._outage.report_failure(f"{describe_redis_error(error)} The bot waits")
                if is_read_only(error):  # after a failover, a new connection may lead to the new primary
                    await self._redis.connection_pool.disconnect(inuse_connections=False)
            else:
                self._answered_at = time.monotonic()
                self._outage.report_success()
                if self._is_leader and not is_leader:
                    log.warning("another bot leads now: this one did not renew its lease for %g s", self._lease_seconds)
                self._set_leader(is_leader=is_leader)
            raise_if_cancelled()
            if self._is_leader:
                await sleep_until_tick(self._renew_interval_seconds)
            else:
                await asyncio.sleep(self._renew_interval_seconds * LOOKING_RATIO)

    async def close(self) -> None:
        """Give up the lease, so that the next bot need not wait until it expires."""
        if self._is_leader:
            self._set_leader(is_leader=False)
        if not self._has_asked:
            return
        try:
            async with asyncio.timeout(self._renew_interval_seconds):
                await self._release_script(keys=[self._names.leader], args=[self._token])
        except (RedisError, OSError) as error:
            log.info("the leader's lease was not given up; it expires within %g s (%r)", self._lease_seconds, error)

    async def run_while_leader(self, work: Callable[[], Awaitable[None]]) -> None:
        """Run `work` while this bot leads: it is cancelled when the lease is lost, and called again when it is back."""
        while True:
            await self._leading.wait()
            working = asyncio.ensure_future(work())
            lost = asyncio.ensure_future(self._lost.wait())
            try:
                await asyncio.wait({working, lost}, return_when=asyncio.FIRST_COMPLETED)
                if working.done():
                    return working.result()
            finally:
                await end_tasks(
                    {working, lost}, interval_seconds=CANCEL_INTERVAL_SECONDS, timeout_seconds=CANCEL_TIMEOUT_SECONDS
                )

    def _set_leader(self, *, is_leader: bool) -> None:
        was_leader = self._is_leader
        if is_leader == was_leader:
            return
        self._is_leader = is_leader
        if is_leader:
            log.info("this bot leads: it looks after rounds, batches, notices and lost jobs, too")
            self._lost.clear()
            self._leading.set()
            return
        self._leading.clear()
        self._lost.set()
        if was_leader is None:
            log.info(NOT_LEADER_MESSAGE, self._lease_seconds)
