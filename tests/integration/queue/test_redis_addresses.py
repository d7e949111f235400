"""The documented forms of `REDIS_URL` on real servers: the bot, the worker and Celery connect in the same way."""

import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import redis
from celery import Celery
from kombu.exceptions import OperationalError

from bot.queue.connection import connect_to_redis as connect_bot
from demo.redis import run_redis
from shared.addresses.redis import parse_redis_address
from shared.queue.keys import DEFAULT_KEYS
from shared.queue.redis_options import build_connection_options
from shared.queue.stages import TASK_NAMES, Stage
from tests.support.secured_redis import ADMIN_PASSWORD, TLS_SKIP_REASON, SecuredRedis, run_secured_redis
from worker.app import _create_celery
from worker.queue.connection import connect_to_redis as connect_worker
from worker.queue.consumer_watch import ConsumerWatch
from worker.settings import load_settings

PASSWORD = "s3cret-p@ss/word"
ENCODED_PASSWORD = "s3cret-p%40ss%2Fword"
DATABASE = 3


@pytest.fixture(scope="module")
def secured_redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SecuredRedis]:
    with run_secured_redis(tmp_path_factory.mktemp("tls")) as server:
        if server.tls_port is None:
            pytest.skip(TLS_SKIP_REASON)
        yield server


@pytest.fixture
def celery(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Any]:
    """Create the worker's Celery app for an address."""
    monkeypatch.chdir(tmp_path)
    apps: list[Celery] = []

    def create_app(url: str) -> Celery:
        app: Celery = _create_celery(load_settings(redis_url=url), ConsumerWatch(1))
        apps.append(app)
        return app

    yield create_app
    for app in apps:
        app.close()


async def send_through_all_three(url: str, celery: Any) -> list[int]:
    """Ping from the bot, set a value from the worker, send a ticket by Celery; count the tickets that each finds."""
    bot, worker, app = connect_bot(url), connect_worker(url), celery(url)
    app.send_task(TASK_NAMES[Stage.GENERATE], queue=Stage.GENERATE.value, ignore_result=True)
    try:
        return [
            await bot.llen(DEFAULT_KEYS.ticket_list_key(Stage.GENERATE)),
            worker.llen(DEFAULT_KEYS.ticket_list_key(Stage.GENERATE)),
        ]
    finally:
        await bot.aclose()
        worker.close()


@pytest.mark.parametrize("has_password", [False, True])
async def test_a_unix_socket_is_used_by_bot_worker_and_celery(has_password: bool, celery: Any, tmp_path: Path) -> None:
    path = tmp_path / "redis.sock"
    with run_redis("--unixsocket", str(path)) as server:
        if has_password:
            with redis.Redis.from_url(server.url) as admin:
                admin.execute_command("ACL", "SETUSER", "ada", "on", f">{PASSWORD}", "~*", "&*", "+@all")
        user = f"ada:{ENCODED_PASSWORD}@" if has_password else ""

        assert await send_through_all_three(f"unix://{user}{path}?db={DATABASE}", celery) == [1, 1]

        with redis.Redis(port=server.port, db=DATABASE) as admin:
            assert admin.llen(DEFAULT_KEYS.ticket_list_key(Stage.GENERATE)) == 1


@pytest.mark.parametrize(
    "query",
    [
        "ssl_ca_certs={ca}",
        "ssl_ca_certs={ca}&ssl_cert_reqs=required",
        "ssl_ca_certs={ca}&ssl_cert_reqs=CERT_OPTIONAL&protocol=2",
        "ssl_cert_reqs=none",
        "ssl_cert_reqs=CERT_NONE",
    ],
)
async def test_tls_is_used_by_bot_worker_and_celery(query: str, secured_redis: SecuredRedis, celery: Any) -> None:
    with secured_redis.connect_as_admin(DATABASE) as admin:
        admin.flushdb()
    options = query.format(ca=secured_redis.ca_certificate)

    found = await send_through_all_three(
        f"rediss://:{ADMIN_PASSWORD}@127.0.0.1:{secured_redis.tls_port}/{DATABASE}?{options}", celery
    )

    assert found == [1, 1]


async def test_a_certificate_of_an_unknown_authority_is_refused_by_all_three(
    secured_redis: SecuredRedis, celery: Any
) -> None:
    url = f"rediss://:{ADMIN_PASSWORD}@127.0.0.1:{secured_redis.tls_port}/0"
    bot, worker = connect_bot(url), connect_worker(url)

    with pytest.raises(redis.ConnectionError, match=r"(?i)certificate verify failed"):
        await bot.ping()
    with pytest.raises(redis.ConnectionError, match=r"(?i)certificate verify failed"):
        worker.ping()
    with pytest.raises(OperationalError, match=r"(?i)certificate verify failed"):
        celery(url).send_task(TASK_NAMES[Stage.GENERATE], queue=Stage.GENERATE.value, retry=False)
    await bot.aclose()
    worker.close()


@pytest.mark.parametrize("query", ["", "?ssl_cert_reqs=required", "?ssl_cert_reqs=none"])
async def test_nothing_is_sent_in_plain_text_to_a_server_called_rediss(query: str, celery: Any) -> None:
    received: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=receive_first_bytes, args=(server, received), daemon=True)
        thread.start()
        url = f"rediss://:s3cret-password@127.0.0.1:{server.getsockname()[1]}/0{query}"
        bot, worker = connect_bot(url), connect_worker(url)
        with pytest.raises(redis.ConnectionError):
            await bot.ping()
        with pytest.raises(redis.ConnectionError):
            worker.ping()
        from_clients = len(received)
        with pytest.raises(OperationalError):
            celery(url).send_task(TASK_NAMES[Stage.GENERATE], queue=Stage.GENERATE.value, retry=False)
        await bot.aclose()
        worker.close()

    assert 0 < from_clients < len(received)
    assert {first[:2] for first in received} == {b"\x16\x03"}  # a TLS handshake


def receive_first_bytes(server: socket.socket, received: list[bytes]) -> None:
    while True:
        try:
            connection, _ = server.accept()
        except OSError:
            return
        with connection:
            received.append(connection.recv(300))


def test_celery_gets_exactly_the_options_of_the_workers_own_client(secured_redis: SecuredRedis, celery: Any) -> None:
    url = f"rediss://:{ADMIN_PASSWORD}@127.0.0.1:{secured_redis.tls_port}/2?ssl_cert_reqs=CERT_NONE"
    app, client = celery(url), connect_worker(url)
    with app.connection_for_write() as connection:
        celerys = connection.default_channel.client.connection_pool.connection_kwargs

    own = client.connection_pool.connection_kwargs

    options = build_connection_options(parse_redis_address(url))
    assert {name: own[name] for name in options} == {name: celerys[name] for name in options} == options
    assert ADMIN_PASSWORD not in str(app.conf.broker_url)
