"""What a soak does to the processes, to Redis, to Discord and to Bedrock."""

import os
import random
import signal
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

import redis

from demo.http_client import request_json
from demo.processes import Process
from demo.redis import RedisServer
from demo.stack import Stack
from shared.queue.keys import DEFAULT_KEYS
from tests.faults.soak_accounts import PROMPT
from tests.support.poison_rows import UNREADABLE_JOBS, plant_lines, poison_outcome, poison_waiting_job
from tests.support.process_logs import wait_for_log
from tests.support.redis_files import copy_redis_file, restore_redis_file
from tests.support.redis_refusals import REDIS_TROUBLES
from tests.support.server import find_owner
from tests.support.user import DiscordUser, wait_until

PAUSED_GUILDS: Final = f"{DEFAULT_KEYS.prefix}paused_guilds"
USERS: Final = ("ada", "ben", "cleo", "dan", "eve")
FAULT_WORDS: Final = (*[""] * 6, "[filtered]", "[throttle-once]", "[internal-once]", "[error]", "[drop-once]")
REQUEST_INTERVAL_SECONDS: Final = 0.4
OUTCOME_SECONDS: Final = 6.0
STALLED_CALLS: Final = 3
"""So many in a row pause a model."""


@dataclass
class Soak:
    """One run: the stack, the current bot and worker, and counts of what happened."""

    stack: Stack
    server: RedisServer
    client: redis.Redis
    logs: Path
    rng: random.Random
    processes: dict[str, Process] = field(default_factory=dict)
    event_counts: Counter[str] = field(default_factory=Counter)
    request_count: int = 0
    readable_outcomes: dict[str, bytes] = field(default_factory=dict)

    def start(self, name: str) -> None:
        """Start the bot or the worker, with a log of its own."""
        self.event_counts[f"start of the {name}"] += 1
        log_name = f"{name}-{self.event_counts[f'start of the {name}']}"
        self.processes[name] = Process(log_name, ("-m", name), self.logs, self.stack.environment)

    def restart(self, name: str, with_signal: signal.Signals) -> None:
        """End the bot or the worker and start it again, as a supervisor does."""
        self.processes[name].check_running()
        os.kill(self.processes[name].pid, with_signal)
        self.processes[name].stop()
        self.start(name)

    def stop_all(self) -> None:
        """Stop bot and worker."""
        for process in self.processes.values():
            process.stop()

    def wait_for_log(self, name: str, text: str) -> None:
        """Wait until the current bot or worker has logged this."""
        process = self.processes[name]
        wait_for_log(process, text)
        process.check_running()

    def submit_request(self) -> None:
        """Use /imagine as a random user, every third time with an attachment."""
        self.request_count += 1
        prompt = f"{PROMPT.format(number=self.request_count)} {self.rng.choice(FAULT_WORDS)}".strip()
        user = DiscordUser(self.stack, self.rng.choice(USERS))
        picture: dict[str, Any] = {} if self.rng.random() < 1 / 3 else {"image": None}
        user.submit_imagine(prompt, command=self.rng.choice(("sdxl", "imagine")), **picture)

    def submit_requests(self, seconds: float) -> None:
        """Submit requests, one after the other."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.submit_request()
            time.sleep(REQUEST_INTERVAL_SECONDS)

    def queue_requests(self, seconds: float, then: Callable[[], object]) -> None:
        """Submit requests that no worker takes, and do something while they wait."""
        worker = self.processes["worker"]
        os.kill(worker.pid, signal.SIGSTOP)
        try:
            self.submit_requests(seconds)
            then()
        finally:
            os.kill(worker.pid, signal.SIGCONT)

    def inject_fault(self, fault: str) -> None:
        """Inject a fault and count it."""
        FAULTS[fault](self)
        self.event_counts[fault] += 1

    def inject_discord_fault(self, action: str) -> None:
        match = {"path_regex": "/channels/.*/messages"}
        fault = {"match": match, "action": action, "times": self.rng.randint(1, 3), "via": True, "retry_after": 1}
        request_json("POST", f"{self.stack.discord_url}/control/faults", fault)

    def inject_bedrock_fault(self, fault: str, least: int = 1) -> None:
        body = {"fault": fault, "times": self.rng.randint(least, 5)}
        request_json("POST", f"{self.stack.bedrock_url}/control/faults", body)

    def send_gateway_op(self, op: str) -> None:
        request_json("POST", f"{self.stack.discord_url}/control/gateway", {"op": op})

    def restart_redis(self) -> None:
        self.server.stop()
        time.sleep(self.rng.uniform(0, 2))
        self.server.start()

    def freeze_redis(self) -> None:
        os.kill(self.server.pid, signal.SIGSTOP)
        time.sleep(self.rng.uniform(0.5, 3))
        os.kill(self.server.pid, signal.SIGCONT)

    def reset_connections(self) -> None:
        self.client.client_kill_filter(_type="normal")

    def let_redis_refuse(self, code: str) -> None:
        """Let Redis refuse for seconds, while people go on."""
        with REDIS_TROUBLES[code](self.server, self.client):
            self.submit_requests(self.rng.uniform(1, 4))

    def restore_redis(self) -> None:
        """Copy Redis's file while requests wait, go on, and restore the copy."""
        backup = Path(tempfile.mkdtemp(dir=self.logs.parent)) / "copy"
        self.queue_requests(self.rng.uniform(1, 2), lambda: copy_redis_file(self.server, backup))
        self.submit_requests(self.rng.uniform(0, 4))
        self.wait_until_calls_are_recorded()
        restore_redis_file(self.server, backup)

    def empty_redis(self) -> None:
        self.wait_until_calls_are_recorded()
        self.client.flushall()

    def wait_until_calls_are_recorded(self) -> None:
        """Wait for a bot that has read the log of calls. Calls made while no bot runs are known to Redis alone."""
        self.wait_for_log("bot", "ready as")
        wait_until(lambda: self.client.xlen(DEFAULT_KEYS.call_log) == 0, "an empty log of calls")

    def roll_over(self) -> None:
        """Replace worker and bot with requests in the queue, in the documented order: a new worker beside the old."""
        before = self.processes["worker"]
        self.submit_requests(self.rng.uniform(0.5, 1.5))
        self.start("worker")
        self.wait_for_log("worker", "worker ready")
        before.stop()
        self.submit_requests(self.rng.uniform(0.5, 1.5))
        self.restart("bot", signal.SIGTERM)

    def pause_queue(self) -> None:
        """Pause the server's queue, kill worker and bot while requests wait, and resume it."""
        self.moderate("pause", is_paused=True)
        self.submit_requests(self.rng.uniform(0.5, 1.5))
        for name in ("worker", "bot"):
            self.restart(name, signal.SIGKILL)
        self.submit_requests(self.rng.uniform(0.5, 1.5))
        self.moderate("resume", is_paused=False)

    def moderate(self, subcommand: str, *, is_paused: bool) -> None:
        """Pause or resume the queue as the server's owner, who tries again if the bot did not hear it."""
        owner = find_owner(self.stack)
        self.wait_for_log("bot", "ready as")

        def moderate() -> bool:
            owner.invoke_command(f"moderate {subcommand}", self.stack.channel_id)
            time.sleep(1)
            return bool(self.client.exists(PAUSED_GUILDS)) == is_paused

        wait_until(moderate, f"the effect of /moderate {subcommand}", 60)

    def poison_jobs(self) -> None:
        """Make waiting requests unreadable."""

        def poison() -> None:
            for _ in range(self.rng.randint(1, 3)):
                if poison_waiting_job(self.client, self.rng.choice(UNREADABLE_JOBS)):
                    self.event_counts["unreadable job"] += 1

        self.queue_requests(self.rng.uniform(1, 2), poison)

    def poison_outcomes(self) -> None:
        """Make outcomes unreadable that wait for a bot."""
        self.queue_requests(self.rng.uniform(1, 2), self.processes["bot"].stop)
        deadline = time.monotonic() + OUTCOME_SECONDS
        while self.client.xlen(DEFAULT_KEYS.outcome_stream) < 2 and time.monotonic() < deadline:
            time.sleep(0.1)
        if poisoned := poison_outcome(self.client):
            self.event_counts["unreadable outcome"] += 1
            self.readable_outcomes.setdefault(*poisoned)
        self.start("bot")

    def plant_lines(self) -> None:
        plant_lines(self.client)

    def repair_outcomes(self) -> None:
        """Be the release that can read what was made unreadable."""
        for job, outcome in self.readable_outcomes.items():
            if self.client.hget(DEFAULT_KEYS.job_key(job), "state") == b"finished":
                self.client.hset(DEFAULT_KEYS.job_key(job), "outcome", outcome)
        self.restart("bot", signal.SIGTERM)


