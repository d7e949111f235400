"""Jobs, tickets and leases for tests of the bot's and the worker's queue on one real Redis."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import redis

from bot.queue.connection import connect_to_redis as connect_bot
from bot.queue.job_queue import RedisJobQueue as BotJobQueue
from bot.queue.limits import Limits, ScopeLimits
from shared.catalogue import Catalogue
from shared.job import BatchRef, Job, Origin, Priority, Requester, TeamRef
from shared.outcome import Failed, Generated
from shared.problems import make_problem
from shared.prompts import TextPrompt
from shared.queue.keys import DEFAULT_KEYS, KeyNames
from shared.queue.scripts import load_script
from shared.queue.stages import Stage
from shared.request.model import Request
from worker.ports import Claim, JobQueue
from worker.queue.job_queue import RedisJobQueue as WorkerJobQueue

GENERATED = Generated(seed=7, media_type="image/png", width=64, height=64, duration_seconds=2.0)
LEASE_SECONDS = 0.4


def make_job(
    number: int,
    user: int = 1,
    *,
    channel: int = 2,
    guild: int = 1,
    model: str = "sd3.5-large",
    has_picture: bool = False,
    team: TeamRef | None = None,
    batch: str | None = None,
    priority: Priority = Priority.NORMAL,
) -> Job:
    return Job(
        id=str(number),
        request=Request(model=model, text_prompts=(TextPrompt(text="a castle"),), has_picture=has_picture),
        seed=7,
        requester=Requester(id=user, name="Ada"),
        origin=Origin(guild_id=guild, channel_id=channel, message_id=number),
        accepted_at=time.time(),
        team=team,
        batch=BatchRef(batch_id=batch, item_number=number) if batch else None,
        priority=priority,
    )


def confirm_epoch(client: redis.Redis, number: int = 1, names: KeyNames = DEFAULT_KEYS) -> None:
    """Let workers start calls, as the bot does after Redis has started."""
    client.eval(load_script("epoch"), 1, names.prefix, number)


class RecordedTickets:
    """Records the stages for which tickets are sent, and sends none."""

    def __init__(self) -> None:
        self.sent: list[str] = []

    def send_from_bot(self, stage: str) -> str:
        self.sent.append(str(stage))
        return ""

    def send_from_worker(self, stage: str) -> None:
        self.sent.append(str(stage))


def send_no_ticket(stage: str) -> str:
    del stage
    return ""


@asynccontextmanager
async def open_bot_queue(redis_url: str, catalogue: Catalogue, **limits: ScopeLimits) -> AsyncIterator[BotJobQueue]:
    """Open a queue that sends no tickets, with the limits of `user`, `batch`, `channel` or `guild`."""
    queue = BotJobQueue(
        connect_bot(redis_url), catalogue=catalogue, build_ticket=send_no_ticket, limits=Limits(**limits)
    )
    try:
        yield queue
    finally:
        await queue.close()


def claim_job(queue: JobQueue, stage: Stage = Stage.GENERATE) -> Claim:
    """Claim a job; there has to be one."""
    claim = queue.claim(stage)
    assert claim is not None
    return claim


def set_job_aside(queue: WorkerJobQueue, claim: Claim) -> None:
    """Let a claimed job fail and become a dead letter, as one that this release cannot read."""
    outcome = Failed(problem=make_problem("unreadable")).model_dump_json()
    queue._scripts.run("set_aside", claim.stage, claim.job.id, claim.token, outcome, 60_000)


async def wait_for_lease_expiry(queue: WorkerJobQueue, catalogue: Catalogue) -> None:
    """Sweep as workers do, without renewing, until a lease has expired."""
    for _ in range(6):
        await asyncio.sleep(LEASE_SECONDS / 5)
        queue.sweep(catalogue)


async def renew_beyond_lease(queue: WorkerJobQueue, catalogue: Catalogue) -> None:
    """Renew and sweep as a worker does, for longer than a lease."""
    for _ in range(6):
        await asyncio.sleep(LEASE_SECONDS / 5)
        queue.renew_leases()
        queue.sweep(catalogue)
