"""Connections to Redis that break at a chosen command: before it is carried out, after it, or so that it comes late."""

import contextlib
import socket
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, ClassVar, Final, Literal

import redis
from redis.asyncio.retry import Retry as AsyncRetry
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import ResponseError
from redis.retry import Retry

from bot.queue.connection import FollowingConnection as BotConnection
from bot.queue.connection import QueueRedis as BotRedis
from bot.queue.connection import connect_to_redis as connect_bot
from shared.queue.redis_options import COMMAND_RETRIES
from worker.queue.connection import FollowingConnection as WorkerConnection
from worker.queue.connection import QueueRedis as WorkerRedis
from worker.queue.connection import connect_to_redis as connect_worker

HANDSHAKE_COMMANDS: Final = (b"HELLO", b"CLIENT", b"PING")
WRITES: Final = (b"EVALSHA", b"MULTI", b"HSET")
SECONDS: Final = 5.0

Place = Literal["request", "reply", "late"]
Ending = Literal["retry", "fail", "kill"]


class ClientKilledError(BaseException):
    """The process of a client has ended; no handler of the product sees this."""


@dataclass(frozen=True)
class Fault:
    """What happens to the n-th command of an operation, from 1.

    `place` is where the connection breaks: "request": the command is never carried out; "reply": it is, and its reply
    is lost; "late": it is carried out at some later step. The client then sends it again ("retry"), finds Redis
    unavailable until it gives up ("fail"), or is killed ("kill").
    """

    at: int
    place: Place
    ending: Ending


class FaultInjector:
    """Counts the commands of all connections, and breaks the one of the fault that is armed."""

    def __init__(self) -> None:
        self.late_commands: list[bytes] = []
        self._fault: Fault | None = None
        self._count = 0
        self._failures_left = 0
        self._is_killed = False

    @contextlib.contextmanager
    def arm(self, fault: Fault | None) -> Iterator[None]:
        """Inject this fault into the commands of the block."""
        self._fault, self._count, self._failures_left, self._is_killed = fault, 0, 0, False
        try:
            yield
        finally:
            self._fault, self._failures_left, self._is_killed = None, 0, False

    def begin_command(self, packed: bytes) -> Place | None:
        """Count a command, and return where its connection is to break. Raises `ClientKilledError`."""
        if self._is_killed:
            raise ClientKilledError
        if self._fault is None or any(word in packed[:40] for word in HANDSHAKE_COMMANDS):
            return None
        if self._failures_left:
            self._failures_left -= 1
            return "request"
        self._count += 1
        if self._count != self._fault.at:
            return None
        self._failures_left = COMMAND_RETRIES if self._fault.ending == "fail" else 0
        self._is_killed = self._fault.ending == "kill"
        if self._fault.place == "late" and any(word in packed[:60] for word in WRITES):
            self.late_commands.append(packed)
        return self._fault.place

    def raise_fault(self) -> None:
        """Raise what the client notices of a broken connection: an error, or its own end."""
        if self._is_killed:
            raise ClientKilledError
        raise RedisConnectionError("the connection was broken by the test")


def _pack(command: Any) -> bytes:
    if isinstance(command, str):
        return command.encode()
    return bytes(command) if isinstance(command, bytes) else b"".join(command)


class FaultyWorkerConnection(WorkerConnection):
    """A connection of a worker that breaks where the injector says."""

    injector: ClassVar[FaultInjector]
    _loses_reply = False

    def send_packed_command(self, command: Any, check_health: bool = True) -> None:
        place = self.injector.begin_command(_pack(command))
        if place in {"request", "late"}:
            self.disconnect()  # type: ignore[no-untyped-call]
            self.injector.raise_fault()
        super().send_packed_command(command, check_health)  # type: ignore[no-untyped-call]
        self._loses_reply = place == "reply"

    def read_response(self, *arguments: Any, **options: Any) -> Any:
        if not self._loses_reply:
            return super().read_response(*arguments, **options)
        self._loses_reply = False
        with contextlib.suppress(ResponseError):
            super().read_response(*arguments, **options)
        self.disconnect()  # type: ignore[no-untyped-call]
        return self.injector.raise_fault()


class FaultyBotConnection(BotConnection):
    """The same for the bot."""

    injector: ClassVar[FaultInjector]
    _loses_reply = False

    async def send_packed_command(
        self,
        command: bytes | str | Iterable[bytes],
        check_health: bool = True,
    ) -> None:
        command = _pack(command)
        place = self.injector.begin_command(command)
        if place in {"request", "late"}:
            await self.disconnect(nowait=True)
            self.injector.raise_fault()
        await super().send_packed_command(command, check_health)
        self._loses_reply = place == "reply"

    async def read_response(self, *arguments: Any, **options: Any) -> Any:
        if not self._loses_reply:
            return await super().read_response(*arguments, **options)
        self._loses_reply = False
        with contextlib.suppress(ResponseError):
            await super().read_response(*arguments, **options)
        await self.disconnect(nowait=True)
        return self.injector.raise_fault()


def connect_faulty_worker(url: str, injector: FaultInjector) -> WorkerRedis:
    """Connect as a worker does, but without pauses between attempts."""
    client = connect_worker(url)
    pool = client.connection_pool
    pool.connection_class = type("Connection", (FaultyWorkerConnection,), {"injector": injector})
    pool.connection_kwargs |= {"retry": Retry(NoBackoff(), COMMAND_RETRIES), "health_check_interval": 0}
    return client


def connect_faulty_bot(url: str, injector: FaultInjector) -> BotRedis:
    """Connect as the bot does, but without pauses between attempts."""
    client = connect_bot(url)
    pool = client.connection_pool
    pool.connection_class = type("Connection", (FaultyBotConnection,), {"injector": injector})
    pool.connection_kwargs |= {"retry": AsyncRetry(NoBackoff(), COMMAND_RETRIES), "health_check_interval": 0}
    return client


def send_late_command(client: redis.Redis, command: bytes) -> None:
    """Let Redis carry out a command that was on its way since its client has given it up."""
    options = client.connection_pool.connection_kwargs
    with socket.create_connection((options["host"], options["port"]), SECONDS) as connection:
        connection.sendall(command)
        connection.recv(65536)
