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

from demo.house import TOKEN, House, open_house
from shared.catalogue import load_catalogue
from tests.bench import floors
from tests.bench.bench_cpu_job import asked
from tests.bench.meters import wall_ms
from tests.bench.model import running_model
from tests.bench.onlooker import Onlooker, form, posted
from tests.bench.pictures import painting, uploads
from tests.bench.ratios import Ratio, ratio_of
from worker.bedrock.dialects import DIALECTS
from worker.imaging import prepare

GOAL = 1.5
MODEL = load_catalogue().models["sd3.5-large"]
MODEL_SECONDS = 1.0
HOPS = 4  # accept, prepare, generate, deliver


def measure(quick: bool) -> list[Ratio]:
    """Ask for one picture at a time, and take the floor's straight line after each."""
    rounds = 3 if quick else 15
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="pentimento-bench-")))
        slow = stack.enter_context(running_model(MODEL_SECONDS))
        settings = {name: value for name, value in slow.environment.items() if name.startswith("AWS_")}
        house = stack.enter_context(open_house(folder, discord_options=("--no-rate-limits",), settings=settings))
        onlooker = stack.enter_context(Onlooker(house.discord_url, house.channel))
        wire = stack.enter_context(stack.enter_context(running_model()).wire())
        client = stack.enter_context(redis.Redis.from_url(house.redis_url))
        command, upload = onlooker.command(), uploads()["JPEG 12 MP"]
        prepared = prepare(upload, MODEL.sizes, "crop").data
        request = floors.request_of(DIALECTS[MODEL.dialect].encode(asked(has_picture=True), MODEL, prepared, 7))

        def bare() -> None:
            floors.job(upload, wire, request)
            for _ in range(HOPS):
                client.ping()
            _post(house)

        ours, floor = [], []
        for number in range(rounds + 1):
            print(f"latency_idle: picture {number} …", file=sys.stderr)
            image = onlooker.upload(upload, "photo.jpg")
            time.sleep(1)
            start = time.perf_counter()
            job = onlooker.click(command, f"a castle in fog, number {number}", image)
            taken = (onlooker.wait(posted(job)) - start - MODEL_SECONDS) * 1000
            ours.append(taken)
            time.sleep(1)
            floor.append(wall_ms(bare))
    note = f"{median(ours):.0f} ms against {median(floor):.0f} ms"
    return [ratio_of("latency_idle", ours[1:], floor[1:], GOAL, note=note)]


def _post(house: House) -> None:
    """Post a picture without a bot: one connection, one form."""
    body, kind = form({"content": "a picture", "attachments": [{"id": 0}]}, "picture.png", painting())
    headers = {"Authorization": f"Bot {TOKEN}", "User-Agent": "DiscordBot (bench, 1)", "Content-Type": kind}
    there = http.client.HTTPConnection(urlsplit(house.discord_url).netloc)
    there.request("POST", f"/api/v10/channels/{house.channel}/messages", body, headers)
    answer = there.getresponse()
    if answer.status != 200:
        raise RuntimeError(json.loads(answer.read()))
    answer.read()
    there.close()
