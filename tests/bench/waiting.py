"""Jobs that wait in the real ledger, many at once: what the queue's benchmarks stand on."""

import asyncio
import time
from collections.abc import Iterable
from typing import Any

import redis
from redis.asyncio import Redis

from bot.adapters.redis import RedisQueue
from shared.catalogue import load_catalogue
from shared.job import Job, Place, Requester
from shared.prompts import TextPrompt
from shared.queue.names import PREFIX
from shared.queue.scripts import script, stage_with_picture
from shared.request import Request

CATALOGUE = load_catalogue()
MODEL = "sd3.5-large"
RUNNING_LIMIT, NO_LIMIT = 2, 1_000_000
PIPELINE = 500


def job(number: int, user: int, *, has_picture: bool = False) -> Job:
    """A request of ordinary length, asked by one of many."""
    prompt = TextPrompt(text=f"a castle in fog above a lake at dawn, painted in oil, wide brush, number {number}")
    return Job(
        id=str(1_300_000_000_000_000_000 + number),
        request=Request(model=MODEL, text_prompts=(prompt,), has_picture=has_picture),
        seed=number,
        requester=Requester(id=user, name="Ada"),
        place=Place(guild=1, channel=2 + user % 50, message=number),
        accepted_at=time.time(),
    )


class Queueing(RedisQueue):
    """The bot's side of the queue, its scripts sent in bulk."""

    def __init__(self, client: redis.Redis) -> None:
        super().__init__(
            Redis(),
            catalogue=CATALOGUE,
            ticket=no_ticket,
            max_waiting=NO_LIMIT,
            max_running=RUNNING_LIMIT,
        )
        self._loaded = client.script_load(script("accept"))
        self.pipeline = client.pipeline(transaction=False)

    async def _run(self, name: str, *arguments: Any, picture: bytes | None = None) -> Any:
        if picture:
            stage_with_picture(self.pipeline, self._loaded, arguments, picture)
        else:
            self.pipeline.evalsha(self._loaded, 1, PREFIX, *arguments)
        if len(self.pipeline) >= PIPELINE:
            self.pipeline.execute()
        return [b"accepted"]


def no_ticket(lane: str) -> str:
    """Leave the workers asleep."""
    del lane
    return ""


def queue_all(client: redis.Redis, jobs: Iterable[Job], picture: bytes = b"") -> None:
    """Let these jobs wait, as the bot's accept does: with a picture they wait to be prepared."""

    async def accept() -> None:
        queueing = Queueing(client)
        for one in jobs:
            await queueing.accept(one, picture or None)
        queueing.pipeline.execute()

    asyncio.run(accept())
