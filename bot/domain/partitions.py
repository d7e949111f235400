"""How the delivery of outcomes is divided among the bots that run: in partitions.

Outcomes of one thread have one key, and a key belongs to one partition for ever, whatever bots run. Which bot a
partition falls to follows from the tokens of the bots alone (rendezvous hashing), so that all of them agree, and a bot
that starts or ends moves its own share only.
"""

import asyncio
import hashlib
import zlib
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

from shared.job import Job

PARTITION_COUNT: Final = 64


def get_order_key(job: Job | None) -> int:
    """Return the key that outcomes share which are delivered one after the other; 0 if their job is unknown."""
    if job is None:
        return 0
    if job.entry is not None:
        return job.requester.id
    return job.origin.channel_id if job.origin.is_in_thread else job.origin.message_id


def find_partition(key: int) -> int:
    """Find the partition of a key, the same in every process and release."""
    return zlib.crc32(str(key).encode()) % PARTITION_COUNT


@lru_cache(16)
def choose_partitions(token: str, tokens: frozenset[str]) -> frozenset[int]:
    """Choose the partitions of one of several bots."""
    return frozenset(
        partition
        for partition in range(PARTITION_COUNT)
        if max(tokens, key=lambda one: hashlib.sha256(f"{partition}/{one}".encode()).digest()) == token
    )


@dataclass(eq=False)
class Tenure:
    """The time for which a bot has a partition. `since` is a time of Redis's clock, in Unix seconds.

    Once it has `ended`, no work of the partition is begun. `scopes` are those of its running work.
    """

    partition: int
    since: float
    ended: asyncio.Event = field(default_factory=asyncio.Event)
    scopes: set[asyncio.Timeout] = field(default_factory=set)

    def end_now(self) -> None:
        """End it, and interrupt its running work."""
        self.ended.set()
        for scope in self.scopes:
            reschedule(scope, asyncio.get_running_loop().time())


def reschedule(scope: asyncio.Timeout, when: float | None) -> None:
    """Move a timeout, unless it is over."""
    if not scope.expired():
        scope.reschedule(when)
