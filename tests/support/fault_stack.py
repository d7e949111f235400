"""A stack whose workers are started and killed by a test; at the end every job must have exactly one result."""

import contextlib
import os
import signal
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest
import redis

from demo.first_picture import iter_message_texts, wait_until_ready
from demo.http_client import request_json
from demo.processes import Process
from demo.redis import RedisServer
from demo.stack import Stack, run_stack
from shared.queue.keys import DEFAULT_KEYS
from tests.support.changed_constants import build_arguments
from tests.support.ledger import assert_ledger_balances
from tests.support.process_logs import wait_for_log
from tests.support.user import DiscordUser, list_media

LEASE_SECONDS = 3
USERS = ("grace", "linus", "margaret")
SETTINGS = {"BEDROCK_CALL_SECONDS": "5", "LEASE_SECONDS": str(LEASE_SECONDS)}


@dataclass
class FaultStack:
    """The running stack with its Redis; `requesters` are the users by the ids of their jobs."""

    stack: Stack
    server: RedisServer
    client: redis.Redis
    folder: Path
    requesters: dict[str, DiscordUser] = field(default_factory=dict)
    workers: list[Process] = field(default_factory=list)

    def start_worker(
        self,
        redis_url: str | None = None,
        *,
        wait: bool = True,
        arguments: tuple[str, ...] = ("-m", "worker"),
        **settings: str,
    ) -> Process:
        """Start another worker and wait until it is ready."""
        environment = {**self.stack.environment, **settings}
        if redis_url:
            environment["REDIS_URL"] = redis_url
        worker = Process(f"worker-{len(self.workers) + 1}", arguments, self.folder, environment)
        self.workers.append(worker)
        if wait:
            wait_for_log(worker, "worker ready")
        return worker

    def restart_bot(self) -> Process:
        """Stop the bot, start it again with a log of its own, and wait until it is ready."""
        self.stack.processes["bot"].stop()
        bot = Process("bot-again", ("-m", "bot"), self.folder, self.stack.environment)
        self.stack.processes["bot"] = bot
        self.workers.append(bot)  # stopped in the end, like them
        wait_for_log(bot, "ready as")
        return bot

    def kill_worker(self, worker: Process) -> None:
        """Kill a worker with SIGKILL, so that it cannot clean up."""
        os.kill(worker.pid, signal.SIGKILL)
        worker.stop()

    def submit_imagine(self, prompt: str, user: str = "ada", **options: Any) -> str:
        """Use /imagine; return the job's id."""
        requester = DiscordUser(self.stack, user)
        job = requester.submit_imagine(prompt, **options)
        self.requesters[job] = requester
        return job

    def wait_for_result(self, job: str) -> dict[str, Any]:
        """Wait for the job's result message."""
        return self.requesters[job].wait_for_result(job)

    def assert_image_posted(self, job: str) -> None:
        """Wait for the result and assert that it has an image."""
        answer = self.wait_for_result(job)
        assert len(list_media(answer)) == 1, "\n".join(iter_message_texts(answer))

    def wait_for_result_text(self, job: str) -> str:
        """Wait for the result and return its text."""
        return "\n".join(iter_message_texts(self.wait_for_result(job)))

    def list_calls(self, prompt: str) -> list[dict[str, Any]]:
        """List the calls that Bedrock received whose body contains this prompt."""
        return [entry for entry in self.list_all_calls() if prompt in str(entry["body"])]

    def list_all_calls(self) -> list[dict[str, Any]]:
        """List all calls that Bedrock received."""
        entries: list[dict[str, Any]] = request_json("GET", f"{self.stack.bedrock_url}/control/calls")
        return entries

    def count_billed_calls(self, prompt: str) -> int:
        """Count the billed calls whose body contains this prompt."""
        return sum(entry["billed"] for entry in self.list_calls(prompt))

    def inject_bedrock_fault(self, fault: str, times: int, prompt: str) -> None:
        """Schedule a fault for the next calls whose prompt contains this text."""
        body = {"fault": fault, "times": times, "match": {"prompt": prompt}}
        request_json("POST", f"{self.stack.bedrock_url}/control/faults", body)

    def read_job_counters(self, job: str) -> dict[str, int]:
        """Read a job's counters from Redis."""
        names = ("calls", "unknown_calls", "crashes")
        row: Any = self.client.hmget(DEFAULT_KEYS.job_key(job), names)
        return {name: int(value or 0) for name, value in zip(names, row, strict=True)}

    def count_leases(self, stage: str = "generate") -> int:
        """Count the leases of a stage."""
        return int(self.client.zcard(DEFAULT_KEYS.leases_key(stage)))

    def assert_one_result_per_job(self) -> None:
        """Assert that every job has exactly one message in its thread."""
        message_counts = {}
        for job, requester in self.requesters.items():
            self.wait_for_result(job)
            thread = requester.wait_for_status(job)["thread"]["id"]
            message_counts[job] = len(requester.list_messages(thread))
        assert set(message_counts.values()) <= {1}, message_counts

    def assert_ledger_balances(self) -> None:
        """Assert that the ledger names every call that Bedrock billed, and no other whose fate is known."""
        assert_ledger_balances(self.stack)


@contextlib.contextmanager
def open_fault_stack(
    folder: Path,
    *,
    start: tuple[str, ...] = ("worker", "bot"),
    constants: Mapping[str, float] = MappingProxyType({}),
    **settings: str,
) -> Iterator[FaultStack]:
    """Run a stack, and assert at the end that every job has exactly one result.

    `constants` of the bot, by their names with their modules, are other ones than in production.
    """
    logs = folder / "logs"
    with contextlib.ExitStack() as exit_stack:
        stack = exit_stack.enter_context(
            run_stack(
                logs,
                discord_options=("--no-rate-limits",),
                bedrock_options=("--latency", "0.2"),
                settings=SETTINGS | settings,
                services=tuple(name for name in start if name != "bot" or not constants),
            )
        )
        if constants:
            bot = stack.processes["bot"] = Process("bot", build_arguments("bot", constants), logs, stack.environment)
            exit_stack.callback(bot.stop)
        wait_until_ready(stack)
        if stack.redis is None:
            pytest.skip("REDIS_URL names a server that is not ours to stop")
        with redis.Redis.from_url(stack.redis_url) as client:
            for user in USERS:
                request_json("POST", f"{stack.discord_url}/control/users", {"name": user})
            fault_stack = FaultStack(stack, stack.redis, client, logs)
            try:
                yield fault_stack
                fault_stack.assert_one_result_per_job()
                fault_stack.assert_ledger_balances()
            finally:
                for worker in fault_stack.workers:
                    worker.stop()
