"""Checking Redis as the worker uses it: it loads the scripts, and writes, reads and deletes a key."""

import secrets
from typing import cast

from redis.exceptions import RedisError

from shared.queue.connection_errors import describe_redis_error
from shared.queue.keys import KeyNames
from shared.queue.scripts import list_scripts, load_script
from shared.queue.server_check import (
    CHECK_TTL_MS,
    NOT_READ_AGAIN,
    ServerReport,
    assess_server,
    find_format_error,
)
from worker.ports import QueueUnavailableError
from worker.queue.connection import QueueRedis, connect_to_redis
from worker.queue.permissions import check_permissions


def check_server(url: str, names: KeyNames) -> ServerReport:
    """Do one round of the worker's work, and assess the server. An error of Redis is part of the report."""
    client = connect_to_redis(url, names)
    try:
        return _check_connected_server(client)
    except QueueUnavailableError as error:
        return ServerReport("", errors=(str(error),))
    except (RedisError, OSError) as error:
        return ServerReport("", errors=(describe_redis_error(error),))
    finally:
        client.close()


def _check_connected_server(client: QueueRedis) -> ServerReport:
    for name in list_scripts():
        client.script_load(load_script(name))
    key, value = client.names.draft_key(f"check-{secrets.token_hex(8)}"), secrets.token_bytes(8)
    client.set(key, value, px=CHECK_TTL_MS)
    read = client.get(key)
    client.delete(key)
    if read != value:
        return NOT_READ_AGAIN
    error = find_format_error(cast("bytes | None", client.get(client.names.format)))
    if error:
        return ServerReport("", errors=(error,))
    check_permissions(client)
    return assess_server(client.info())
