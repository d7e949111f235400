"""`make soak`: runs the real processes with a random fault every few seconds, then checks all accounts.

    python -m tests.faults.soak --seconds 300 --seed 1

The accounts balance if every accepted request has exactly one result in its thread or in reply to its status message;
no job was billed more than twice, or twice without a call of unknown fate; and every billed call was recorded. Exit
code 0 if they balance, 1 after a list of discrepancies.
"""

import argparse
import os
import random
import signal
import sqlite3
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import redis

from demo.first_picture import wait_until_ready
from demo.http_client import StandInResponseError, request_json
from demo.processes import Process
from demo.redis import RedisServer
from demo.stack import Stack, run_stack
from tests.support.user import DiscordUser

USERS = ("ada", "ben", "cleo", "dan", "eve")
FAULT_WORDS = ("", "", "", "", "", "", "[filtered]", "[throttle-once]", "[internal-once]", "[error]", "[drop-once]")
REQUEST_INTERVAL_SECONDS = 0.4
FAULT_INTERVAL_SECONDS = (3.0, 6.0)
SETTLE_SECONDS = 120.0
SETTINGS = {
    "LEASE_SECONDS": "3",
    "BEDROCK_CALL_SECONDS": "5",
    "RECONCILE_INTERVAL_SECONDS": "2",
    "MAX_RUNNING_PER_USER": "8",
    **{
        f"MAX_{limit}_PER_{whose}": "100000"
        for limit in ("WAITING", "PER_MINUTE")
        for whose in ("USER", "CHANNEL", "GUILD")
    },
}


@dataclass
class Soak:
    """One run: the stack, the current bot and worker processes, and counts of the injected faults."""

    stack: Stack
    server: RedisServer
    logs: Path
    rng: random.Random
    processes: dict[str, Process] = field(default_factory=dict)
    event_counts: Counter[str] = field(default_factory=Counter)
    request_count: int = 0

    def start(self, name: str) -> None:
        """Start the bot or the worker, with a log of its own."""
        log_name = f"{name}-{self.event_counts[f'start of the {name}'] + 1}"
        self.processes[name] = Process(log_name, ("-m", name), self.logs, self.stack.environment)
        self.event_counts[f"start of the {name}"] += 1

    def restart(self, name: str, with_signal: signal.Signals) -> None:
        """End the bot or the worker and start it again, as a supervisor does."""
        os.kill(self.processes[name].pid, with_signal)
        self.processes[name].stop()
        self.start(name)

    def submit_request(self) -> None:
        """Use /imagine as a random user, every third time with an attachment."""
        self.request_count += 1
        prompt = f"soak-{self.request_count}. {self.rng.choice(FAULT_WORDS)}".strip()
        user = DiscordUser(self.stack, self.rng.choice(USERS))
        picture = {} if self.rng.random() < 1 / 3 else {"image": None}
        user.submit_imagine(prompt, model=self.rng.choice(("sdxl", "sd3.5-large")), **picture)

    def inject_fault(self, fault: str) -> None:
        """Inject a fault and count it."""
        FAULTS[fault](self)
        self.event_counts[fault] += 1

    def inject_discord_fault(self, action: str, path: str = "/channels/.*/messages") -> None:
        fault = {"match": {"path_regex": path}, "action": action, "times": self.rng.randint(1, 3), "via": True}
        request_json("POST", f"{self.stack.discord_url}/control/faults", fault | {"retry_after": 1})

    def inject_bedrock_fault(self, fault: str) -> None:
        request_json(
            "POST", f"{self.stack.bedrock_url}/control/faults", {"fault": fault, "times": self.rng.randint(1, 5)}
        )

    def restart_redis(self) -> None:
        self.server.stop()
        time.sleep(self.rng.uniform(0, 2))
        self.server.start()

    def freeze_redis(self) -> None:
        os.kill(self.server.pid, signal.SIGSTOP)
        time.sleep(self.rng.uniform(0.5, 3))
        os.kill(self.server.pid, signal.SIGCONT)

    def reset_connections(self) -> None:
        with redis.Redis.from_url(self.stack.redis_url) as client:
            client.client_kill_filter(_type="normal")

    def send_gateway_op(self, op: str) -> None:
        request_json("POST", f"{self.stack.discord_url}/control/gateway", {"op": op})


