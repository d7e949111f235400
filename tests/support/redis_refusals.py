"""Ways in which a real Redis refuses what it is asked, each for as long as its context lasts."""

import contextlib
import threading
from collections.abc import Iterator
from types import MappingProxyType
from typing import Any, Final

import redis

from demo.redis import RedisServer, find_free_port
from tests.support.user import wait_until

PADDING_KEYS: Final = 150_000
"""A server that waits a little at each key takes most of a minute to load so many, and replies after every thousand."""


@contextlib.contextmanager
def refuse_as_replica(server: RedisServer, client: redis.Redis) -> Iterator[None]:
    """READONLY, as during a failover."""
    del server
    client.replicaof("127.0.0.1", str(find_free_port()))
    try:
        yield
    finally:
        client.replicaof("NO", "ONE")


@contextlib.contextmanager
def refuse_on_full_disk(server: RedisServer, client: redis.Redis) -> Iterator[None]:
    """MISCONF: no snapshot can be saved, because a folder stands in its place."""
    obstacle = server.folder / "dump.rdb"
    obstacle.unlink(missing_ok=True)
    obstacle.mkdir()
    client.config_set("save", "1 1")
    try:
        wait_until(lambda: is_refused(client), "a Redis that cannot save")
        yield
    finally:
        obstacle.rmdir()
        wait_until(lambda: save_snapshot(client), "a Redis that can save again")
        client.config_set("save", "")


def save_snapshot(client: redis.Redis) -> bool:
    """Ask for a snapshot, and tell whether Redis writes again: it does after the next success."""
    with contextlib.suppress(redis.ResponseError):  # one is being saved
        client.bgsave()
    return not is_refused(client)


def is_refused(client: redis.Redis) -> bool:
    """Tell whether Redis refuses to write."""
    try:
        client.incr("a key of the tests")
    except (redis.ResponseError, redis.BusyLoadingError):
        return True
    except redis.ConnectionError:  # it is being started
        return False
    return False


@contextlib.contextmanager
def refuse_by_acl(server: RedisServer, client: Any) -> Iterator[None]:
    """NOPERM for what takes tickets, runs scripts and reads outcomes."""
    del server
    denied = ("brpop", "eval", "evalsha", "xread")
    client.execute_command("ACL", "SETUSER", "default", *(f"-{command}" for command in denied))
    try:
        yield
    finally:
        client.execute_command("ACL", "SETUSER", "default", "+@all")


@contextlib.contextmanager
def refuse_without_replicas(server: RedisServer, client: redis.Redis) -> Iterator[None]:
    """NOREPLICAS: too few replicas hold what is written."""
    del server
    client.config_set("min-replicas-to-write", "1")
    try:
        yield
    finally:
        client.config_set("min-replicas-to-write", "0")


@contextlib.contextmanager
def refuse_when_full(server: RedisServer, client: redis.Redis) -> Iterator[None]:
    """OOM, and every connection is reset, so that everything is set up anew."""
    del server
    client.config_set("maxmemory", "1mb")
    own_id = client.client_id()
    for connection in client.client_list():
        if int(connection["id"]) != own_id:
            client.client_kill_filter(_id=connection["id"])
    try:
        yield
    finally:
        client.config_set("maxmemory", "0")


@contextlib.contextmanager
def refuse_without_primary(server: RedisServer, client: redis.Redis) -> Iterator[None]:
    """MASTERDOWN: a replica that has lost its primary, and does not serve stale data."""
    client.config_set("replica-serve-stale-data", "no")
    try:
        with refuse_as_replica(server, client):
            yield
    finally:
        client.config_set("replica-serve-stale-data", "yes")


@contextlib.contextmanager
def refuse_while_busy(server: RedisServer, client: redis.Redis) -> Iterator[None]:
    """BUSY: a script that does not end keeps the server busy."""
    client.config_set("lua-time-limit", "100")
    script = threading.Thread(target=run_endless_script, args=(server.url,))
    script.start()
    try:
        wait_until(lambda: is_refused(client), "a Redis that is busy")
        yield
    finally:
        client.script_kill()
        script.join()
        client.config_set("lua-time-limit", "5000")


def run_endless_script(url: str) -> None:
    """Run a script until it is killed."""
    with redis.Redis.from_url(url, socket_timeout=None) as own, contextlib.suppress(redis.ResponseError):
        own.eval("while true do end", 0)


@contextlib.contextmanager
def refuse_while_loading(server: RedisServer, client: redis.Redis) -> Iterator[None]:
    """LOADING: a restart with a file that takes long to read."""
    pipeline = client.pipeline(transaction=False)
    for number in range(PADDING_KEYS):
        pipeline.set(f"padding {number}", number)
    pipeline.execute()
    server.stop()
    start = threading.Thread(target=server.start, args=("--key-load-delay", "300"), kwargs={"seconds": 120})
    start.start()
    try:
        wait_until(lambda: is_refused(client), "a Redis that is loading")
        yield
    finally:
        client.config_set("key-load-delay", "0")
        start.join()
        client.delete(*(f"padding {number}" for number in range(PADDING_KEYS)))


REDIS_TROUBLES: Final = MappingProxyType(
    {
        "READONLY": refuse_as_replica,
        "MISCONF": refuse_on_full_disk,
        "NOPERM": refuse_by_acl,
        "NOREPLICAS": refuse_without_replicas,
        "OOM": refuse_when_full,
        "MASTERDOWN": refuse_without_primary,
        "BUSY": refuse_while_busy,
        "LOADING": refuse_while_loading,
    }
)
"""By the words with which Redis refuses. All but OOM refuse the scripts of the queue, too."""
