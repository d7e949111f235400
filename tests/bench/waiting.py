"""Jobs that wait in the real ledger, many at once: what the queue's benchmarks stand on."""

import time
from collections.abc import Iterable

import redis

from shared.job import Job, Place, Requester
from shared.prompts import TextPrompt
from shared.queue.names import PREFIX
from shared.queue.scripts import script
from shared.request import Request

MODEL = "sd3.5-large"
RUNNING_LIMIT, NO_LIMIT = 2, 1_000_000
KEEP_MS = 3_600_000
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


def queue_all(client: redis.Redis, jobs: Iterable[Job], picture: bytes = b"") -> None:
    """Let these jobs wait, as the bot's accept does: with a picture they wait to be prepared."""
    accept = client.script_load(script("accept"))
    pipeline = client.pipeline(transaction=False)
    for one in jobs:
        limits = (1, RUNNING_LIMIT, NO_LIMIT, 0.8, KEEP_MS)
        scopes = (one.flow, 0, 0, f"channel-{one.place.channel}", 0, 0, f"guild-{one.place.guild}", 0, 0)
        facts = (one.id, one.model_dump_json(), one.request.model, one.flow, *limits, picture, 0, *scopes)
        pipeline.evalsha(accept, 1, PREFIX, *facts)
        if len(pipeline) >= PIPELINE:
            pipeline.execute()
    pipeline.execute()