FAULTS: dict[str, Callable[[Soak], None]] = {
    "worker killed": lambda soak: soak.restart("worker", signal.SIGKILL),
    "worker terminated": lambda soak: soak.restart("worker", signal.SIGTERM),
    "bot killed": lambda soak: soak.restart("bot", signal.SIGKILL),
    "bot terminated": lambda soak: soak.restart("bot", signal.SIGTERM),
    "Redis restarted": Soak.restart_redis,
    "Redis frozen": Soak.freeze_redis,
    "Redis connections reset": Soak.reset_connections,
    "Discord answers 503": lambda soak: soak.inject_discord_fault("status:503"),
    "Discord answers 502 after the message": lambda soak: soak.inject_discord_fault("status_after:502"),
    "Discord drops the upload": lambda soak: soak.inject_discord_fault("drop_after"),
    "Discord answers 429": lambda soak: soak.inject_discord_fault("status:429"),
    "gateway asks to reconnect": lambda soak: soak.send_gateway_op("reconnect"),
    "gateway ends the session": lambda soak: soak.send_gateway_op("invalid_session"),
    "Bedrock throttles": lambda soak: soak.inject_bedrock_fault("throttle"),
    "Bedrock drops the connection": lambda soak: soak.inject_bedrock_fault("drop"),
}


@dataclass(frozen=True)
class Accounts:
    """The counts of the database, the Discord stand-in and the Bedrock stand-in, by job."""

    outcome_counts: Counter[int]
    billed_calls: Counter[str]
    recorded_calls: dict[str, int]
    unknown_calls: dict[str, int]
    record_states: Counter[str]

    def find_discrepancies(self) -> list[str]:
        """Return one line for each discrepancy."""
        lines = [f"job {job} has {count} results" for job, count in self.outcome_counts.items() if count != 1]
        for job, paid in self.billed_calls.items():
            if paid > 2 or (paid == 2 and not self.unknown_calls[job]):
                lines.append(f"job {job} was billed {paid} times with {self.unknown_calls[job]} calls of unknown fate")
            if paid > self.recorded_calls[job]:
                lines.append(f"job {job} was billed {paid} times, {self.recorded_calls[job]} calls are recorded")
        still_open = sum(count for state, count in self.record_states.items() if state in {"accepted", "queued"})
        return lines + ([f"{still_open} jobs are still open"] if still_open else [])


def run_soak(seconds: float, seed: int, say: Callable[[str], object] = print) -> list[str]:
    """Soak for so many seconds and check the accounts; return the discrepancies."""
    with tempfile.TemporaryDirectory(prefix="pentimento-soak-") as folder:
        logs = Path(folder) / "logs"
        options = {"discord_options": ("--no-rate-limits",), "bedrock_options": ("--latency", "0.4")}
        with run_stack(logs, settings=SETTINGS, services=(), **options) as stack:  # type: ignore[arg-type]
            if stack.redis is None:
                raise SystemExit("REDIS_URL names an external server, which a soak must not stop. Unset it.")
            soak = Soak(stack, stack.redis, logs, random.Random(seed))
            try:
                return _run_soak(soak, seconds, say)
            finally:
                for process in soak.processes.values():
                    process.stop()


