"""Which Redis servers can hold the queue, by their INFO."""

from typing import Any

import pytest

from shared.queue.server_check import assess_server

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


def test_a_good_server_is_summarized() -> None:
    report = assess_server(GOOD)

    assert (report.errors, report.warnings) == ((), ())
    assert report.summary == "version 7.0.15, master, noeviction, append-only file, 1 MiB used of 1024 MiB"


def test_the_version_of_valkey_is_its_own() -> None:
    assert assess_server(GOOD | {"redis_version": "7.2.4", "valkey_version": "9.0.1"}).summary.startswith(
        "version 9.0.1"
    )


@pytest.mark.parametrize(
    ("difference", "error"),
    [
        ({"redis_version": "6.0.16"}, "too old"),
        ({"role": "slave"}, "is a replica"),
        ({"redis_mode": "cluster"}, "is a cluster"),
        ({"maxmemory_policy": "allkeys-lru"}, "deletes jobs"),
        ({"aof_last_write_status": "err"}, "cannot save its data"),
        ({"rdb_last_bgsave_status": "err"}, "cannot save its data"),
    ],
)
def test_a_server_that_cannot_hold_the_queue_is_an_error(difference: dict[str, Any], error: str) -> None:
    [sentence] = assess_server(GOOD | difference).errors

    assert error in sentence


@pytest.mark.parametrize(
    ("difference", "warning"),
    [
        ({"aof_enabled": 0}, "lost when Redis restarts"),
        ({"maxmemory": 0}, "all memory of its machine"),
        ({"used_memory": 1 << 30}, "nearly full"),
    ],
)
def test_a_server_that_endangers_the_queue_is_a_warning(difference: dict[str, Any], warning: str) -> None:
    report = assess_server(GOOD | difference)

    assert warning in report.warnings[0]
    assert report.errors == ()


def test_a_server_counts_as_full_above_the_bots_ratio() -> None:
    used = {"used_memory": 600 << 20}

    assert assess_server(GOOD | used, 0.5).warnings
    assert not assess_server(GOOD | used, 0.8).warnings
