"""Starts and kills bots of a running stack, and reads the state of a job in Discord, Redis and the database."""

import os
import signal
from collections import defaultdict
from typing import Any

import redis

from bot.rendering.outcome_views import compute_component_id
from demo.http_client import request_json
from demo.processes import Process
from demo.stack import Stack
from shared.queue.keys import DEFAULT_KEYS
from tests.support.process_logs import wait_for_log
from tests.support.records import query_records
from tests.support.user import wait_until


class BotProcesses:
    """Starts and kills bots, which connect to Redis at `redis_url`."""

    def __init__(self, stack: Stack, redis_url: str) -> None:
        self.stack = stack
        self.redis_url = redis_url
        self.processes: list[Process] = []

    @property
    def latest(self) -> Process:
        return self.processes[-1]

    def start(self, *, wait: bool = True) -> Process:
        """Start another bot and wait until it is online."""
        folder = self.stack.processes["discord"].log.parent
        environment = {**self.stack.environment, "REDIS_URL": self.redis_url}
        bot = Process(f"bot-{len(self.processes) + 1}", ("-m", "bot"), folder, environment)
        self.processes.append(bot)
        if wait:
            wait_for_log(bot, "ready as")
        return bot

    def kill(self, bot: Process) -> None:
        """Kill a bot with SIGKILL, so that it cannot clean up."""
        os.kill(bot.pid, signal.SIGKILL)
        bot.stop()

    def stop_all(self) -> None:
        """Stop all bots that are still running."""
        for bot in self.processes:
            bot.stop()


def inject_discord_fault(stack: Stack, action: str, method: str, path: str, times: int = 1, **more: Any) -> None:
    """Schedule a fault for requests to Discord's API."""
    match = {"method": method, "path_regex": path}
    request_json(
        "POST", f"{stack.discord_url}/control/faults", {"match": match, "action": action, "times": times, **more}
    )


def clear_discord_faults(stack: Stack) -> None:
    request_json("DELETE", f"{stack.discord_url}/control/faults")


def list_result_channels(stack: Stack, job: str) -> list[str]:
    """List the channels that have a result message of a job, once for each message."""
    return _list_result_channels(stack)[compute_component_id(job)]


def count_results(stack: Stack, *jobs: str) -> list[int]:
    """Count the result messages of each job in all channels, by the component id that identifies the job."""
    channels = _list_result_channels(stack)
    return [len(channels[compute_component_id(job)]) for job in jobs]


def _list_result_channels(stack: Stack) -> dict[int, list[str]]:
    """List the channels of the bot's messages by the ids of their outermost components."""
    channels: dict[int, list[str]] = defaultdict(list)
    for channel, messages in request_json("GET", f"{stack.discord_url}/control/state")["messages"].items():
        for message in messages:
            if message["author"].get("bot") and not message.get("deleted"):
                for component in message["components"]:
                    channels[component.get("id")].append(channel)
    return channels


def read_job_record(stack: Stack, job: str) -> tuple[str, int | None] | None:
    """Read a job's state and the id of its result message from the database."""
    rows = query_records(stack, "SELECT state, outcome_message_id FROM jobs WHERE id = ?", job)
    return rows[0] if rows else None


def wait_until_queued(stack: Stack, job: str) -> None:
    """Wait until the queue has accepted or refused a job, which is after its status message is posted."""
    wait_until(lambda: (read_job_record(stack, job) or ("accepted",))[0] != "accepted", f"job {job} in the queue")


def wait_until_delivered(stack: Stack, job: str) -> None:
    """Wait until the record of a job says that its outcome was delivered, which is after the message is posted."""
    wait_until(lambda: (read_job_record(stack, job) or ("",))[0] == "delivered", f"the delivered record of job {job}")


def read_job_field(stack: Stack, job: str, field: str = "state") -> str | None:
    """Read a field of a job's hash in Redis."""
    with redis.Redis.from_url(stack.redis_url, decode_responses=True) as client:
        value: str | None = client.hget(DEFAULT_KEYS.job_key(job), field)
        return value


def count_unacknowledged(stack: Stack) -> int:
    """Count the outcomes in the stream that have not been acknowledged, read or unread."""
    with redis.Redis.from_url(stack.redis_url) as client:
        return int(client.xlen(DEFAULT_KEYS.outcome_stream))
