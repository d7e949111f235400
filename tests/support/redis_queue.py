"""Jobs, tickets and leases, as both halves see them over one real Redis."""

import asyncio
import time

from shared.catalogue import Catalogue
from shared.job import Job, Origin, Requester
from shared.outcome import Generated
from shared.prompts import TextPrompt
from shared.queue.stages import Stage
from shared.request.model import Request
from worker.ports import Claim
from worker.queue.job_queue import RedisJobQueue as WorkerJobQueue

GENERATED = Generated(seed=7, media_type="image/png", width=64, height=64, duration_seconds=2.0)


def make_job(
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
        origin=Origin(guild_id=guild, channel_id=channel, message_id=number),
        accepted_at=time.time(),
    )


LEASE_SECONDS = 0.4


async def wait_for_lease_expiry(queue: WorkerJobQueue, catalogue: Catalogue) -> None:
    """Sweep on and on, as workers do, until a lease that nobody renews has ended."""
    for _ in range(6):
        await asyncio.sleep(LEASE_SECONDS / 5)
        queue.sweep(catalogue)


async def renew_beyond_lease(queue: WorkerJobQueue, catalogue: Catalogue) -> None:
    """Make the rounds of a worker for longer than a lease."""
    for _ in range(6):
        await asyncio.sleep(LEASE_SECONDS / 5)
        queue.renew_leases()
        queue.sweep(catalogue)


class RecordedTickets:
    def __init__(self) -> None:
        self.sent: list[str] = []

    def send_from_bot(self, stage: str) -> str:
        self.sent.append(stage)
        return ""

    def send_from_worker(self, stage: str) -> None:
        self.sent.append(str(stage))


def claim_job(queue: WorkerJobQueue, stage: Stage = Stage.GENERATE) -> Claim:
    claim = queue.claim(stage)
    assert claim is not None
    return claim
