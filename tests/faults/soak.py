"""`make soak`: the real processes under a random fault every few seconds; afterwards the books are balanced.

    python -m tests.faults.soak --seconds 300 --seed 1

Balanced means: every accepted request has exactly one ending in its thread or beside its status message; no job was
paid for more than twice, or twice without a call whose fate was unknown; no call was paid for that was not recorded.
Exit code 0 when they balance, 1 with what does not.
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
    """One run: the house, its two halves as they come and go, and what was done to them."""

    stack: Stack
    server: RedisServer
    logs: Path
    rng: random.Random
    processes: dict[str, Process] = field(default_factory=dict)
    event_counts: Counter[str] = field(default_factory=Counter)
    request_count: int = 0

    def start(self, half: str) -> None:
        """Start a half anew, its log beside the earlier ones."""
        name = f"{half}-{self.event_counts[f'start of the {half}'] + 1}"
        self.processes[half] = Process(name, ("-m", half), self.logs, self.stack.environment)
        self.event_counts[f"start of the {half}"] += 1

    def restart(self, half: str, with_signal: signal.Signals) -> None:
        """End a half and start it again, as a supervisor does."""
        os.kill(self.processes[half].pid, with_signal)
        self.processes[half].stop()
        self.start(half)

    def submit_request(self) -> None:
        """Use /imagine as somebody; one in three attaches a picture."""
        self.request_count += 1
        prompt = f"soak-{self.request_count}. {self.rng.choice(FAULT_WORDS)}".strip()
        asker = DiscordUser(self.stack, self.rng.choice(USERS))
        picture = {} if self.rng.random() < 1 / 3 else {"image": None}
        asker.submit_imagine(prompt, model=self.rng.choice(("sdxl", "sd3.5-large")), **picture)

    def inject_fault(self, fault: str) -> None:
        """Let a fault happen."""
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
    "worker told to stop": lambda soak: soak.restart("worker", signal.SIGTERM),
    "bot killed": lambda soak: soak.restart("bot", signal.SIGKILL),
    "bot told to stop": lambda soak: soak.restart("bot", signal.SIGTERM),
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
    """What the records, the Discord stand-in and the Bedrock stand-in each counted, by job."""

    outcome_counts: Counter[int]
    billed_calls: Counter[str]
    recorded_calls: dict[str, int]
    unknown_calls: dict[str, int]
    record_states: Counter[str]

    def find_discrepancies(self) -> list[str]:
        """Give a line for everything that does not balance."""
        wrong = [f"job {job} has {count} endings" for job, count in self.outcome_counts.items() if count != 1]
        for job, paid in self.billed_calls.items():
            if paid > 2 or (paid == 2 and not self.unknown_calls[job]):
                wrong.append(
                    f"job {job} was paid for {paid} times with {self.unknown_calls[job]} calls of unknown fate"
                )
            if paid > self.recorded_calls[job]:
                wrong.append(f"job {job} was paid for {paid} times, {self.recorded_calls[job]} calls are recorded")
        still_open = sum(count for state, count in self.record_states.items() if state in {"accepted", "queued"})
        return wrong + ([f"{still_open} jobs are still open"] if still_open else [])


def run_soak(seconds: float, seed: int, say: Callable[[str], object] = print) -> list[str]:
    """Soak for so long and balance the books; the answer is what does not balance."""
    with tempfile.TemporaryDirectory(prefix="pentimento-soak-") as folder:
        logs = Path(folder) / "logs"
        options = {"discord_options": ("--no-rate-limits",), "bedrock_options": ("--latency", "0.4")}
        with run_stack(logs, settings=SETTINGS, services=(), **options) as stack:  # type: ignore[arg-type]
            if stack.redis is None:
                raise SystemExit("REDIS_URL names a server that is not ours to stop. Unset it for a soak.")
            soak = Soak(stack, stack.redis, logs, random.Random(seed))
            try:
                return _run_soak(soak, seconds, say)
            finally:
                for half in soak.processes.values():
                    half.stop()


def _run_soak(soak: Soak, seconds: float, say: Callable[[str], object]) -> list[str]:
    for name in USERS[2:]:
        request_json("POST", f"{soak.stack.discord_url}/control/users", {"name": name})
    for half in ("worker", "bot"):
        soak.start(half)
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
        except StandInResponseError as refused:
            say(f"the faults could not be taken back: {refused}")
    patience = time.monotonic() + SETTLE_SECONDS
    books = read_accounts(soak.stack)
    while books.find_discrepancies() and time.monotonic() < patience:
        time.sleep(1)
        books = read_accounts(soak.stack)
    _print_report(soak, books, seconds, say)
    return books.find_discrepancies()


def read_accounts(stack: Stack) -> Accounts:
    """Read all three books."""
    file = stack.environment["DATABASE_URL"].removeprefix("sqlite:///")
    with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as records:
        jobs: list[tuple[str, int, str, str]] = records.execute(
            "SELECT id, status_message_id, state, job_json FROM jobs WHERE state != 'rejected'"
        ).fetchall()
        counted = records.execute(
            "SELECT job_id, sum(calls), sum(unknown_calls) FROM queue_entries GROUP BY job_id"
        ).fetchall()
    posted = _count_results(request_json("GET", f"{stack.discord_url}/control/state"))
    number = {job_id: written.split("soak-")[1].split(".")[0] for job_id, _, _, written in jobs}
    billed: Counter[str] = Counter()
    by_number = {value: job_id for job_id, value in number.items()}
    for entry in request_json("GET", f"{stack.bedrock_url}/control/calls"):
        if entry["billed"]:
            billed[by_number.get(str(entry["body"]).split("soak-")[1].split(".")[0], "unknown")] += 1
    return Accounts(
        outcome_counts=Counter({int(job_id): posted[str(message)] for job_id, message, _, _ in jobs}),
        billed_calls=billed,
        recorded_calls=Counter({job_id: int(calls) for job_id, calls, _ in counted}),
        unknown_calls=Counter({job_id: int(doubts) for job_id, _, doubts in counted}),
        record_states=Counter(state for _, _, state, _ in jobs),
    )


def _count_results(state: dict[str, Any]) -> Counter[str]:
    """Count the bot's answers by the status message they belong to: in its thread, or in reply to it."""
    found: Counter[str] = Counter()
    for channel, messages in state["messages"].items():
        for message in messages:
            if message.get("deleted") or not message["flags"] & 1 << 15:
                continue
            reference = message.get("message_reference") or {}
            found[reference.get("message_id") or channel] += 1
    return found


def _print_report(soak: Soak, books: Accounts, seconds: float, say: Callable[[str], object]) -> None:
    say(f"| {seconds:.0f} s | count |\n| --- | --- |")
    lines = {
        "requests asked": soak.request_count,
        "requests accepted (records)": books.record_states.total(),
        "endings in threads (Discord's count)": books.outcome_counts.total(),
        "jobs with more than one ending": sum(count > 1 for count in books.outcome_counts.values()),
        "jobs without an ending": sum(count < 1 for count in books.outcome_counts.values()),
        "calls recorded (attempts)": sum(books.recorded_calls.values()),
        "calls paid (Bedrock's count)": books.billed_calls.total(),
        "jobs paid twice, the first call's fate unknown": sum(count == 2 for count in books.billed_calls.values()),
        "jobs paid more than twice": sum(count > 2 for count in books.billed_calls.values()),
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
    print("\n".join(problems) if problems else "The books balance.")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
