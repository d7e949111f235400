"""Jobs, tickets and leases, as both halves see them over one real Redis."""

import asyncio
import time

import worker.adapters.redis as worker_side
from shared.catalogue import Catalogue
from shared.job import Job, Place, Requester
from shared.outcome import Generated
from shared.prompts import TextPrompt
from shared.request import Request
from worker.ports import Claim, Lane

MADE = Generated(seed=7, media_type="image/png", width=64, height=64, seconds=2.0)


def job(
    number: int,
    user: int = 1,
    *,
    channel: int = 2,
    guild: int = 1,
    model: str = "sd3.5-large",
    has_picture: bool = False,
) -> Job:
    return Job(
        id=str(number),
        request=Request(model=model, text_prompts=(TextPrompt(text="a castle"),), has_picture=has_picture),
        seed=7,
        requester=Requester(id=user, name="Ada"),
        place=Place(guild=guild, channel=channel, message=number),
        accepted_at=time.time(),
    )


LEASE = 0.4


async def let_the_lease_expire(queue: worker_side.RedisQueue, catalogue: Catalogue) -> None:
    """Sweep on and on, as workers do, until a lease that nobody renews has ended."""
    for _ in range(6):
        await asyncio.sleep(LEASE / 5)
        queue.sweep(catalogue)


async def renew_for_a_while(queue: worker_side.RedisQueue, catalogue: Catalogue) -> None:
    """Make the rounds of a worker for longer than a lease."""
    for _ in range(6):
        await asyncio.sleep(LEASE / 5)
        queue.renew()
        queue.sweep(catalogue)


class Tickets:
    def __init__(self) -> None:
        self.sent: list[str] = []

    def from_bot(self, lane: str) -> str:
        self.sent.append(lane)
        return ""

    def from_worker(self, lane: str) -> None:
        self.sent.append(str(lane))


def claimed(queue: worker_side.RedisQueue, lane: Lane = Lane.GENERATE) -> Claim:
    claim = queue.claim(lane)
    assert claim is not None
    return claim
