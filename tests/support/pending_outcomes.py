"""Outcomes that wait for a bot: enqueued by the bot's queue and finished by the worker's, without either process."""

import io
import json
import time
import urllib.request
from typing import Any

from PIL import Image

from bot.queue.connection import connect_to_redis
from bot.queue.job_queue import RedisJobQueue
from bot.queue.limits import Limits, ScopeLimits
from demo.http_client import request_json
from demo.stack import Stack
from shared.catalogue import load_catalogue
from shared.job import Job, Origin, Requester
from shared.outcome import Failed, Generated
from shared.problems import make_problem
from shared.prompts import TextPrompt
from shared.queue.stages import Stage
from shared.request.model import Request
from tests.support.redis_queue import confirm_epoch
from worker.queue.connection import connect_to_redis as connect_worker
from worker.queue.job_queue import RedisJobQueue as WorkerQueue

DISCORD_EPOCH = 1_420_070_400  # https://discord.com/developers/docs/reference#snowflakes


def open_threads(stack: Stack, count: int) -> list[int]:
    """Open threads in the stack's channel with the bot's token."""
    return [
        int(_post_as_bot(stack, f"channels/{stack.channel_id}/threads", name=f"n{n}", type=11)["id"])
        for n in range(count)
    ]


async def put_pending_outcomes(stack: Stack, threads: list[int], each: int) -> dict[int, list[str]]:
    """Finish `each` jobs per thread, in turn, every fourth with an image. Return each thread's jobs in order."""
    guild, ada = _find_guild_and_user(stack)
    picture = io.BytesIO()
    Image.new("RGB", (64, 64), "teal").save(picture, "PNG")
    statuses = {
        thread: int(_post_as_bot(stack, f"channels/{thread}/messages", content="arrived")["id"]) for thread in threads
    }
    first = int((time.time() - DISCORD_EPOCH) * 1000) << 22
    jobs: dict[int, list[str]] = {thread: [] for thread in threads}
    queue = RedisJobQueue(
        connect_to_redis(stack.redis_url),
        catalogue=load_catalogue(),
        build_ticket=_send_no_ticket,
        limits=Limits(user=ScopeLimits(max_open=10_000, max_running=2)),
    )
    with connect_worker(stack.redis_url) as client:
        confirm_epoch(client)
        worker = WorkerQueue(client, lambda _: None)
        worker.sweep(load_catalogue().models.values())
        for number in range(each * len(threads)):
            thread = threads[number % len(threads)]
            job = Job(
                id=str(first + number),
                request=Request(
                    model="sd3.5-large", text_prompts=(TextPrompt(text=f"number {number}"),), has_picture=False
                ),
                seed=7,
                requester=Requester(id=ada, name="ada"),
                origin=Origin(guild_id=guild, channel_id=thread, message_id=statuses[thread], is_in_thread=True),
                accepted_at=time.time(),
            )
            jobs[thread].append(job.id)
            assert await queue.enqueue_job(job, None)
            claim = worker.claim(Stage.GENERATE)
            assert claim is not None
            assert claim.job.id == job.id
            if number % 4:
                worker.finish(claim, Failed(problem=make_problem("internal")))
            else:
                generated = Generated(seed=7, media_type="image/png", width=64, height=64, duration_seconds=0.1)
                worker.finish(claim, generated, picture.getvalue())
    await queue.close()
    return jobs


def list_result_markers(stack: Stack, threads: list[int]) -> dict[int, list[int]]:
    """Return the component ids of the results in each thread, in posting order."""
    everything = request_json("GET", f"{stack.discord_url}/control/state")["messages"]
    posted = {thread: everything.get(str(thread), []) for thread in threads}
    return {thread: [m["components"][0]["id"] for m in found if m["components"]] for thread, found in posted.items()}


def _find_guild_and_user(stack: Stack) -> tuple[int, int]:
    state = request_json("GET", f"{stack.discord_url}/control/state")
    ada = next(user["id"] for user in state["users"] if user["username"] == "ada")
    return int(state["guilds"][0]["id"]), int(ada)


def _post_as_bot(stack: Stack, path: str, **body: Any) -> Any:
    token = stack.environment["DISCORD_TOKEN"]
    headers = {
        "Authorization": f"Bot {token}",
        "Content-Type": "application/json",
        "User-Agent": "DiscordBot (test, 1)",
    }
    request = urllib.request.Request(  # noqa: S310 - the stand-in, on loopback
        f"{stack.environment['DISCORD_API_URL']}/{path}", json.dumps(body).encode(), headers
    )
    with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310 - the same
        return json.load(answer)


def _send_no_ticket(stage: str) -> str:
    del stage
    return ""
