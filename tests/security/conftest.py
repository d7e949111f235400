"""A locked Redis, and the whole stack on it."""

from collections.abc import Iterator

import pytest

from tests.support.recorded_run import RecordedRun, run_secured_stack
from tests.support.secured_redis import SecuredRedis, run_secured_redis


@pytest.fixture(scope="module")
def locked_redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SecuredRedis]:
    with run_secured_redis(tmp_path_factory.mktemp("tls")) as server:
        yield server


@pytest.fixture(scope="module")
def run(locked_redis: SecuredRedis, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RecordedRun]:
    with run_secured_stack(locked_redis, tmp_path_factory.mktemp("planted")) as ended:
        yield ended
