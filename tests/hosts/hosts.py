"""Bot, Redis, PostgreSQL, two workers, Discord and Bedrock, each on a host of its own."""

import contextlib
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Final

from demo.http_client import request_json
from demo.processes import Process, build_clean_environment
from demo.redis import RedisServer
from demo.stack import ACCESS_KEY, BOT_TOKEN, CATALOGUE_FILE, SECRET_KEY, Stack
from tests.hosts.network import Network
from tests.support.load_stack import SETTINGS
from tests.support.postgresql import find_binaries, open_postgresql
from tests.support.process_logs import wait_for_log

WORKERS: Final = ("worker-1", "worker-2")
HOSTS: Final = ("redis", "postgresql", "bot", *WORKERS, "discord", "bedrock")
USERS: Final = ("ada", "ben", "cleo", "dan", "eve")
CALL_SECONDS: Final = 30
START_SECONDS: Final = 240.0
"""On a busy machine the migrations alone take a minute."""
REDIS_PORT, POSTGRESQL_PORT, DISCORD_PORT, BEDROCK_PORT = 6379, 5432, 8081, 8082
UNLIMITED: Final = MappingProxyType({name: value for name, value in SETTINGS.items() if name.startswith("MAX_")})
"""No limits on members; leases and repairs take as long as in production."""


@dataclass(frozen=True)
class Hosts:
    """The network, and what runs on it."""

    network: Network
    stack: Stack


@contextlib.contextmanager
def run_hosts(folder: Path, **settings: str) -> Iterator[Hosts]:
    """Run everything, and stop it in reverse order. The namespaces of this process must be its own."""
    network = Network(*HOSTS)
    network.create()
    network.publish_on_loopback("discord", "bot", DISCORD_PORT)
    addresses = network.addresses
    binaries = find_binaries()
    assert binaries is not None
    with contextlib.ExitStack() as exit_stack:
        with network.enter("postgresql"):
            exit_stack.enter_context(open_postgresql(binaries, addresses["postgresql"]))
        redis_folder = exit_stack.enter_context(tempfile.TemporaryDirectory(prefix="pentimento-redis-"))
        listening = ("--bind", "127.0.0.1", addresses["redis"], "--protected-mode", "no")
        redis = RedisServer(Path(redis_folder), *listening, port=REDIS_PORT)
        with network.enter("redis"):
            redis.start()
        exit_stack.callback(redis.stop)
        environment = build_clean_environment()
        processes: dict[str, Process] = {}

        def run(host: str, *arguments: str) -> Process:
            with network.enter(host):
                process = processes[host] = Process(host, arguments, folder, environment)
            exit_stack.callback(process.stop)
            return process

        discord_options = ("--port", str(DISCORD_PORT), "--token", BOT_TOKEN, "--no-rate-limits")
        discord = run("discord", "-m", "demo.standins.discord", *discord_options)
        bedrock_options = ("--host", addresses["bedrock"], "--port", str(BEDROCK_PORT), "--latency", "0.3")
        bedrock_url = run("bedrock", "-m", "demo.standins.bedrock", *bedrock_options).wait_for_report()["url"]
        report = discord.wait_for_report()
        environment |= {
            **UNLIMITED,
            "REDIS_URL": f"redis://{addresses['redis']}:{REDIS_PORT}/0",
            "DATABASE_URL": f"postgresql://tester@{addresses['postgresql']}:{POSTGRESQL_PORT}/postgres",
            "DISCORD_TOKEN": BOT_TOKEN,
            "DISCORD_API_URL": f"{report['url']}/api/v10",
            "ATTACHMENT_HOSTS": "127.0.0.1",
            "CATALOGUE_FILE": str(CATALOGUE_FILE),
            "AWS_REGION": "us-west-2",
            "AWS_ACCESS_KEY_ID": ACCESS_KEY,
            "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
            "AWS_EC2_METADATA_DISABLED": "true",
            **{f"AWS_ENDPOINT_URL_{service}": bedrock_url for service in ("BEDROCK_RUNTIME", "BEDROCK", "STS")},
            "BEDROCK_CALL_SECONDS": str(CALL_SECONDS),
            **settings,
        }
        for host in ("bot", *WORKERS):
            run(host, "-m", host.partition("-")[0])
        stack = Stack(
            discord_url=f"http://{addresses['discord']}:{DISCORD_PORT}",
            bedrock_url=bedrock_url,
            redis_url=environment["REDIS_URL"],
            channel_id=report["channel_id"],
            environment=environment,
            redis=None,
            processes=processes,
        )
        for user in USERS[2:]:
            request_json("POST", f"{stack.discord_url}/control/users", {"name": user})
        for host, words in {"bot": "ready as", **dict.fromkeys(WORKERS, "worker ready")}.items():
            wait_for_log(processes[host], words, START_SECONDS)
        yield Hosts(network, stack)
