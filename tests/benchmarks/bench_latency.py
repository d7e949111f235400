"""From the click to the posted picture on an idle system, without the model's own time."""

import http.client
import json
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from urllib.parse import urlsplit

import redis

from demo.stack import BOT_TOKEN, Stack, run_stack
from shared.catalogue import load_catalogue
from shared.request.pictures import Pictures
from tests.benchmarks import baselines
from tests.benchmarks.bench_cpu_job import make_request
from tests.benchmarks.fake_bedrock import run_fake_bedrock
from tests.benchmarks.measurements import measure_wall_ms
from tests.benchmarks.page_client import PageClient, encode_multipart, is_result_of
from tests.benchmarks.ratios import Ratio, compute_ratio
from tests.benchmarks.sample_images import make_model_image, make_uploads
from worker.bedrock.dialects import get_dialect
from worker.imaging.preparation import prepare_image

GOAL = 1.25
MODEL = load_catalogue().models["sd3.5-large"]
MODEL_SECONDS = 1.0
HOPS = 4  # accept, prepare, generate, deliver


def measure(quick: bool) -> list[Ratio]:
    """Ask for one picture at a time, and take the floor's straight line after each."""
    rounds = 3 if quick else 15
    with ExitStack() as exit_stack:
        folder = Path(exit_stack.enter_context(tempfile.TemporaryDirectory(prefix="pentimento-bench-")))
        slow = exit_stack.enter_context(run_fake_bedrock(MODEL_SECONDS))
        settings = {name: value for name, value in slow.environment.items() if name.startswith("AWS_")}
        stack = exit_stack.enter_context(run_stack(folder, discord_options=("--no-rate-limits",), settings=settings))
        page = exit_stack.enter_context(PageClient(stack.discord_url, stack.channel_id))
        wire = exit_stack.enter_context(exit_stack.enter_context(run_fake_bedrock()).connect())
        client = exit_stack.enter_context(redis.Redis.from_url(stack.redis_url))
        command, upload = page.find_command_id(), make_uploads()["JPEG 12 MP"]
        prepared = prepare_image(upload, MODEL.sizes, "crop").data
        request = baselines.build_http_request(
            get_dialect(MODEL.dialect).encode(make_request(has_picture=True), MODEL, Pictures(prepared), 7)
        )

        def bare() -> None:
            baselines.run_baseline_job(upload, wire, request)
            for _ in range(HOPS):
                client.ping()
            _post_image(stack)

        ours, floor = [], []
        for number in range(rounds + 1):
            print(f"latency_idle: picture {number} …", file=sys.stderr)
            image = page.upload(upload, "photo.jpg")
            time.sleep(1)
            start = time.perf_counter()
            job = page.invoke_imagine(command, f"a castle in fog, number {number}", image)
            taken = (page.wait_for_event(is_result_of(job)) - start - MODEL_SECONDS) * 1000
            ours.append(taken)
            time.sleep(1)
            floor.append(measure_wall_ms(bare))
    note = f"{median(ours):.0f} ms against {median(floor):.0f} ms"
    return [compute_ratio("latency_idle", ours[1:], floor[1:], GOAL, note=note)]


def _post_image(stack: Stack) -> None:
    """Post a picture without a bot: one connection, one form."""
    body, kind = encode_multipart(
        {"content": "a picture", "attachments": [{"id": 0}]}, "picture.png", make_model_image()
    )
    headers = {"Authorization": f"Bot {BOT_TOKEN}", "User-Agent": "DiscordBot (bench, 1)", "Content-Type": kind}
    there = http.client.HTTPConnection(urlsplit(stack.discord_url).netloc)
    there.request("POST", f"/api/v10/channels/{stack.channel_id}/messages", body, headers)
    answer = there.getresponse()
    if answer.status != 200:
        raise RuntimeError(json.loads(answer.read()))
    answer.read()
    there.close()
