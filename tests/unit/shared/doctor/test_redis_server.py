"""Which Redis servers can hold the queue, by their INFO, their answers, and the time these take."""

from typing import Any

import pytest

from shared.doctor.findings import Finding, Status
from shared.doctor.redis_server import assess_latency, assess_server, may_work
from shared.queue.keys import KeyNames

GOOD = {
    "redis_version": "7.0.15",
    "redis_mode": "standalone",
    "role": "master",
    "maxmemory": 1 << 30,
    "maxmemory_policy": "noeviction",
    "used_memory": 1 << 20,
    "aof_enabled": 1,
    "aof_last_write_status": "ok",
    "rdb_last_bgsave_status": "ok",
}


def list_faults(findings: list[Finding]) -> list[tuple[str, Status]]:
    return [(finding.name, finding.status) for finding in findings if finding.status is not Status.OK]


def test_a_good_server_is_described() -> None:
    findings = assess_server(GOOD)

    assert [finding.text for finding in findings] == [
        "Redis 7.0.15, a primary.",
        "maxmemory-policy is noeviction.",
        "The append-only file is on.",
        "1 of 1024 MiB are used.",
    ]
    assert list_faults(findings) == []


def test_the_version_of_valkey_is_its_own() -> None:
    findings = assess_server(GOOD | {"redis_version": "7.2.4", "valkey_version": "9.0.1"})

    assert findings[0].state == "Valkey 9.0.1, a primary."


@pytest.mark.parametrize(
    ("difference", "name", "what"),
    [
        ({"redis_version": "6.0.16"}, "redis.server", "too old"),
        ({"role": "slave"}, "redis.server", "is a replica"),
        ({"redis_mode": "cluster"}, "redis.server", "the keys behind pentimento: would lie in many of its slots"),
        ({"server_mode": "cluster"}, "redis.server", "is a cluster"),
        ({"redis_mode": "sentinel"}, "redis.server", "is a Sentinel"),
        ({"maxmemory_policy": "allkeys-lru"}, "redis.policy", "deletes jobs"),
        ({"aof_last_write_status": "err"}, "redis.persistence", "cannot save its data"),
        ({"rdb_last_bgsave_status": "err"}, "redis.persistence", "cannot save its data"),
    ],
)
def test_a_server_that_cannot_hold_the_queue_is_an_error(difference: dict[str, Any], name: str, what: str) -> None:
    findings = assess_server(GOOD | difference)

    [error] = [finding for finding in findings if finding.status is Status.ERROR]
    assert (error.name, what in error.state, error.advice.endswith(".")) == (name, True, True)
    assert may_work(findings) == (name != "redis.server")


def test_a_cluster_whose_keys_lie_in_one_slot_is_a_good_server() -> None:
    assert list_faults(assess_server(GOOD | {"redis_mode": "cluster"}, KeyNames("{pentimento}:"))) == []


@pytest.mark.parametrize(
    ("difference", "what"),
    [
        ({"aof_enabled": 0}, "lost when Redis restarts"),
        ({"maxmemory": 0}, "all memory of its machine"),
        ({"used_memory": 1 << 30}, "nearly full"),
    ],
)
def test_a_server_that_endangers_the_queue_is_a_warning(difference: dict[str, Any], what: str) -> None:
    findings = assess_server(GOOD | difference)

    [warning] = [finding for finding in findings if finding.status is not Status.OK]
    assert (warning.status, what in warning.state) == (Status.WARNING, True)


def test_a_server_counts_as_full_above_the_bots_ratio() -> None:
    used = {"used_memory": 600 << 20}

    assert list_faults(assess_server(GOOD | used, max_memory_ratio=0.5)) == [("redis.memory", Status.WARNING)]
    assert list_faults(assess_server(GOOD | used, max_memory_ratio=0.8)) == []


def test_a_server_that_answers_slowly_most_of_the_time_is_a_warning() -> None:
    assert assess_latency([0.001, 0.5, 0.001]).status is Status.OK
    assert assess_latency([0.001, 0.05, 0.04]).text.startswith("It answers in 40.0 ms. Move it nearer")
