"""How much memory a queued job takes in Redis besides the bytes of its prepared picture, as the server reports it.

With PICTURES_URL, the picture lies elsewhere, and the whole job with the reference to it is held against 12 KiB.
"""

import random
import secrets
import sys
import time
from collections.abc import Sequence

import redis
from PIL import Image

from demo.redis import run_redis
from shared.pictures.reference import PictureReference
from shared.pictures.storage import PictureStorage
from shared.queue.stages import Stage
from tests.benchmarks.queued_jobs import enqueue_all, make_job
from tests.benchmarks.ratios import Ratio, compute_ratio
from tests.benchmarks.sample_images import encode_image
from worker.imaging.preparation import prepare_image
from worker.queue.connection import QueueRedis, connect_to_redis
from worker.queue.job_queue import RedisJobQueue

GOAL = 1.1
GOAL_BYTES_WITH_S3 = 12 * 1024
SIZES = [(1024, 1024), (1344, 768), (640, 1536)]
PEOPLE = 40


class ReferenceStorage(PictureStorage):
    """Gives references as long as real ones, and stores nothing: the memory of Redis is all that is measured."""

    def store_picture(self, job_id: str, kind: str, picture: bytes) -> PictureReference:
        key = f"pentimento/{job_id}/{kind}-{secrets.token_hex(8)}"
        return PictureReference("a-bucket-for-the-benchmark", key, len(picture), "0" * 64, "eu-central-1")


def make_prepared_images(count: int) -> Sequence[bytes]:
    """Prepare pictures of several sizes and amounts of noise, as the worker does: 100 kB to 1 MB each."""
    chance, made = random.Random(7), []
    for number in range(count):
        width, height = SIZES[number % len(SIZES)]
        soft = Image.effect_noise((width // 16, height // 16), 90).resize((width, height))
        grain = Image.effect_noise((width, height), 30)
        picture = Image.blend(soft, grain, chance.uniform(0.1, 0.5)).convert("RGB")
        made.append(prepare_image(encode_image(picture, "JPEG", quality=95), [(width, height)], "crop").data)
    return made


def measure(quick: bool) -> list[Ratio]:
    """Queue a few hundred jobs with their pictures, and compare the memory of the server before and after."""
    rounds, jobs = (1, 100) if quick else (3, 300)
    prepared = make_prepared_images(24)
    print("redis_bytes_waiting: pictures are queued …", file=sys.stderr)
    ours, floor = zip(*(_measure_round(jobs, prepared) for _ in range(rounds)), strict=True)
    elsewhere = [_measure_round(jobs, prepared, ReferenceStorage())[0] / jobs for _ in range(rounds)]
    note = f"{(ours[-1] - floor[-1]) / jobs / 1024:.1f} KiB a job beside {floor[-1] / jobs / 1024:.0f} KiB of picture"
    return [
        compute_ratio("redis_bytes_waiting", ours, floor, GOAL, note=note),
        compute_ratio(
            "redis_bytes_waiting[S3]",
            elsewhere,
            [GOAL_BYTES_WITH_S3] * rounds,
            1.0,
            note=f"{elsewhere[-1] / 1024:.1f} KiB a job of at most {GOAL_BYTES_WITH_S3 / 1024:.0f} KiB",
        ),
    ]


def _measure_round(jobs: int, prepared: Sequence[bytes], storage: PictureStorage | None = None) -> tuple[int, int]:
    """Return the bytes that jobs take in a new server, and those of their prepared pictures."""
    with run_redis() as server, redis.Redis.from_url(server.url) as look:
        before = look.info("memory")["used_memory"]
        with connect_to_redis(server.url) as client:
            size = _queue_jobs(client, jobs, prepared, storage)
        return _read_settled_memory(look) - before, size


def _queue_jobs(client: QueueRedis, jobs: int, prepared: Sequence[bytes], storage: PictureStorage | None) -> int:
    queue = RedisJobQueue(client, lambda _: None, storage=storage)
    size = 0
    for number in range(jobs):
        enqueue_all(client, [make_job(number, number % PEOPLE, has_picture=True)], picture=b"an upload")
        claim = queue.claim(Stage.PREPARE)
        if claim is None:
            raise RuntimeError(f"job {number} was not queued")
        queue.promote(claim, prepared[number % len(prepared)])
        size += len(prepared[number % len(prepared)])
    return size


def _read_settled_memory(client: redis.Redis) -> int:
    """Read the memory once the buffers of the append-only file and of the clients are written."""
    last, used = -1, 0
    while used != last:
        last, used = used, int(client.info("memory")["used_memory"])
        time.sleep(0.3)
    return used
