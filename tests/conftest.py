"""Real servers that tests share."""

from collections.abc import Iterator

import pytest
import redis

from demo.redis import RedisServer, running_redis
from shared.catalogue import Catalogue, load_catalogue


@pytest.fixture(scope="session")
def redis_server() -> Iterator[RedisServer]:
    with running_redis() as server:
        yield server


@pytest.fixture
def redis_url(redis_server: RedisServer) -> str:
    """Address of a real Redis that is empty."""
    with redis.Redis.from_url(redis_server.url) as client:
        client.flushall()
    return redis_server.url


@pytest.fixture(scope="session")
def catalogue() -> Catalogue:
    return load_catalogue()
