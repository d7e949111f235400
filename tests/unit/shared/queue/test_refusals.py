"""Errors in replies of Redis are recognised with and without their first word, which redis-py removes from some."""

import pytest
from redis.exceptions import (
    BusyLoadingError,
    ClusterDownError,
    MasterDownError,
    RedisError,
    ResponseError,
    TryAgainError,
)

from shared.queue.refusals import find_refusal


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (BusyLoadingError("Redis is loading the dataset in memory"), "LOADING"),
        (
            ResponseError("BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE."),
            "BUSY",
        ),
        (MasterDownError("Link with MASTER is down and replica-serve-stale-data is set to 'no'."), "MASTERDOWN"),
        (ClusterDownError("The cluster is down"), "CLUSTERDOWN"),
        (ClusterDownError("Hash slot not served"), "CLUSTERDOWN"),
        (TryAgainError("Multiple keys request during rehashing of slot"), "TRYAGAIN"),
        (
            ResponseError("TRYAGAIN Multiple keys request during rehashing of slot script: 1f, on @user_script:7."),
            "TRYAGAIN",
        ),
    ],
)
def test_a_refusal_that_passes_is_waited_for(error: RedisError, code: str) -> None:
    refusal = find_refusal(error)

    assert refusal is not None
    assert refusal.code == code
    assert refusal.is_transient
    assert refusal.describe(error).startswith(f"Redis refuses ({code}): ")
