"""CPU of the real bot's process for a job, click to posted, against the script `baseline_queue_bot`.

Each bot has a stand-in of its own and gets the same clicks in the same minute, one after the other. The script makes
the same REST calls, job by job, status edits included, and has one durable transaction and the least commands of Redis.
In the first two rows results appear in threads alone, so that neither decodes a picture; in the third one both show
the default preview in the channel.
"""

import asyncio
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from statistics import median

from bot.domain.guild_settings import ResultPlace
from bot.storage.guild_settings import SqlGuildSettingsStore
from bot.storage.session import Database
from demo.__main__ import SAMPLE_IMAGE
from demo.http_client import request_json
from demo.processes import Process, build_clean_environment
from demo.redis import run_redis
from demo.stack import BOT_TOKEN, run_stack
from tests.benchmarks.baseline_worker import run_baseline_worker
from tests.benchmarks.fake_bedrock import run_fake_bedrock
from tests.benchmarks.measurements import read_cpu_seconds
from tests.benchmarks.page_client import PageClient, is_result_of
from tests.benchmarks.ratios import Ratio, compute_ratio
from tests.benchmarks.sample_images import make_model_image

GOAL = 1.4
MODEL_SECONDS = 1.5
CLICKS_A_SECOND = 4
WARM_UP = 4
IDLE_SECONDS = 10
DISCORD_OPTIONS = ("--no-rate-limits",)
MIN_EDITS = 2  # that it was asked for, and that it is done
SETTINGS = {f"MAX_PER_MINUTE_PER_{whose}": "0" for whose in ("USER", "CHANNEL", "GUILD")} | {
    "MAX_WAITING_PER_USER": "99"
}


class MeasuredBot:
    """A bot's process with the stand-in that it lives in, and the CPU seconds that it takes in a second while idle."""

    idle_rate = 0.0

    def __init__(self, pid: int, page: PageClient) -> None:
        self.pid, self.page = pid, page
        self.command = page.find_command_id()

    def measure_cpu_ms(self, prompts: Sequence[str], picture: bytes | None) -> tuple[float, list[int]]:
        """Click once for each prompt; CPU milliseconds a job, and how often each status message was edited between.

        What the bot would have taken meanwhile without any job is not in it: `idle_footprint` has that.
        """
        images = [self.page.upload(picture, "photo.jpg") if picture else None for _ in prompts]
        self.page.events.clear()
        time.sleep(1)
        started, before, jobs = time.monotonic(), read_cpu_seconds(self.pid), []
        for prompt, image in zip(prompts, images, strict=True):
            jobs.append(self.page.invoke_imagine(self.command, prompt, image))
            time.sleep(1 / CLICKS_A_SECOND)
        for job in jobs:
            self.page.wait_for_event(is_result_of(job))
        time.sleep(1)
        taken = read_cpu_seconds(self.pid) - before - self.idle_rate * (time.monotonic() - started)
        return taken * 1000 / len(jobs), self._count_edits(jobs)

    def _count_edits(self, jobs: list[str]) -> list[int]:
        said: dict[str, list[str]] = defaultdict(list)
        for _, event in list(self.page.events):
            asked = event["d"].get("interaction") if event["t"] == "MESSAGE_UPDATE" else None
            if asked and said[asked["id"]][-1:] != [event["d"]["content"]]:
                said[asked["id"]].append(event["d"]["content"])
        return [max(0, len(said[job]) - MIN_EDITS) for job in jobs]


