"""Many jobs in a real queue, for the benchmarks."""

import asyncio
import time
from collections.abc import Iterable
from typing import Any

import redis

from bot.queue.connection import connect_to_redis
from bot.queue.job_queue import RedisJobQueue
from bot.queue.limits import Limits, ScopeLimits
from bot.queue.scripts import ScriptRunner
from shared.catalogue import load_catalogue
from shared.job import Job, Origin, Requester
from shared.pictures.reference import PictureReference
from shared.prompts import TextPrompt
from shared.queue.keys import DEFAULT_KEYS
from shared.queue.scripts import append_script_with_picture, load_script
from shared.request.model import Request
from tests.support.redis_queue import send_no_ticket

CATALOGUE = load_catalogue()
MODEL = "sd3.5-large"
LIMITS = Limits(user=ScopeLimits(max_running=2))
PIPELINE_SIZE = 500


def make_job(number: int, user: int, *, has_picture: bool = False) -> Job:
    """Make a job of ordinary length, of one user among many."""
    prompt = TextPrompt(text=f"a castle in fog above a lake at dawn, painted in oil, wide brush, number {number}")
    return Job(
        id=str(1_300_000_000_000_000_000 + number),
        request=Request(model=MODEL, text_prompts=(prompt,), has_picture=has_picture),
        seed=number,
        requester=Requester(id=user, name="Ada"),
        origin=Origin(guild_id=1, channel_id=2 + user % 50, message_id=number),
        accepted_at=time.time(),
    )


UNUSED_URL = "redis://127.0.0.1:6379/0"
"""The bulk runner sends everything by its own client."""


class BulkScriptRunner(ScriptRunner):
    """Collects calls of accept.lua and sends them in bulk; the replies are made up."""

    def __init__(self, client: redis.Redis) -> None:
        super().__init__(connect_to_redis(UNUSED_URL), "accept")
        client.script_load(load_script("accept"))
        self.pipeline = client.pipeline(transaction=False)

    async def run(self, name: str, *arguments: Any, picture: bytes | PictureReference | None = None) -> Any:
        script = self._scripts[name]
        if picture:
            append_script_with_picture(self.pipeline, DEFAULT_KEYS, script, arguments, picture)
        else:
            self.pipeline.evalsha(script.sha, 1, DEFAULT_KEYS.prefix, *arguments)
        if len(self.pipeline) >= PIPELINE_SIZE:
            self.pipeline.execute()
        return [b"result", b"accepted"]


def enqueue_all(client: redis.Redis, jobs: Iterable[Job], picture: bytes = b"") -> None:
    """Queue these jobs as the bot does; those with a picture have to be prepared first."""

    async def enqueue() -> None:
        queue = RedisJobQueue(
            connect_to_redis(UNUSED_URL), catalogue=CATALOGUE, build_ticket=send_no_ticket, limits=LIMITS
        )
        queue._scripts = runner = BulkScriptRunner(client)
        for job in jobs:
            await queue.enqueue_job(job, picture or None)
        runner.pipeline.execute()

    asyncio.run(enqueue())
