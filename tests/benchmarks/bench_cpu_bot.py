"""CPU of the real bot's process for a job, click to posted, against a bare discord.py script with the same REST calls.

Each bot has a stand-in of its own and gets the same clicks in the same minute, one after the other. The script edits
the status message as often as the real bot did, job by job; only the real one has Redis and a database.
"""

import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from statistics import median

from demo.__main__ import SAMPLE_IMAGE
from demo.processes import Process
from demo.stack import BOT_TOKEN, run_stack
from tests.benchmarks.fake_bedrock import run_fake_bedrock
from tests.benchmarks.measurements import read_cpu_seconds
from tests.benchmarks.page_client import PageClient, is_result_of
from tests.benchmarks.ratios import Ratio, compute_ratio
from tests.benchmarks.sample_images import make_model_image

GOAL = 1.4
MODEL_SECONDS = 1.5
CLICKS_A_SECOND = 4
WARM_UP = 4
MIN_EDITS = 2  # that it was asked for, and that it is done
SETTINGS = {f"MAX_PER_MINUTE_PER_{whose}": "0" for whose in ("USER", "CHANNEL", "GUILD")} | {
    "MAX_WAITING_PER_USER": "99"
}


class MeasuredBot:
    """A bot's process with the stand-in that it lives in."""

    def __init__(self, pid: int, page: PageClient) -> None:
        self.pid, self.page = pid, page
        self.command = page.find_command_id()

    def measure_cpu_ms(self, prompts: Sequence[str], picture: bytes | None) -> tuple[float, list[int]]:
        """Click once for each prompt; CPU milliseconds a job, and how often each status message was edited between."""
        images = [self.page.upload(picture, "photo.jpg") if picture else None for _ in prompts]
        self.page.events.clear()
        time.sleep(1)
        before, jobs = read_cpu_seconds(self.pid), []
        for prompt, image in zip(prompts, images, strict=True):
            jobs.append(self.page.invoke_imagine(self.command, prompt, image))
            time.sleep(1 / CLICKS_A_SECOND)
        for job in jobs:
            self.page.wait_for_event(is_result_of(job))
        time.sleep(1)
        return (read_cpu_seconds(self.pid) - before) * 1000 / len(jobs), self._count_edits(jobs)

    def _count_edits(self, jobs: list[str]) -> list[int]:
        said: dict[str, list[str]] = defaultdict(list)
        for _, event in list(self.page.events):
            asked = event["d"].get("interaction") if event["t"] == "MESSAGE_UPDATE" else None
            if asked and said[asked["id"]][-1:] != [event["d"]["content"]]:
                said[asked["id"]].append(event["d"]["content"])
        return [max(0, len(said[job]) - MIN_EDITS) for job in jobs]


def measure(quick: bool) -> list[Ratio]:
    """Take turns between the two bots, with an attached picture and without."""
    rounds, clicks = (1, 12) if quick else (4, 24)
    with ExitStack() as exit_stack:
        folder = Path(exit_stack.enter_context(tempfile.TemporaryDirectory(prefix="pentimento-bench-")))
        model = exit_stack.enter_context(run_fake_bedrock(MODEL_SECONDS))
        aws = {name: value for name, value in model.environment.items() if name.startswith("AWS_")}
        options = ("--no-rate-limits",)
        stack = exit_stack.enter_context(run_stack(folder / "stack", discord_options=options, settings=aws | SETTINGS))
        ours = MeasuredBot(
            stack.processes["bot"].pid, exit_stack.enter_context(PageClient(stack.discord_url, stack.channel_id))
        )

        (folder / "picture.png").write_bytes(make_model_image())
        stand_in = Process(
            "discord", ("-m", "demo.standins.discord", "--token", BOT_TOKEN, *options), folder, stack.environment
        )
        exit_stack.callback(stand_in.stop)
        there = stand_in.wait_for_report()
        arguments = ("-m", "tests.benchmarks.baseline_bot", str(folder / "picture.png"))
        environment = stack.environment | {"DISCORD_API_URL": f"{there['url']}/api/v10"}
        script = Process("bare", arguments, folder, environment)
        exit_stack.callback(script.stop)
        bare = MeasuredBot(script.pid, exit_stack.enter_context(PageClient(there["url"], there["channel_id"])))

        for bot in (ours, bare):  # work that is done only once does not count as a job's
            bot.measure_cpu_ms(["1"] * WARM_UP, SAMPLE_IMAGE.read_bytes())
        rows = []
        for name, picture in (("picture", SAMPLE_IMAGE.read_bytes()), ("words", None)):
            figures = []
            for number in range(rounds):
                print(f"cpu_bot[{name}]: round {number} …", file=sys.stderr)
                mine, edits = ours.measure_cpu_ms([f"a castle, number {click}" for click in range(clicks)], picture)
                floor, _ = bare.measure_cpu_ms([str(count) for count in edits], picture)
                figures.append((mine, floor))
            mines, floors = zip(*figures, strict=True)
            note = f"{median(mines):.1f} ms against {median(floors):.1f} ms of CPU, {sum(edits) / clicks:.1f} edits"
            rows.append(compute_ratio(f"cpu_bot[{name}]", mines, floors, GOAL, note=note))
        return rows
