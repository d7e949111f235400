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

from shared.queue.names import PREFIX

log = logging.getLogger(__name__)

LEAD: Final = PREFIX + "lead"
LEASE_SECONDS: Final = 3.0
STEP_SECONDS: Final = 0.75

WAITS: Final = (
    "another bot leads, or one that was killed did until %g s ago; this one answers commands and takes over when that "
    "one is gone: run one bot on one token"
)

# Take the lease, or renew it. Answers 1 when it is ours.
_TAKE: Final = """
if redis.call('SET', KEYS[1], ARGV[1], 'NX', 'PX', ARGV[2]) then return 1 end
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('PEXPIRE', KEYS[1], ARGV[2])
"""
_GIVE_BACK: Final = "return redis.call('GET', KEYS[1]) == ARGV[1] and redis.call('DEL', KEYS[1]) or 0"


class Lead:
    """A lease of `lease` seconds, renewed every `step` seconds; a bot that was killed is followed when it has ended.

    While Redis does not answer, nobody can take the lead, and whoever has it keeps it.
    """

    def __init__(self, redis: Redis, *, lease: float = LEASE_SECONDS, step: float = STEP_SECONDS) -> None:
        self._take = redis.register_script(_TAKE)
        self._give_back = redis.register_script(_GIVE_BACK)
        self._name = secrets.token_hex(8)
        self._lease = lease
        self._step = step
        self._ours: bool | None = None
        self._held = asyncio.Event()
        self._lost = asyncio.Event()

    async def run(self) -> None:
        """Take the lead when it is free, and keep it, until cancelled."""
        while True:
            try:
                async with asyncio.timeout(self._lease):
                    answer = await self._take(keys=[LEAD], args=[self._name, int(self._lease * 1000)])
            except (RedisError, OSError) as error:
                log.warning("Redis does not say who leads; asked again (%r)", error)
            else:
                if self._ours and not answer:
                    log.warning("another bot leads now: this one was not heard of for %g s", self._lease)
                self._turn(ours=bool(answer))
            await asyncio.sleep(self._step)

    async def close(self) -> None:
        """Give the lead back, so that the next bot need not wait for the lease to end."""
        self._turn(ours=False)
        try:
            async with asyncio.timeout(self._step):
                await self._give_back(keys=[LEAD], args=[self._name])
        except (RedisError, OSError) as error:
            log.info("the lead was not given back; it ends within %g s (%r)", self._lease, error)

    async def during(self, work: Callable[[], Awaitable[None]]) -> None:
        """Do this work while the lead is ours: cancelled when it is lost, begun anew when it is ours again."""
        while True:
            await self._held.wait()
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

    def _turn(self, *, ours: bool) -> None:
        if ours == self._ours:
            return
        self._ours, before = ours, self._ours
        if ours:
            log.info("this bot leads: it delivers what is finished")
            self._lost.clear()
            self._held.set()
            return
        self._held.clear()
        self._lost.set()
        if before is None:
            log.warning(WAITS, self._lease)
