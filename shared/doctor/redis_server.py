"""Judging by its reply to INFO, and by the time it takes to answer, whether a Redis server can hold the queue.

https://redis.io/docs/latest/commands/info/
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from statistics import median
from typing import Any, Final

from shared.doctor.findings import Finding, Status, find_fault
from shared.queue.keys import DEFAULT_KEYS, KeyNames
from shared.queue.server_mode import find_mode_problem
from shared.stored_format import UnsupportedFormatError, choose_format

OLDEST_VERSION: Final = (6, 2)
CHECK_TTL_MS: Final = 60_000
"""How long the key of a check stays if the check is interrupted."""

LATENCY_ROUNDS: Final = 5
WARNING_LATENCY_SECONDS: Final = 0.02
FULL_RATIO: Final = 0.9
ROUND: Final = "redis.round"
TICKET_DONE: Final = Finding(ROUND, Status.OK, "A list is written and deleted.")
_BYTES_PER_MIB: Final = 1024 * 1024

NOT_READ_AGAIN: Final = Finding(
    ROUND, Status.ERROR, "A key could not be read again.", "Find what else writes to this Redis."
)
ROUND_DONE: Final = Finding(
    ROUND, Status.OK, "Scripts are loaded, keys are written, read and deleted, and no command is denied."
)


def assess_server(
    info: Mapping[str, Any], names: KeyNames = DEFAULT_KEYS, max_memory_ratio: float = FULL_RATIO
) -> list[Finding]:
    """Assess a server by its INFO. Above this share of its maxmemory it counts as full."""
    return [
        *_assess_kind(info, names),
        _assess_policy(info),
        *_assess_persistence(info),
        _assess_memory(info, max_memory_ratio),
    ]


def name_broker(finding: Finding) -> Finding:
    """Turn a finding about the server of REDIS_URL into one about that of CELERY_BROKER_URL."""
    state, advice = (text.replace("REDIS_URL", "CELERY_BROKER_URL") for text in (finding.state, finding.advice))
    return replace(finding, name=finding.name.replace("redis.", "broker.", 1), state=state, advice=advice)


def may_work(findings: Sequence[Finding]) -> bool:
    """Tell whether the server is one on which the round of a check makes sense."""
    return not any(finding.status is Status.ERROR and finding.name == "redis.server" for finding in findings)


def check_format(stored: bytes | None) -> list[Finding]:
    """Check that this release reads the stored data, by the value of the key for their format."""
    try:
        chosen = choose_format(None if stored is None else stored.decode(errors="replace"), "Redis")
    except UnsupportedFormatError as error:
        return [find_fault("redis.format", str(error))]
    return [
        Finding(
            "redis.format",
            Status.OK,
            "It holds nothing yet." if stored is None else f"What it holds has the format {chosen}.",
        )
    ]


def assess_latency(seconds: Sequence[float]) -> Finding:
    """Assess how long the server took to answer, several times."""
    typical = median(seconds)
    what = f"It answers in {typical * 1000:.1f} ms."
    if typical < WARNING_LATENCY_SECONDS:
        return Finding("redis.latency", Status.OK, what)
    return Finding("redis.latency", Status.WARNING, what, "Move it nearer: each job takes some twenty answers.")


def _assess_kind(info: Mapping[str, Any], names: KeyNames) -> Iterator[Finding]:
    version = str(info.get("redis_version", ""))
    numbers = tuple(int(part) for part in version.split(".")[:2] if part.isdecimal())
    faults = [
        (
            bool(numbers) and numbers < OLDEST_VERSION,
            f"Redis {version} is too old.",
            "Install 6.2 or later.",
        ),
        (
            info.get("role", "master") != "master",
            "This is a replica, which takes no writes.",
            "Let REDIS_URL name the primary.",
        ),
    ]
    mode_problem = find_mode_problem(info, names)
    if mode_problem:
        faults.append((True, *mode_problem))
    found = [Finding("redis.server", Status.ERROR, what, advice) for is_fault, what, advice in faults if is_fault]
    name = "Valkey" if info.get("valkey_version") else "Redis"
    shown = info.get("valkey_version") or version or "of an unknown version"
    yield from found or [Finding("redis.server", Status.OK, f"{name} {shown}, a primary.")]


def _assess_policy(info: Mapping[str, Any]) -> Finding:
    policy = str(info.get("maxmemory_policy", "noeviction"))
    if policy == "noeviction":
        return Finding("redis.policy", Status.OK, "maxmemory-policy is noeviction.")
    what = f"Redis deletes jobs when its memory is full: maxmemory-policy is {policy}."
    return Finding("redis.policy", Status.ERROR, what, "Set maxmemory-policy to noeviction.")


def _assess_persistence(info: Mapping[str, Any]) -> Iterator[Finding]:
    name = "redis.persistence"
    if info.get("aof_last_write_status", "ok") != "ok" or info.get("rdb_last_bgsave_status", "ok") != "ok":
        yield Finding(
            name, Status.ERROR, "Redis cannot save its data.", "Make room on its disk, or repair what its log names."
        )
    if info.get("aof_enabled", 1):
        yield Finding(name, Status.OK, "The append-only file is on.")
    else:
        yield Finding(name, Status.WARNING, "What waits is lost when Redis restarts.", "Set appendonly to yes.")


def _assess_memory(info: Mapping[str, Any], max_memory_ratio: float) -> Finding:
    used, limit = int(info.get("used_memory", 0)), int(info.get("maxmemory", 0))
    if not limit:
        what = f"Redis uses {used // _BYTES_PER_MIB} MiB and may use all memory of its machine."
        return Finding("redis.memory", Status.WARNING, what, "Set maxmemory.")
    what = f"{used // _BYTES_PER_MIB} of {limit // _BYTES_PER_MIB} MiB are used."
    if used <= limit * max_memory_ratio:
        return Finding("redis.memory", Status.OK, what)
    what = f"Redis is nearly full, and requests are rejected: {what}"
    return Finding("redis.memory", Status.WARNING, what, "Raise maxmemory, or wait until images are delivered.")
