"""A locked Redis, and the whole house on it, once for all tests of this folder."""

import shutil
from collections.abc import Iterator

import pytest

from demo.redis import find_server
from tests.security.locked import TLS_MISSING, LockedRedis, locked_redis_in, speaks_tls
from tests.security.planted import Run, running_house


@pytest.fixture(scope="session")
def locked_redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LockedRedis]:
    if not shutil.which("openssl") or not speaks_tls(find_server()):
        pytest.skip(TLS_MISSING)
    with locked_redis_in(tmp_path_factory.mktemp("tls")) as server:
        yield server


@pytest.fixture(scope="session")
def run(locked_redis: LockedRedis, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    with running_house(locked_redis, tmp_path_factory.mktemp("planted")) as ended:
        yield ended
