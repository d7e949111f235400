"""What a waiting job costs Redis beside the bytes of its prepared picture, by the server's own account."""

import random
import sys
import time
from collections.abc import Sequence

import redis
from PIL import Image

from demo.redis import running_redis
from tests.bench.pictures import encoded
from tests.bench.ratios import Ratio, ratio_of
from tests.bench.waiting import job, queue_all
from worker.adapters.redis import RedisQueue
from worker.imaging import prepare
from worker.ports import Lane

GOAL = 1.1
SIZES = [(1024, 1024), (1344, 768), (640, 1536)]
PEOPLE = 40


def pictures(count: int) -> Sequence[bytes]:
    """Prepare pictures of several sizes and grains, as the worker does: 100 kB to 1 MB each."""
    chance, made = random.Random(7), []
    for number in range(count):
        width, height = SIZES[number % len(SIZES)]
        soft = Image.effect_noise((width // 16, height // 16), 90).resize((width, height))
        grain = Image.effect_noise((width, height), 30)
        picture = Image.blend(soft, grain, chance.uniform(0.1, 0.5)).convert("RGB")
        made.append(prepare(encoded(picture, "JPEG", quality=95), [(width, height)], "crop").data)
    return made


def measure(quick: bool) -> list[Ratio]:
    """Let a few hundred jobs wait with their pictures and compare the server's memory before and after."""
    rounds, jobs = (1, 100) if quick else (3, 300)
    prepared = pictures(24)
    ours, floor = [], []
    for _ in range(rounds):
        print("redis_bytes_waiting: pictures are queued …", file=sys.stderr)
        with running_redis() as server, redis.Redis.from_url(server.url) as look:
            before = look.info("memory")["used_memory"]
            with redis.Redis.from_url(server.url) as client:
                size = _queue(client, jobs, prepared)
            ours.append(_settled(look) - before)
            floor.append(size)
    note = f"{(ours[-1] - floor[-1]) / jobs / 1024:.1f} KiB a job beside {floor[-1] / jobs / 1024:.0f} KiB of picture"
    return [ratio_of("redis_bytes_waiting", ours, floor, GOAL, note=note)]


def _queue(client: redis.Redis, jobs: int, prepared: Sequence[bytes]) -> int:
    queue = RedisQueue(client, lambda _: None)
    size = 0
    for number in range(jobs):
        queue_all(client, [job(number, number % PEOPLE, has_picture=True)], picture=b"an upload")
        claim = queue.claim(Lane.PREPARE)
        if claim is None:
            raise RuntimeError(f"job {number} was not queued")
        queue.promote(claim, prepared[number % len(prepared)])
        size += len(prepared[number % len(prepared)])
    return size


def _settled(client: redis.Redis) -> int:
    """Read the memory once the append-only file's buffer and the clients' are written out."""
    last, used = -1, 0
    while used != last:
        last, used = used, int(client.info("memory")["used_memory"])
        time.sleep(0.3)
    return used