FAULTS: Final[Mapping[str, Callable[[Soak], None]]] = MappingProxyType(
    {
        "worker killed": lambda soak: soak.restart("worker", signal.SIGKILL),
        "worker terminated": lambda soak: soak.restart("worker", signal.SIGTERM),
        "bot killed": lambda soak: soak.restart("bot", signal.SIGKILL),
        "bot terminated": lambda soak: soak.restart("bot", signal.SIGTERM),
        "bot and worker rolled over": Soak.roll_over,
        "queue paused, bot and worker killed": Soak.pause_queue,
        "Redis restarted": Soak.restart_redis,
        "Redis frozen": Soak.freeze_redis,
        "Redis connections reset": Soak.reset_connections,
        "Redis restored": Soak.restore_redis,
        "Redis emptied": Soak.empty_redis,
        **{f"Redis refuses: {code}": partial(Soak.let_redis_refuse, code=code) for code in REDIS_TROUBLES},
        "Discord answers 503": lambda soak: soak.inject_discord_fault("status:503"),
        "Discord answers 502 after the message": lambda soak: soak.inject_discord_fault("status_after:502"),
        "Discord drops the upload": lambda soak: soak.inject_discord_fault("drop_after"),
        "Discord answers 429": lambda soak: soak.inject_discord_fault("status:429"),
        "gateway asks to reconnect": lambda soak: soak.send_gateway_op("reconnect"),
        "gateway ends the session": lambda soak: soak.send_gateway_op("invalid_session"),
        "Bedrock throttles": lambda soak: soak.inject_bedrock_fault("throttle"),
        "Bedrock drops the connection": lambda soak: soak.inject_bedrock_fault("drop"),
        "Bedrock stalls": lambda soak: soak.inject_bedrock_fault("hang", least=STALLED_CALLS),
        "unreadable jobs": Soak.poison_jobs,
        "unreadable outcomes": Soak.poison_outcomes,
        "lines that are none": Soak.plant_lines,
    }
)