def _run_soak(soak: Soak, seconds: float, say: Callable[[str], object]) -> list[str]:
    for user in USERS[2:]:
        request_json("POST", f"{soak.stack.discord_url}/control/users", {"name": user})
    for name in ("worker", "bot"):
        soak.start(name)
    wait_until_ready(soak.stack)
    end = time.monotonic() + seconds
    next_fault = time.monotonic() + FAULT_INTERVAL_SECONDS[0]
    while time.monotonic() < end:
        soak.submit_request()
        time.sleep(REQUEST_INTERVAL_SECONDS)
        if time.monotonic() > next_fault:
            soak.inject_fault(soak.rng.choice(list(FAULTS)))
            next_fault = time.monotonic() + soak.rng.uniform(*FAULT_INTERVAL_SECONDS)
    for stand_in in (soak.stack.discord_url, soak.stack.bedrock_url):
        try:
            request_json("DELETE", f"{stand_in}/control/faults")
        except StandInResponseError as error:
            say(f"the faults could not be cleared: {error}")
    deadline = time.monotonic() + SETTLE_SECONDS
    accounts = read_accounts(soak.stack)
    while accounts.find_discrepancies() and time.monotonic() < deadline:
        time.sleep(1)
        accounts = read_accounts(soak.stack)
    _print_report(soak, accounts, seconds, say)
    return accounts.find_discrepancies()


def read_accounts(stack: Stack) -> Accounts:
    """Read the counts of database, Discord and Bedrock."""
    file = stack.environment["DATABASE_URL"].removeprefix("sqlite:///")
    with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as records:
        jobs: list[tuple[str, int, str, str]] = records.execute(
            "SELECT id, status_message_id, state, job_json FROM jobs WHERE state != 'rejected'"
        ).fetchall()
        counted = records.execute(
            "SELECT job_id, sum(calls), sum(unknown_calls) FROM queue_entries GROUP BY job_id"
        ).fetchall()
    posted = _count_results(request_json("GET", f"{stack.discord_url}/control/state"))
    numbers = {job_id: job_json.split("soak-")[1].split(".")[0] for job_id, _, _, job_json in jobs}
    billed: Counter[str] = Counter()
    by_number = {value: job_id for job_id, value in numbers.items()}
    for entry in request_json("GET", f"{stack.bedrock_url}/control/calls"):
        if entry["billed"]:
            billed[by_number.get(str(entry["body"]).split("soak-")[1].split(".")[0], "unknown")] += 1
    return Accounts(
        outcome_counts=Counter({int(job_id): posted[str(message)] for job_id, message, _, _ in jobs}),
        billed_calls=billed,
        recorded_calls=Counter({job_id: int(calls) for job_id, calls, _ in counted}),
        unknown_calls=Counter({job_id: int(unknown) for job_id, _, unknown in counted}),
        record_states=Counter(state for _, _, state, _ in jobs),
    )


def _count_results(state: dict[str, Any]) -> Counter[str]:
    """Count the result messages by their status message: in its thread, or in reply to it."""
    found: Counter[str] = Counter()
    for channel, messages in state["messages"].items():
        for message in messages:
            if message.get("deleted") or not message["flags"] & 1 << 15:
                continue
            reference = message.get("message_reference") or {}
            found[reference.get("message_id") or channel] += 1
    return found


def _print_report(soak: Soak, accounts: Accounts, seconds: float, say: Callable[[str], object]) -> None:
    say(f"| {seconds:.0f} s | count |\n| --- | --- |")
    lines = {
        "requests submitted": soak.request_count,
        "requests accepted (database)": accounts.record_states.total(),
        "results posted (Discord's count)": accounts.outcome_counts.total(),
        "jobs with more than one result": sum(count > 1 for count in accounts.outcome_counts.values()),
        "jobs without a result": sum(count < 1 for count in accounts.outcome_counts.values()),
        "calls recorded (database)": sum(accounts.recorded_calls.values()),
        "calls billed (Bedrock's count)": accounts.billed_calls.total(),
        "jobs billed twice, the first call's fate unknown": sum(count == 2 for count in accounts.billed_calls.values()),
        "jobs billed more than twice": sum(count > 2 for count in accounts.billed_calls.values()),
        **{f"fault: {name}": count for name, count in sorted(soak.event_counts.items())},
    }
    for name, count in lines.items():
        say(f"| {name} | {count} |")


def main(arguments: Sequence[str]) -> int:
    """Soak from the command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults.soak", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seconds", type=float, default=300)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 32))
    options = parser.parse_args(arguments)
    print(f"seed {options.seed}", flush=True)
    problems = run_soak(options.seconds, options.seed)
    print("\n".join(problems) if problems else "The accounts balance.")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
