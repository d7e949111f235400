"""Which outcomes each of several bots delivers: those of the partitions that it holds in Redis.

Each bot registers for a few seconds at a time, and a partition belongs to its bot for as long. A bot that starts gets
its share once those that deliver for it have let go; that of a bot that was killed is free when its registration has
expired. A bot of a release that delivered alone is recognised by its token as the leader: the others wait.
"""

import asyncio
import logging
import secrets
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager, suppress
from typing import Final

from redis.exceptions import RedisError

from bot.domain.errors import PartitionLostError
from bot.domain.partitions import Tenure, choose_partitions, find_partition, reschedule
from bot.queue.connection import QueueRedis
from bot.queue.scripts import ScriptRunner
from bot.tasks import raise_if_cancelled, sleep_until_tick
from shared.outage_log import OutageLog
from shared.queue.connection_errors import describe_redis_error
from shared.queue.replies import ScriptReply

log = logging.getLogger(__name__)

LEASE_SECONDS: Final = 3.0
RENEW_INTERVAL_SECONDS: Final = 1.0
EXPECTING_INTERVAL_SECONDS: Final = 0.25
"""How often a bot looks while it expects partitions of others, or is about to hand some over."""

BOT_TOKEN_PREFIX: Final = "bot-"  # noqa: S105 - no secret
"""The beginning of the tokens of bots that divide the delivery among them."""


def make_bot_token() -> str:
    """Make the token of a bot, by which the others know that it divides the delivery."""
    return BOT_TOKEN_PREFIX + secrets.token_hex(8)


class RenewReply(ScriptReply):
    """Reply of renew_partitions.lua. `now` is in milliseconds of Redis's clock."""

    now: int
    was_registered: bool
    is_led_by_earlier: bool
    tokens: frozenset[str]
    own: frozenset[int]
    others: frozenset[int]
    is_confirmed: bool


