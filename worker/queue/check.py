"""Checking Redis as the worker uses it: it loads the scripts, and writes, reads and deletes a key."""

import contextlib
import secrets
import time
from collections.abc import Mapping
from typing import Any, cast

from redis.exceptions import RedisError, ResponseError

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
from worker.ports import QueueUnavailableError
from worker.queue.connection import QueueRedis, connect_to_redis
from worker.queue.permissions import check_permissions


def check_redis_server(url: str, names: KeyNames) -> list[Finding]:
    """Assess the server, and do one round of the worker's work. An error of Redis is one of the findings."""
    client, findings = connect_to_redis(url, names), list[Finding]()
    try:
        findings += assess_server(_read_info(client), names)
        if may_work(findings):
            findings.append(_do_round(client))
            findings += check_format(cast("bytes | None", client.get(client.names.format)))
            findings += _measure_time(client)
    except QueueUnavailableError as error:
        findings.append(find_fault(ROUND, str(error)))
    except (RedisError, OSError) as error:
        findings.append(find_fault(ROUND, describe_redis_error(error)))
    finally:
        client.close()
    return findings


def check_broker_server(url: str, names: KeyNames) -> list[Finding]:
    """Assess the server of a broker of its own, and write a list as Celery does. An error is one of the findings."""
    client, findings = connect_to_redis(url, names), list[Finding]()
    try:
        findings += assess_server(_read_info(client), names)
        if may_work(findings):
            key = f"{names.celery_prefix}check-{secrets.token_hex(8)}"
            client.lpush(key, b"ticket")
            client.delete(key)
            findings.append(TICKET_DONE)
    except (RedisError, OSError) as error:
        findings.append(find_fault(ROUND, describe_redis_error(error)))
    finally:
        client.close()
    return [name_broker(finding) for finding in findings]


def _read_info(client: QueueRedis) -> Mapping[str, Any]:
    """Read the INFO of the server that holds the keys: in a cluster, the connection follows them to their node."""
    with contextlib.suppress(ResponseError):
        client.exists(client.names.format)
    return client.info()


def _do_round(client: QueueRedis) -> Finding:
    for name in list_scripts():
        client.script_load(load_script(name))
    key, value = client.names.draft_key(f"check-{secrets.token_hex(8)}"), secrets.token_bytes(8)
    client.set(key, value, px=CHECK_TTL_MS)
    read = client.get(key)
    client.delete(key)
    if read != value:
        return NOT_READ_AGAIN
    check_permissions(client)
    return ROUND_DONE


def _measure_time(client: QueueRedis) -> list[Finding]:
    durations = []
    for _ in range(LATENCY_ROUNDS):
        started = time.perf_counter()
        client.ping()
        durations.append(time.perf_counter() - started)
    asked_at = time.time()
    seconds, microseconds = client.time()
    clock = check_clock("clock.redis", "Redis", seconds + microseconds / 1e6, asked_at, time.time())
    return [assess_latency(durations), clock]
