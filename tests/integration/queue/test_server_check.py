"""The doctor of either half does one real round on Redis, and says what is wrong in words."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import redis

from bot.domain.errors import QueueUnavailableError as BotQueueUnavailableError
from bot.queue.check import check_broker_server as check_broker_from_bot
from bot.queue.check import check_redis_server as check_from_bot
from bot.queue.connection import connect_to_redis as connect_bot
from bot.queue.startup import check_redis
from demo.redis import RedisServer, run_redis
from shared.doctor.findings import Finding, Status
from shared.queue import redis_options
from shared.queue.keys import DEFAULT_KEYS
from shared.queue.scripts import list_scripts, load_script
from tests.support.secured_redis import run_secured_redis
from worker.ports import QueueUnavailableError as WorkerQueueUnavailableError
from worker.queue.check import check_broker_server as check_broker_from_worker
from worker.queue.check import check_redis_server as check_from_worker
from worker.queue.connection import connect_to_redis as connect_worker
from worker.queue.permissions import check_permissions


def list_errors(findings: list[Finding]) -> list[str]:
    return [finding.text for finding in findings if finding.status is Status.ERROR]


async def check_both(url: str) -> list[list[Finding]]:
    return [await check_from_bot(url, DEFAULT_KEYS, 0.8), check_from_worker(url, DEFAULT_KEYS)]


async def assert_both_fail(url: str, error: str) -> None:
    for findings in await check_both(url):
        errors = list_errors(findings)
        assert [error in sentences for sentences in errors] == [True], findings
        assert all(". " in sentences for sentences in errors)


@contextmanager
def change_server(server: RedisServer, *commands: str) -> Iterator[None]:
    with redis.Redis(port=server.port) as admin:
        for command in commands:
            admin.execute_command(*command.split())
        yield


@pytest.fixture
def server() -> Iterator[RedisServer]:
    with run_redis() as server:
        yield server


async def test_a_round_leaves_no_key_behind(server: RedisServer) -> None:
    for findings in await check_both(server.url):
        assert [finding.name for finding in findings if finding.status is Status.OK] == [
            *("redis.server", "redis.policy", "redis.persistence", "redis.round", "redis.format", "redis.latency"),
            "clock.redis",
        ]
        assert [finding.name for finding in findings if finding.status is not Status.OK] == ["redis.memory"]

    with redis.Redis(port=server.port) as admin:
        assert admin.keys("*") == []


@pytest.mark.parametrize(
    ("commands", "error"),
    [
        (("REPLICAOF 127.0.0.1 1", "CONFIG SET replica-serve-stale-data yes"), "replica"),
        (("CONFIG SET maxmemory 1mb",), "maxmemory"),
        (("CONFIG SET maxmemory-policy allkeys-lru",), "deletes jobs when its memory is full"),
        (("CONFIG SET requirepass s3cret",), "Redis wants a password."),
    ],
)
async def test_a_server_that_cannot_be_used_is_an_error(
    server: RedisServer, commands: tuple[str, ...], error: str
) -> None:
    with change_server(server, *commands):
        await assert_both_fail(server.url, error)


async def test_a_broker_of_its_own_is_judged_under_its_own_name(server: RedisServer) -> None:
    with change_server(server, "CONFIG SET maxmemory-policy allkeys-lru"):
        judged = [
            await check_broker_from_bot(server.url, DEFAULT_KEYS),
            check_broker_from_worker(server.url, DEFAULT_KEYS),
        ]
        with redis.Redis(port=server.port) as admin:
            assert admin.keys("*") == []
    unreachable = [
        await check_broker_from_bot("redis://127.0.0.1:1/0", DEFAULT_KEYS),
        check_broker_from_worker("redis://127.0.0.1:1/0", DEFAULT_KEYS),
    ]

    for findings in judged:
        assert {finding.name: finding.status for finding in findings if finding.status is not Status.WARNING} == {
            "broker.server": Status.OK,
            "broker.policy": Status.ERROR,
            "broker.persistence": Status.OK,
            "broker.round": Status.OK,
        }
    for findings in unreachable:
        assert list_errors(findings) == [
            "Nothing listens where CELERY_BROKER_URL points. Start Redis, or correct the host and the port."
        ]


async def test_a_server_without_append_only_file_is_a_warning(server: RedisServer) -> None:
    with change_server(server, "CONFIG SET appendonly no"):
        for findings in await check_both(server.url):
            assert list_errors(findings) == []
            assert "What waits is lost when Redis restarts. Set appendonly to yes." in [
                finding.text for finding in findings if finding.status is Status.WARNING
            ]


async def test_a_format_of_a_newer_release_is_an_error(server: RedisServer) -> None:
    with change_server(server, f"SET {DEFAULT_KEYS.format} 99.0"):
        await assert_both_fail(server.url, "99.0")


async def test_mistakes_in_the_address_are_told_apart(server: RedisServer) -> None:
    port = server.port
    with change_server(server, "ACL SETUSER ada on >right ~* &* +@all"):
        await assert_both_fail(f"redis://ada:s3cret@127.0.0.1:{port}/0", "Redis refuses the user or the password.")
        await assert_both_fail(f"redis://127.0.0.1:{port}/99", "Redis has no database of this number.")
        await assert_both_fail("redis://127.0.0.1:1/0", "Nothing listens where REDIS_URL points.")
        await assert_both_fail("redis://host.invalid/0", "The host in REDIS_URL has no address.")
        await assert_both_fail("unix:///nowhere/redis.sock", "The socket in REDIS_URL does not exist.")


async def test_tls_to_a_port_without_it_is_an_error(server: RedisServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """The server waits for the rest of a command. With the timeouts of production this takes half a minute."""
    for name in ("CONNECTION_OPTIONS", "NETWORK_OPTIONS"):
        options = getattr(redis_options, name)
        timeouts = {option: 0.5 for option in options if option.endswith("_timeout")}
        monkeypatch.setattr(redis_options, name, options | timeouts)

    await assert_both_fail(
        f"rediss://127.0.0.1:{server.port}/0",
        "Redis does not answer in time. Check REDIS_URL (rediss:// is for a port with TLS)",
    )


async def test_the_documented_users_may_do_the_round(tmp_path: Path) -> None:
    with run_secured_redis(tmp_path) as server:
        for findings in (
            await check_from_bot(server.build_plain_url("pentimento-bot"), DEFAULT_KEYS, 0.8),
            check_from_worker(server.build_plain_url("pentimento-worker"), DEFAULT_KEYS),
        ):
            assert list_errors(findings) == []
            assert "redis.round" in [finding.name for finding in findings]


COMMANDS = sorted(set(re.findall(r"redis\.p?call\('(\w+)'", "".join(map(load_script, list_scripts())))) - {"DEL"})


@pytest.mark.parametrize("command", COMMANDS)
async def test_a_command_of_a_script_that_the_acl_denies_is_an_error_that_names_it(
    server: RedisServer, command: str
) -> None:
    with change_server(server, f"ACL SETUSER ada on >secret ~* &* +@all -{command.lower()}"):
        url = f"redis://ada:secret@127.0.0.1:{server.port}/0"
        if command in {"SET", "GET", "INFO"}:  # which the round needs before
            await assert_both_fail(url, "NOPERM")
        else:
            await assert_both_fail(url, f"its ACL denies {command} to the user in REDIS_URL")


@pytest.mark.parametrize("command", ["BRPOP", "HGETALL", "LINDEX"])
def test_a_command_of_the_worker_alone_is_named(server: RedisServer, command: str) -> None:
    with change_server(server, f"ACL SETUSER default -{command.lower()}"):
        [error] = list_errors(check_from_worker(server.url, DEFAULT_KEYS))
    assert "NOPERM" in error
    assert command in error.upper()


@pytest.mark.parametrize("command", ["HGETALL", "HKEYS", "XREAD"])
async def test_a_command_of_the_bot_alone_is_named(server: RedisServer, command: str) -> None:
    with change_server(server, f"ACL SETUSER default -{command.lower()}"):
        findings = await check_from_bot(server.url, DEFAULT_KEYS, 0.8)
    assert [f"denies {command} to" in error for error in list_errors(findings)] == [True]


async def test_both_halves_wait_at_their_start_for_a_command_that_is_denied(server: RedisServer) -> None:
    """The half of finish.lua that comes before XADD would lose the outcome."""
    with change_server(server, "ACL SETUSER default -xadd"):
        with connect_worker(server.url) as client, pytest.raises(WorkerQueueUnavailableError, match="denies XADD"):
            check_permissions(client)
        bot_client = connect_bot(server.url)
        with pytest.raises(BotQueueUnavailableError, match="denies XADD") as refused:
            await check_redis(bot_client)
        await bot_client.aclose()
    assert refused.value.is_refusal