class DeliveryPartitions:
    """The partitions of this bot, which has this `token`.

    While Redis does not answer, a bot that was alone goes on; one of several lets go when its registration may have
    expired, as another one takes its partitions then.
    """

    def __init__(
        self,
        redis: QueueRedis,
        token: str,
        *,
        lease_seconds: float = LEASE_SECONDS,
        renew_interval_seconds: float = RENEW_INTERVAL_SECONDS,
    ) -> None:
        self._scripts = ScriptRunner(redis, "renew_partitions", "leave_partitions")
        self._token = token
        self._lease_seconds = lease_seconds
        self._renew_interval_seconds = renew_interval_seconds
        self._tenures: dict[int, Tenure] = {}
        self._wanted: frozenset[int] = frozenset()
        self._tokens: frozenset[str] = frozenset()
        self._deadline: float | None = None
        self._renewed_at = float("-inf")
        self._settled_at = float("-inf")
        self._has_some = asyncio.Event()
        self._epoch_lost = asyncio.Event()
        self._outage = OutageLog(log, "Redis accepts the registration of this bot")

    @property
    def tenures(self) -> Mapping[int, Tenure]:
        """The tenures of the partitions that this bot delivers, by partition."""
        return {} if self._is_expired() else {p: t for p, t in self._tenures.items() if not t.ended.is_set()}

    def has_others(self) -> bool:
        """Tell whether other bots run, as far as this one knows."""
        return len(self._tokens) > 1

    def find_tenure(self, key: int) -> Tenure | None:
        """Find the tenure of the partition of a key; None if another bot delivers it."""
        tenure = self._tenures.get(find_partition(key))
        return None if tenure is None or tenure.ended.is_set() or self._is_expired() else tenure

    async def wait_for_partitions(self) -> None:
        """Wait until this bot has a partition."""
        await self._has_some.wait()

    async def wait_for_lost_epoch(self, timeout_seconds: float) -> None:
        """Wait until a renewal finds that no call may start, as Redis has lost data, or the timeout is over."""
        self._epoch_lost.clear()
        with suppress(TimeoutError):
            async with asyncio.timeout(timeout_seconds):
                await self._epoch_lost.wait()

    @asynccontextmanager
    async def hold(self, tenure: Tenure) -> AsyncIterator[None]:
        """Keep a partition until the block ends. Raises `PartitionLostError` if it is another bot's, or becomes so."""
        if tenure.ended.is_set() or self._is_expired():
            raise PartitionLostError(f"another bot delivers partition {tenure.partition}")
        scope = asyncio.timeout_at(self._deadline)
        try:
            async with scope:
                tenure.scopes.add(scope)
                yield
        except TimeoutError as error:
            if scope.expired():
                raise PartitionLostError(f"another bot may deliver partition {tenure.partition}") from error
            raise
        finally:
            tenure.scopes.discard(scope)

    async def run(self) -> None:
        """Register, and take and hand over partitions, until cancelled."""
        while True:
            try:
                async with asyncio.timeout(self._lease_seconds):
                    await self._update()
            except (RedisError, OSError) as error:
                self._outage.report_failure(f"{describe_redis_error(error)} The bot waits")
            else:
                self._outage.report_success()
            raise_if_cancelled()
            is_settled = self._tenures.keys() == self._wanted
            await sleep_until_tick(self._renew_interval_seconds if is_settled else EXPECTING_INTERVAL_SECONDS)

    async def close(self) -> None:
        """Give all partitions up, so that the other bots need not wait until the registration expires."""
        for tenure in self._tenures.values():
            tenure.end_now()
        self._tenures.clear()
        if self._renewed_at == float("-inf"):
            return
        try:
            async with asyncio.timeout(self._renew_interval_seconds):
                await self._scripts.run("leave_partitions", self._token)
        except (RedisError, OSError) as error:
            log.info("the partitions were not given up; they expire within %g s (%r)", self._lease_seconds, error)

    async def _update(self) -> None:
        """Renew the registration, hand over the partitions of other bots, and take those of this one."""
        if self._is_expired():
            self._end_tenures(self._tenures.keys())
        is_recent = asyncio.get_running_loop().time() - self._renewed_at < self._lease_seconds
        reply = await self._renew(taken=self.tenures if is_recent else ())  # again, if Redis has lost its data
        wanted = frozenset() if reply.is_led_by_earlier else choose_partitions(self._token, reply.tokens)
        self._wanted = wanted
        for partition in self._tenures.keys() - wanted:
            self._tenures[partition].ended.set()
        released = reply.own - {p for p, tenure in self._tenures.items() if p in wanted or tenure.scopes}
        released -= wanted
        free = wanted - reply.own - reply.others
        if asyncio.get_running_loop().time() < self._settled_at:
            free = frozenset()
        if released or free:
            for partition in released:
                self._tenures.pop(partition, None)
            await self._renew(released, free)
        if self._tenures:
            self._has_some.set()
        else:
            self._has_some.clear()

    async def _renew(self, released: Iterable[int] = (), taken: Iterable[int] = ()) -> RenewReply:
        """Renew the registration, and follow its reply about the partitions."""
        loop, released = asyncio.get_running_loop(), list(released)
        sent_at = loop.time()
        lease_ms = int(self._lease_seconds * 1000)
        arguments: list[str | int] = [self._token, lease_ms, BOT_TOKEN_PREFIX, len(released), *released, *taken]
        reply = RenewReply.parse(await self._scripts.run("renew_partitions", *arguments))
        if not reply.was_registered and sent_at - self._renewed_at < self._lease_seconds:
            # Redis has lost its data, or its clock was set forward: the others are about to register again
            self._settled_at = sent_at + self._lease_seconds
        self._renewed_at = sent_at
        if not reply.is_confirmed:
            self._epoch_lost.set()
        if reply.is_led_by_earlier and self._tenures:
            log.warning(
                "a bot of an earlier release leads and delivers all outcomes: this one waits until it has ended"
            )
        self._end_tenures(self._tenures.keys() - ({} if reply.is_led_by_earlier else reply.own))
        if not reply.is_led_by_earlier:
            for partition in reply.own - self._tenures.keys():
                self._tenures[partition] = Tenure(partition, reply.now / 1000)
        self._report_bots(reply.tokens)
        self._deadline = sent_at + self._lease_seconds if len(reply.tokens) > 1 else None
        for tenure in self._tenures.values():
            for scope in tenure.scopes:
                reschedule(scope, self._deadline)
        return reply

    def _report_bots(self, tokens: frozenset[str]) -> None:
        if len(tokens) != len(self._tokens) and max(len(tokens), len(self._tokens)) > 1:
            log.info("%d bots deliver outcomes, each those of its threads", len(tokens))
        self._tokens = tokens

    def _end_tenures(self, partitions: Iterable[int]) -> None:
        for partition in list(partitions):
            self._tenures.pop(partition).end_now()

    def _is_expired(self) -> bool:
        return self._deadline is not None and asyncio.get_running_loop().time() >= self._deadline
