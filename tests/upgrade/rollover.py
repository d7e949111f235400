"""From one release to another, with requests at every stage: each gets exactly one answer."""

import json
import os
import signal
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import redis

from demo.http_client import request_json
from demo.processes import Process
from demo.stack import Stack
from shared.queue.keys import DEFAULT_KEYS
from tests.support.bot_processes import clear_discord_faults, count_results, inject_discord_fault
from tests.support.load_stack import open_load_stack
from tests.support.process_logs import wait_for_log
from tests.support.records import query_records
from tests.support.user import DiscordUser, wait_until
from tests.upgrade.feature_work import FeatureWork, list_commands
from tests.upgrade.releases import Release

USERS = ("ada", "grace", "linus", "margaret")
STAGES = ("delivered", "finished", "running", "queued", "preparing")
SETTLE_SECONDS = 180.0
CALL_SECONDS = 0.5
LONG_CALL_SECONDS = 8.0
"""Less than BEDROCK_CALL_SECONDS, and long enough for a worker to be killed meanwhile."""


@dataclass
class Rollover:
    """Ways from a release to another, on one stack.

    `jobs` are those of the latest way whose results are messages, `earlier_jobs` those of the ways before; `work` is
    what other commands than `/imagine` do.
    """

    stack: Stack
    client: redis.Redis
    folder: Path
    say: Callable[[str], None]
    jobs: list[str] = field(default_factory=list)
    earlier_jobs: list[str] = field(default_factory=list)
    work: FeatureWork | None = None
    started: list[Process] = field(default_factory=list)

    def start(self, release: Release, module: str) -> Process:
        """Start the bot or the worker of a release, and wait until it is ready."""
        process = release.start(module, len(self.started) + 1, self.folder, self.stack.environment)
        self.started.append(process)
        sign = "ready as" if module == "bot" else "worker ready"
        wait_for_log(process, sign)
        process.check_running()
        return process

    def submit(self, count: int, name: str) -> None:
        """Submit requests of several users, every second one with a picture."""
        for number in range(count):
            user = DiscordUser(self.stack, USERS[number % len(USERS)])
            options: dict[str, Any] = {} if number % 2 else {"image": None}
            self.jobs.append(user.submit_imagine(f"{name}-{number}.", **options))
        wait_until(
            lambda: all(self.client.exists(DEFAULT_KEYS.job_key(job)) for job in self.jobs), "jobs in the queue", 60
        )

    def set_latency(self, seconds: float) -> None:
        """Let each call from now on take this long."""
        request_json("POST", f"{self.stack.bedrock_url}/control/latency", {"seconds": seconds})

    def count_states(self) -> Counter[str]:
        """Count the jobs in each state."""
        states = (self.client.hget(DEFAULT_KEYS.job_key(job), "state") for job in self.jobs)
        return Counter((state or b"missing").decode() for state in states)  # type: ignore[union-attr]

    def run(self, old: Release, new: Release, count: int, *, is_upgrade: bool) -> None:
        """Bring requests to every stage under the old release, and replace its processes while they are there.

        Each stage is reached by requests of its own, however slow the machine is: results that cannot be posted, calls
        that take long, and requests that come when no worker runs. `count` is at least 6.
        """
        self.earlier_jobs += self.jobs
        self.jobs = []
        part = count // 6
        name = f"{old.name}-to-{new.name}"
        bot, worker = self.start(old, "bot"), self.start(old, "worker")
        if self.work is None:
            self.work = FeatureWork(self.stack, list_commands(DiscordUser(self.stack)))
            if missing := self.work.missing_commands:
                self.say(f"{old.name} has no {', '.join(f'/{command}' for command in missing)}: left out")
        self.work.start_contest(name)
        self.submit(part, f"{name}-delivered")
        wait_until(lambda: self.count_states()["delivered"] == part, "results", 60)
        threads = rf"/channels/(?!{self.stack.channel_id}/)\d+/messages$"
        inject_discord_fault(self.stack, "status:503", "POST", threads, times=100_000)
        self.submit(part, f"{name}-finished")
        wait_until(lambda: self.count_states()["finished"] == part, "outcomes that are not posted", 60)
        self.set_latency(LONG_CALL_SECONDS)
        self.submit(2 * part, f"{name}-running")
        wait_until(lambda: self.count_states()["running"] >= 2, "calls", 60)
        self.work.start_batch(name)
        os.kill(worker.pid, signal.SIGKILL)
        worker.stop()
        self.set_latency(CALL_SECONDS)
        stages = self.count_states()
        self.submit(count - 4 * part, f"{name}-waiting")
        self.work.submit_waiting(name)
        stages |= self.count_states()
        self.say(f"{old.name} → {new.name}: {', '.join(f'{stages[stage]} {stage}' for stage in STAGES)}")
        assert all(stages[stage] for stage in STAGES), stages

        if is_upgrade:  # workers first; both releases run for a while
            self.replace_worker(old, new)
            bot = self.replace_bot(bot, new)
        else:
            bot = self.replace_bot(bot, new)
            self.replace_worker(old, new)
        self.work.start_planned_edits()
        self.check_answers(self.work)
        bot.stop()
        self.stop_all()

    def replace_worker(self, old: Release, new: Release) -> None:
        """Run a worker of each release side by side, then the new one alone."""
        beside = self.start(old, "worker")
        self.start(new, "worker")
        before = self.client.xlen(DEFAULT_KEYS.outcome_stream) + self.count_states()["delivered"]
        wait_until(
            lambda: (
                self.client.xlen(DEFAULT_KEYS.outcome_stream) + self.count_states()["delivered"]
                >= min(before + 3, len(self.jobs))
            ),
            "outcomes of both workers",
            60,
        )
        beside.stop()

    def replace_bot(self, old: Process, new: Release) -> Process:
        """Let the old bot post a little of what both workers made, then start the new one."""
        before = self.count_states()["delivered"]
        clear_discord_faults(self.stack)
        wait_until(lambda: self.count_states()["delivered"] > before, "a result posted by the old bot", 60)
        old.stop()
        return self.start(new, "bot")

    def check_answers(self, work: FeatureWork) -> None:
        """Check that each request gets one answer, and is paid for once, or twice if its first call was lost."""
        wait_until(lambda: self.count_states()["delivered"] == len(self.jobs), "all results", SETTLE_SECONDS)
        jobs = [*self.earlier_jobs, *self.jobs, *work.posted_jobs]
        wait_until(lambda: 0 not in count_results(self.stack, *jobs), "an answer each", SETTLE_SECONDS)
        work.check()
        ended = dict.fromkeys((*jobs, *work.quiet_jobs), "delivered")
        wait_until(lambda: self.read_states() == ended, "every record closed, and no other", SETTLE_SECONDS)
        wait_until(lambda: not self.client.xlen(DEFAULT_KEYS.outcome_stream), "an empty stream of outcomes")
        answers = count_results(self.stack, *jobs)
        assert answers == [1] * len(jobs), [job for job, number in zip(jobs, answers, strict=True) if number != 1]
        self.check_payments()
        pictures = f", {len(work.quiet_jobs)} pictures of batches and contests" if work.quiet_jobs else ""
        self.say(f"{len(jobs)} requests in all, {sum(answers)} answers{pictures}: none lost, none twice")

    def check_payments(self) -> None:
        """Check that each job was paid for once or twice, and nothing else was. A call sends the seed of its job."""
        calls = request_json("GET", f"{self.stack.bedrock_url}/control/calls")
        billed = Counter(call["body"]["seed"] for call in calls if call["billed"])
        seeds = {
            json.loads(text)["seed"]: job for job, text in query_records(self.stack, "SELECT id, job_json FROM jobs")
        }
        wrong = {seeds[seed]: billed[seed] for seed in seeds if not 1 <= billed[seed] <= 2}
        assert not wrong, f"jobs that were not paid for once or twice: {wrong}"
        assert billed.keys() == seeds.keys()

    def read_states(self) -> dict[str, str]:
        """Read the states of all jobs in the database."""
        return dict(query_records(self.stack, "SELECT id, state FROM jobs"))

    def stop_all(self) -> None:
        """Stop all processes of both releases."""
        for process in self.started:
            process.stop()


def run_upgrade_test(earlier: Release, this: Release, folder: Path, count: int, say: Callable[[str], None]) -> None:
    """Go from the earlier release to this one, and back. Raises `AssertionError`."""
    settings = {"BEDROCK_CALL_SECONDS": "10", "WORKER_CONCURRENCY": "4"}
    with (
        open_load_stack(folder, USERS[1:], latency_seconds=CALL_SECONDS, **settings) as stack,
        redis.Redis.from_url(stack.redis_url) as client,
    ):
        rollover = Rollover(stack, client, folder, say)
        try:
            rollover.run(earlier, this, count, is_upgrade=True)
            rollover.run(this, earlier, count, is_upgrade=False)
        finally:
            rollover.stop_all()