def measure(quick: bool) -> list[Ratio]:
    """Take turns between the two bots: with a picture and without, and with a preview in the channel."""
    rounds, clicks = (1, 12) if quick else (3, 24)
    picture = SAMPLE_IMAGE.read_bytes()
    with ExitStack() as exit_stack:
        folder = Path(exit_stack.enter_context(tempfile.TemporaryDirectory(prefix="pentimento-bench-")))
        ours, set_place = exit_stack.enter_context(_run_our_bot(folder))
        bare = exit_stack.enter_context(_run_baseline_bot(folder))
        for bot in (ours, bare):  # work that is done only once does not count as a job's
            bot.measure_cpu_ms(["1 preview"] * WARM_UP, picture)
        _measure_idle_rates(ours, bare)
        rows = []
        for name, upload, place in (
            ("picture", picture, ResultPlace.THREAD),
            ("words", None, ResultPlace.THREAD),
            ("preview", picture, ResultPlace.PREVIEW),
        ):
            set_place(place)
            suffix = " preview" * (place is ResultPlace.PREVIEW)
            figures = []
            for number in range(rounds):
                print(f"cpu_bot[{name}]: round {number} …", file=sys.stderr)
                mine, edits = ours.measure_cpu_ms([f"a castle, number {click}" for click in range(clicks)], upload)
                floor, _ = bare.measure_cpu_ms([f"{count}{suffix}" for count in edits], upload)
                figures.append((mine, floor))
            mines, floors = zip(*figures, strict=True)
            note = f"{median(mines):.1f} ms against {median(floors):.1f} ms of CPU, {sum(edits) / clicks:.1f} edits"
            rows.append(compute_ratio(f"cpu_bot[{name}]", mines, floors, GOAL, note=note))
        return rows


def _measure_idle_rates(*bots: MeasuredBot) -> None:
    time.sleep(1)
    before = [read_cpu_seconds(bot.pid) for bot in bots]
    time.sleep(IDLE_SECONDS)
    for bot, seconds in zip(bots, before, strict=True):
        bot.idle_rate = (read_cpu_seconds(bot.pid) - seconds) / IDLE_SECONDS


@contextmanager
def _run_our_bot(folder: Path) -> Iterator[tuple[MeasuredBot, Callable[[ResultPlace], None]]]:
    """Start the whole stack; the function sets where the results of its server appear."""
    with ExitStack() as exit_stack:
        model = exit_stack.enter_context(run_fake_bedrock(MODEL_SECONDS))
        aws = {name: value for name, value in model.environment.items() if name.startswith("AWS_")}
        stack = exit_stack.enter_context(
            run_stack(folder / "stack", discord_options=DISCORD_OPTIONS, settings=aws | SETTINGS)
        )
        page = exit_stack.enter_context(PageClient(stack.discord_url, stack.channel_id))
        guild = int(request_json("GET", f"{stack.discord_url}/control/state")["guilds"][0]["id"])
        yield (
            MeasuredBot(stack.processes["bot"].pid, page),
            lambda place: asyncio.run(_set_result_place(stack.environment["DATABASE_URL"], guild, place)),
        )


@contextmanager
def _run_baseline_bot(folder: Path) -> Iterator[MeasuredBot]:
    """Start the script with a stand-in, a Redis and a worker of its own."""
    with ExitStack() as exit_stack:
        environment = build_clean_environment()
        arguments = ("-m", "demo.standins.discord", "--token", BOT_TOKEN, *DISCORD_OPTIONS)
        stand_in = Process("discord", arguments, folder, environment)
        exit_stack.callback(stand_in.stop)
        there, server = stand_in.wait_for_report(), exit_stack.enter_context(run_redis())
        exit_stack.enter_context(run_baseline_worker(server.url, make_model_image(), MODEL_SECONDS))
        command = ("-m", "tests.benchmarks.baseline_queue_bot", server.url, str(folder / "baseline.db"))
        environment |= {"DISCORD_TOKEN": BOT_TOKEN, "DISCORD_API_URL": f"{there['url']}/api/v10"}
        script = Process("bare", command, folder, environment)
        exit_stack.callback(script.stop)
        page = exit_stack.enter_context(PageClient(there["url"], there["channel_id"]))
        yield MeasuredBot(script.pid, page)


async def _set_result_place(database_url: str, guild_id: int, place: ResultPlace) -> None:
    database = Database(database_url)
    store = SqlGuildSettingsStore(database)
    settings = await store.load_settings(guild_id)
    await store.change_settings(guild_id, 1, settings, replace(settings, result_place=place))
    await database.close()
