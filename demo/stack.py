"""The whole stack: Redis, the two stand-ins, the real worker and the real bot, all on loopback."""

import contextlib
import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from demo.http_client import request_json
from demo.processes import Process, build_clean_environment
from demo.redis import RedisServer, run_redis

BOT_TOKEN = "demo-token"  # noqa: S105 - valid only for the stand-in
CATALOGUE_FILE = Path(__file__).parent / "catalogue.toml"
EXTRAS_USER = "ada"
ACCESS_KEY, SECRET_KEY = "AKIADEMODEMODEMODEMO", "demo-secret-access-key"


@dataclass(frozen=True)
class Stack:
    """The running processes and their URLs. `redis` is None if REDIS_URL names an external server."""

    discord_url: str
    bedrock_url: str
    redis_url: str
    channel_id: str
    environment: dict[str, str]
    redis: RedisServer | None
    processes: dict[str, Process]

    def check_running(self) -> None:
        """Raise `ProcessExitedError` if any process has ended."""
        for process in self.processes.values():
            process.check_running()


@contextlib.contextmanager
def run_stack(
    logs: Path,
    *,
    port: int = 0,
    record: Path | None = None,
    discord_options: tuple[str, ...] = (),
    bedrock_options: tuple[str, ...] = (),
    settings: dict[str, str] | None = None,
    services: tuple[str, ...] = ("worker", "bot"),
) -> Iterator[Stack]:
    """Start everything, and stop it in reverse order.

    `port` is the chat page's port. `record` is the file for the REST exchanges.
    """
    logs.mkdir(parents=True, exist_ok=True)
    with contextlib.ExitStack() as exit_stack:
        redis_url, redis = os.environ.get("REDIS_URL"), None
        if not redis_url:
            redis = exit_stack.enter_context(run_redis())
            redis_url = redis.url
        database_folder = exit_stack.enter_context(tempfile.TemporaryDirectory(prefix="pentimento-records-"))
        environment = build_clean_environment()
        processes: dict[str, Process] = {}

        def run(name: str, *arguments: str) -> Process:
            process = processes[name] = Process(name, arguments, logs, environment)
            exit_stack.callback(process.stop)
            return process

        record_options = ("--record", str(record.absolute())) if record else ()
        discord = run(
            "discord",
            "-m",
            "demo.standins.discord",
            "--port",
            str(port),
            "--token",
            BOT_TOKEN,
            *record_options,
            *discord_options,
        )
        bedrock = run("bedrock", "-m", "demo.standins.bedrock", "--port", "0", *bedrock_options)
        discord_report, bedrock_report = discord.wait_for_report(), bedrock.wait_for_report()
        environment |= {
            "REDIS_URL": redis_url,
            "DATABASE_URL": f"sqlite:///{database_folder}/pentimento.db",
            "DISCORD_TOKEN": BOT_TOKEN,
            "DISCORD_API_URL": f"{discord_report['url']}/api/v10",
            "ATTACHMENT_HOSTS": "127.0.0.1",
            "CATALOGUE_FILE": str(CATALOGUE_FILE),
            "EXTRAS_ALLOWED_USERS": _find_user_id(discord_report["url"], EXTRAS_USER),
            "AWS_REGION": "us-west-2",
            "AWS_ACCESS_KEY_ID": ACCESS_KEY,
            "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_ENDPOINT_URL_BEDROCK_RUNTIME": bedrock_report["url"],
            "AWS_ENDPOINT_URL_BEDROCK": bedrock_report["url"],
            "AWS_ENDPOINT_URL_STS": bedrock_report["url"],
            "MALLOC_ARENA_MAX": "2",
            **(settings or {}),
        }
        for name in services:
            run(name, "-m", name)
        yield Stack(
            discord_url=discord_report["url"],
            bedrock_url=bedrock_report["url"],
            redis_url=redis_url,
            channel_id=discord_report["channel_id"],
            environment=environment,
            redis=redis,
            processes=processes,
        )


def _find_user_id(discord_url: str, name: str) -> str:
    users = request_json("GET", f"{discord_url}/control/state")["users"]
    return next(str(user["id"]) for user in users if user["username"] == name)
