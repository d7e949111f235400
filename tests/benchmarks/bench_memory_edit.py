"""Memory of one edit of 9.4 megapixels while it waits for the model: the Python objects that its job holds, in MiB.

The pictures are prepared in another process, as another task prepares them. Pillow's pixels are gone by then, so that
Python's own count is whole; `bench_cpu_edit` measures the peak of preparing.
"""

import os
import subprocess
import sys
import tempfile
import threading
import time
import tracemalloc
from pathlib import Path
from typing import Any

from PIL import Image

from shared.job import Job, Origin, Requester
from shared.queue.stages import Stage
from shared.request.bundles import pack_pictures, unpack_pictures
from shared.request.model import Request
from shared.request.pictures import Pictures
from tests.benchmarks.bench_cpu_edit import CATALOGUE, EDITS, KINDS, SIDE, build_request, make_uploads, pick_uploads
from tests.benchmarks.fake_bedrock import run_fake_bedrock
from tests.benchmarks.ratios import Ratio
from tests.benchmarks.sample_images import encode_image
from worker.bedrock.client import BedrockImageClient
from worker.generate import GenerateJob
from worker.imaging.pictures import prepare_pictures
from worker.ports import Claim

GOAL_MIB = 64
MODEL_SECONDS = 2.0
NOISE = "noise"
"""Pictures that no encoder makes small: what is sent of them is near the most that a request may hold."""


class OneJobQueue:
    """The queue of one job, whose prepared pictures are in a file."""

    def __init__(self, prepared: Path) -> None:
        self._prepared = prepared
        self.called = threading.Event()

    def fetch_prepared(self, _: str) -> bytes:
        return self._prepared.read_bytes()

    def start_call(self, _: Claim) -> bool:
        self.called.set()
        return True

    def finish(self, *_: Any) -> bool:
        return True


def make_noise(side: int) -> Pictures:
    noise = Image.frombytes("RGB", (side, side), os.urandom(3 * side * side))
    photo, mask = encode_image(noise, "JPEG", quality=95), encode_image(noise.convert("L"), "PNG", compress_level=1)
    return Pictures(photo, mask, photo)


def make_claim(request: Request) -> Claim:
    job = Job(
        id="1",
        request=request,
        seed=7,
        requester=Requester(id=1, name="Ada"),
        origin=Origin(guild_id=1, channel_id=2, message_id=3, is_in_thread=False),
        accepted_at=0,
    )
    return Claim(Stage.GENERATE, job, "token", 0)


def print_held(model: str, folder: str) -> None:
    """Print what a job holds halfway through its call, and its peak, in MiB."""
    client = BedrockImageClient(region="us-west-2", call_seconds=30, concurrency=1)
    held = 0
    for name in ("small", "large"):  # the first loads modules and opens the connection
        path = Path(folder, name)
        queue: Any = OneJobQueue(path)
        claim = make_claim(build_request(model, unpack_pictures(path.read_bytes())))
        job = GenerateJob(queue, client, CATALOGUE, max_wait_seconds=60)
        tracemalloc.start()
        thread = threading.Thread(target=job.run, args=(claim,))
        thread.start()
        queue.called.wait()
        time.sleep(MODEL_SECONDS * 0.75)
        held, peak = tracemalloc.get_traced_memory()
        thread.join()
        tracemalloc.stop()
    print(held / 2**20, peak / 2**20, Path(folder, "large").stat().st_size / 2**20)


def measure_held_mib(model: str, kind: str) -> tuple[float, float, float]:
    """Measure what one job holds during its call, its peak until then, and its pictures, in MiB."""
    with run_fake_bedrock(MODEL_SECONDS) as server, tempfile.TemporaryDirectory(prefix="pentimento-bench-") as folder:
        for name, side in (("small", 64), ("large", SIDE)):
            uploads = pick_uploads(make_uploads(kind, side) if kind in KINDS else make_noise(side), model)
            prepared = prepare_pictures(uploads, build_request(model, uploads), CATALOGUE.models[model])
            Path(folder, name).write_bytes(pack_pictures(prepared.pictures) or b"")
        command = [sys.executable, "-m", "tests.benchmarks.bench_memory_edit", "--held", model, folder]
        environment = {**os.environ, **server.environment}
        done = subprocess.run(command, check=True, capture_output=True, text=True, env=environment)
    held, peak, pictures = map(float, done.stdout.split())
    return held, peak, pictures


def measure(quick: bool) -> list[Ratio]:
    """Measure each edit once, as the figures hardly vary."""
    del quick
    rows = []
    for model in EDITS:
        for kind in (*KINDS, NOISE):
            held, peak, pictures = measure_held_mib(model, kind)
            note = f"{pictures:.1f} MiB of pictures; {peak:.0f} MiB at most, while the body is built and sent"
            rows.append(Ratio(f"memory_edit_in_flight[{model}, {kind}], MiB", held, (held, held), GOAL_MIB, note=note))
    return rows


if __name__ == "__main__":
    if "--held" in sys.argv:
        print_held(*sys.argv[-2:])
    else:
        for ratio in measure(quick=True):
            print(ratio)
