"""A house in which workers come and go, and the books that must balance afterwards."""

import contextlib
import os
import signal
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import redis

from demo.first_picture import wait_until_ready, words_of
from demo.house import House, open_house
from demo.processes import Process
from demo.redis import RedisServer
from demo.web import call
from tests.e2e.asker import Asker, media_of, until

LEASE = 3
PEOPLE = ("grace", "linus", "margaret")
SETTINGS = {"BEDROCK_CALL_SECONDS": "5", "LEASE_SECONDS": str(LEASE)}


@dataclass
class Stage:
    """The house with its Redis; `asked` are the jobs that were accepted, with who asked."""

    house: House
    server: RedisServer
    client: redis.Redis
    folder: Path
    asked: dict[str, Asker] = field(default_factory=dict)
    workers: list[Process] = field(default_factory=list)

    def start_worker(
        self,
        redis_url: str | None = None,
        *,
        wait: bool = True,
        arguments: tuple[str, ...] = ("-m", "worker"),
        **settings: str,
    ) -> Process:
        """Start one worker more, and wait until it says that it is ready."""
        environment = {**self.house.environment, **settings}
        if redis_url:
            environment["REDIS_URL"] = redis_url
        worker = Process(f"worker-{len(self.workers) + 1}", arguments, self.folder, environment)
        self.workers.append(worker)
        if wait:
            until(lambda: "worker ready" in worker.log.read_text(), "a worker that is ready")
        return worker

    def kill(self, worker: Process) -> None:
        """End one of our workers with SIGKILL: nothing of it is left to clean up after itself."""
        os.kill(worker.pid, signal.SIGKILL)
        worker.stop()

    def ask(self, prompt: str, user: str = "ada", **options: Any) -> str:
        """Ask for a picture; the answer is the job's id."""
        asker = Asker(self.house, user)
        job = asker.ask(prompt, **options)
        self.asked[job] = asker
        return job

    def ending(self, job: str) -> dict[str, Any]:
        """Wait for the job's ending."""
        return self.asked[job].answer(job)

    def picture_of(self, job: str) -> None:
        """Hold that the job ended with a picture."""
        answer = self.ending(job)
        assert len(media_of(answer)) == 1, "\n".join(words_of(answer))

    def words_of(self, job: str) -> str:
        """Wait for the job's ending, and give its words."""
        return "\n".join(words_of(self.ending(job)))

    def calls(self, prompt: str) -> list[dict[str, Any]]:
        """Give the stand-in's books of the calls whose prompt contains this."""
        return [entry for entry in self.all_calls() if prompt in str(entry["body"])]

    def all_calls(self) -> list[dict[str, Any]]:
        """Give all of the stand-in's books."""
        entries: list[dict[str, Any]] = call("GET", f"{self.house.bedrock_url}/control/calls")
        return entries

    def billed(self, prompt: str) -> int:
        """Count what was paid for."""
        return sum(entry["billed"] for entry in self.calls(prompt))

    def order_fault(self, fault: str, times: int, prompt: str) -> None:
        """Let the next calls whose prompt contains this meet a fault."""
        ordered = {"fault": fault, "times": times, "match": {"prompt": prompt}}
        call("POST", f"{self.house.bedrock_url}/control/faults", ordered)

    def counts(self, job: str) -> dict[str, int]:
        """Give the ledger's counters of a job."""
        names = ("calls", "doubts", "crashes")
        row: Any = self.client.hmget(f"pentimento:job:{job}", names)
        return {name: int(value or 0) for name, value in zip(names, row, strict=True)}

    def running(self, lane: str = "generate") -> int:
        """Count the leases of a lane."""
        return int(self.client.zcard(f"pentimento:leases:{lane}"))

    def balance(self) -> None:
        """Hold that every job has exactly one message in its thread."""
        told = {}
        for job, asker in self.asked.items():
            self.ending(job)
            thread = asker.status(job)["thread"]["id"]
            told[job] = len(asker.messages(thread))
        assert set(told.values()) <= {1}, told


@contextlib.contextmanager
def open_stage(folder: Path, *, start: tuple[str, ...] = ("worker", "bot"), **settings: str) -> Iterator[Stage]:
    """Open a house, and balance its books when all is over."""
    with open_house(
        folder / "logs",
        discord_options=("--no-rate-limits",),
        bedrock_options=("--latency", "0.2"),
        settings=SETTINGS | settings,
        start=start,
    ) as house:
        wait_until_ready(house)
        if house.redis is None:
            pytest.skip("REDIS_URL names a server that is not ours to stop")
        with redis.Redis.from_url(house.redis_url) as client:
            for person in PEOPLE:
                call("POST", f"{house.discord_url}/control/users", {"name": person})
            stage = Stage(house, house.redis, client, folder / "logs")
            try:
                yield stage
                stage.balance()
            finally:
                for worker in stage.workers:
                    worker.stop()
