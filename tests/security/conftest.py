"""A locked Redis, and the whole house on it, once for all tests of this folder."""

from collections.abc import Iterator

import pytest

from tests.security.locked import LockedRedis, locked_redis_in
from tests.security.planted import Run, running_house


@pytest.fixture(scope="session")
def locked_redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LockedRedis]:
    with locked_redis_in(tmp_path_factory.mktemp("tls")) as server:
        yield server


@pytest.fixture(scope="session")
def run(locked_redis: LockedRedis, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    with running_house(locked_redis, tmp_path_factory.mktemp("planted")) as ended:
        yield ended
