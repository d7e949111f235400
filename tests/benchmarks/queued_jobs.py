"""Jobs that wait in the real ledger, many at once: what the queue's benchmarks stand on."""

import asyncio
import time
from collections.abc import Iterable
from typing import Any

import redis
from redis.asyncio import Redis

from bot.queue.redis_queue import RedisJobQueue
from shared.catalogue import load_catalogue
from shared.job import Job, Origin, Requester
from shared.prompts import TextPrompt
from shared.queue.keys import KEY_PREFIX
from shared.queue.scripts import append_script_with_picture, load_script
from shared.request.model import Request

CATALOGUE = load_catalogue()
MODEL = "sd3.5-large"
RUNNING_LIMIT, NO_LIMIT = 2, 1_000_000
PIPELINE_SIZE = 500


def make_job(number: int, user: int, *, has_picture: bool = False) -> Job:
    """A request of ordinary length, asked by one of many."""
    prompt = TextPrompt(text=f"a castle in fog above a lake at dawn, painted in oil, wide brush, number {number}")
    return Job(
        id=str(1_300_000_000_000_000_000 + number),
        request=Request(model=MODEL, text_prompts=(prompt,), has_picture=has_picture),
        seed=number,
        requester=Requester(id=user, name="Ada"),
        origin=Origin(guild_id=1, channel_id=2 + user % 50, message_id=number),
        accepted_at=time.time(),
    )


class BulkQueue(RedisJobQueue):
    """The bot's side of the queue, its scripts sent in bulk."""

    def __init__(self, client: redis.Redis) -> None:
        super().__init__(
            Redis(),
            catalogue=CATALOGUE,
            build_ticket=send_no_ticket,
            max_waiting=NO_LIMIT,
            max_running=RUNNING_LIMIT,
        )
        self._script_sha = client.script_load(load_script("accept"))
        self.pipeline = client.pipeline(transaction=False)

    async def _run_script(self, name: str, *arguments: Any, image: bytes | None = None) -> Any:
        if image:
            append_script_with_picture(self.pipeline, self._script_sha, arguments, image)
        else:
            self.pipeline.evalsha(self._script_sha, 1, KEY_PREFIX, *arguments)
        if len(self.pipeline) >= PIPELINE_SIZE:
            self.pipeline.execute()
        return [b"accepted"]


def send_no_ticket(stage: str) -> str:
    """Leave the workers asleep."""
    del stage
    return ""


def enqueue_all(client: redis.Redis, jobs: Iterable[Job], picture: bytes = b"") -> None:
    """Let these jobs wait, as the bot's accept does: with a picture they wait to be prepared."""

    async def accept() -> None:
        queueing = BulkQueue(client)
        for one in jobs:
            await queueing.enqueue_job(one, picture or None)
        queueing.pipeline.execute()

    asyncio.run(accept())
