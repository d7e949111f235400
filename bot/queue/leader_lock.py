"""Which bot delivers, where two run on one token and one Redis by mistake: the one that holds a lease in Redis.

Both answer commands, each of which is one job whoever takes it on. What speaks by itself is done by the one that leads.
"""

import asyncio
import logging
import secrets
from collections.abc import Awaitable, Callable
from typing import Final

from redis.asyncio import Redis
from redis.exceptions import RedisError

from shared.queue.keys import KEY_PREFIX

log = logging.getLogger(__name__)

LEADER_KEY: Final = KEY_PREFIX + "lead"
LEASE_SECONDS: Final = 3.0
RENEW_INTERVAL_SECONDS: Final = 0.75

NOT_LEADER_MESSAGE: Final = (
    "another bot leads, or one that was killed did until %g s ago; this one answers commands and takes over when that "
    "one is gone: run one bot on one token"
)

# Take the lease, or renew it. Answers 1 when it is ours.
_ACQUIRE_SCRIPT: Final = """
if redis.call('SET', KEYS[1], ARGV[1], 'NX', 'PX', ARGV[2]) then return 1 end
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('PEXPIRE', KEYS[1], ARGV[2])
"""
_RELEASE_SCRIPT: Final = "return redis.call('GET', KEYS[1]) == ARGV[1] and redis.call('DEL', KEYS[1]) or 0"


class LeaderLock:
    """A lease of `lease` seconds, renewed every `step` seconds; a bot that was killed is followed when it has ended.

    While Redis does not answer, nobody can take the lead, and whoever has it keeps it.
    """

    def __init__(
        self,
        redis: Redis,
        *,
        lease_seconds: float = LEASE_SECONDS,
        renew_interval_seconds: float = RENEW_INTERVAL_SECONDS,
    ) -> None:
        self._acquire_script = redis.register_script(_ACQUIRE_SCRIPT)
        self._release_script = redis.register_script(_RELEASE_SCRIPT)
        self._token = secrets.token_hex(8)
        self._lease_seconds = lease_seconds
        self._renew_interval_seconds = renew_interval_seconds
        self._is_leader: bool | None = None
        self._leading = asyncio.Event()
        self._lost = asyncio.Event()

    async def run(self) -> None:
        """Take the lead when it is free, and keep it, until cancelled."""
        while True:
            try:
                async with asyncio.timeout(self._lease_seconds):
                    answer = await self._acquire_script(
                        keys=[LEADER_KEY], args=[self._token, int(self._lease_seconds * 1000)]
                    )
            except (RedisError, OSError) as error:
                log.warning("Redis does not say who leads; asked again (%r)", error)
            else:
                if self._is_leader and not answer:
                    log.warning("another bot leads now: this one was not heard of for %g s", self._lease_seconds)
                self._set_leader(is_leader=bool(answer))
            await asyncio.sleep(self._renew_interval_seconds)

    async def close(self) -> None:
        """Give the lead back, so that the next bot need not wait for the lease to end."""
        self._set_leader(is_leader=False)
        try:
            async with asyncio.timeout(self._renew_interval_seconds):
                await self._release_script(keys=[LEADER_KEY], args=[self._token])
        except (RedisError, OSError) as error:
            log.info("the lead was not given back; it ends within %g s (%r)", self._lease_seconds, error)

    async def run_while_leader(self, work: Callable[[], Awaitable[None]]) -> None:
        """Do this work while the lead is ours: cancelled when it is lost, begun anew when it is ours again."""
        while True:
            await self._leading.wait()
            working = asyncio.ensure_future(work())
            lost = asyncio.ensure_future(self._lost.wait())
            try:
                await asyncio.wait({working, lost}, return_when=asyncio.FIRST_COMPLETED)
                if working.done():
                    return working.result()
            finally:
                lost.cancel()
                working.cancel()
                await asyncio.wait({working, lost})

    def _set_leader(self, *, is_leader: bool) -> None:
        if is_leader == self._is_leader:
            return
        self._is_leader, before = is_leader, self._is_leader
        if is_leader:
            log.info("this bot leads: it delivers what is finished")
            self._lost.clear()
            self._leading.set()
            return
        self._leading.clear()
        self._lost.set()
        if before is None:
            log.warning(NOT_LEADER_MESSAGE, self._lease_seconds)
