"""Checking Redis as the bot uses it: it loads the scripts, and writes, reads and deletes a key."""

import contextlib
import secrets
import time
from collections.abc import Mapping
from typing import Any, cast

from redis.exceptions import RedisError, ResponseError

from bot.domain.errors import QueueUnavailableError
from bot.queue.connection import QueueRedis, connect_to_redis
from bot.queue.permissions import check_permissions
from shared.doctor.clock import check_clock
from shared.doctor.findings import Finding, find_fault
from shared.doctor.redis_server import (
    CHECK_TTL_MS,
    LATENCY_ROUNDS,
    NOT_READ_AGAIN,
    ROUND,
    ROUND_DONE,
    TICKET_DONE,
    assess_latency,
    assess_server,
    check_format,
    may_work,
    name_broker,
)
from shared.queue.connection_errors import describe_redis_error
from shared.queue.keys import KeyNames
from shared.queue.scripts import list_scripts, load_script


async def check_redis_server(url: str, names: KeyNames, max_memory_ratio: float) -> list[Finding]:
    """Assess the server, and do one round of the bot's work. An error of Redis is one of the findings."""
    redis, findings = connect_to_redis(url, names), list[Finding]()
    try:
        findings += assess_server(await _read_info(redis), names, max_memory_ratio)
        if may_work(findings):
            findings.append(await _do_round(redis))
            findings += check_format(cast("bytes | None", await redis.get(redis.names.format)))
            findings += await _measure_time(redis)
    except QueueUnavailableError as error:
        findings.append(find_fault(ROUND, str(error)))
    except (RedisError, OSError) as error:
        findings.append(find_fault(ROUND, describe_redis_error(error)))
    finally:
        await redis.aclose()
    return findings


async def check_broker_server(url: str, names: KeyNames) -> list[Finding]:
    """Assess the server of a broker of its own, and write a list as Celery does. An error is one of the findings."""
    redis, findings = connect_to_redis(url, names), list[Finding]()
    try:
        findings += assess_server(await _read_info(redis), names)
        if may_work(findings):
            key = f"{names.celery_prefix}check-{secrets.token_hex(8)}"
            await redis.lpush(key, b"ticket")
            await redis.delete(key)
            findings.append(TICKET_DONE)
    except (RedisError, OSError) as error:
        findings.append(find_fault(ROUND, describe_redis_error(error)))
    finally:
        await redis.aclose()
    return [name_broker(finding) for finding in findings]


async def _read_info(redis: QueueRedis) -> Mapping[str, Any]:
    """Read the INFO of the server that holds the keys: in a cluster, the connection follows them to their node."""
    with contextlib.suppress(ResponseError):
        await redis.exists(redis.names.format)
    return await redis.info()


async def _do_round(redis: QueueRedis) -> Finding:
    for name in list_scripts():
        await redis.script_load(load_script(name))
    key, value = redis.names.draft_key(f"check-{secrets.token_hex(8)}"), secrets.token_bytes(8)
    await redis.set(key, value, px=CHECK_TTL_MS)
    read = await redis.get(key)
    await redis.delete(key)
    if read != value:
        return NOT_READ_AGAIN
    await check_permissions(redis)
    return ROUND_DONE


async def _measure_time(redis: QueueRedis) -> list[Finding]:
    durations = []
    for _ in range(LATENCY_ROUNDS):
        started = time.perf_counter()
        await redis.ping()
        durations.append(time.perf_counter() - started)
    asked_at = time.time()
    seconds, microseconds = await redis.time()
    clock = check_clock("clock.redis", "Redis", seconds + microseconds / 1e6, asked_at, time.time())
    return [assess_latency(durations), clock]
