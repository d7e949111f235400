"""Celery's transport over Redis, for tickets, which need no acknowledgement and may be lost.

Celery's consumer ends the worker for good on every error in a reply of Redis, and on a message that it cannot parse.
Here neither is an error: a refusal is waited out, and a line that is no ticket is set aside. The sweep makes up for it.

kombu records each message that a consumer takes and deletes the record on acknowledgement. A queue declared `no_ack`
has no records, but kombu still deletes them, in a transaction that a full Redis refuses.
https://docs.celeryq.dev/projects/kombu/en/stable/reference/kombu.transport.redis.html
"""

import logging
import time
from functools import partial
from queue import Empty
from typing import Any, Final

from kombu.transport import redis
from kombu.utils.json import dumps
from redis.exceptions import RedisError, ResponseError

from shared.addresses.redis import RedisAddress
from shared.outage_log import OutageLog
from shared.queue.connection_errors import describe_redis_error
from shared.queue.keys import KeyNames
from worker.queue.connection import SlotMovedError, get_connection_class, open_pool
from worker.queue.consumer_watch import ConsumerWatch
from worker.queue.tickets import find_ticket_problem

log = logging.getLogger(__name__)

REFUSED_PAUSE_SECONDS: Final = 1.0
"""How long to wait after Redis has refused to hand out a ticket. The worker's main thread stands still meanwhile."""

MAX_SET_ASIDE: Final = 100
SET_ASIDE_BYTES: Final = 4096
SET_ASIDE_TTL_MS: Final = 7 * 86_400_000

# KEYS[1]: the list of a stage. KEYS[2]: no_such_key. ARGV[1]: a ticket. Reply: number of tickets in the list.
_PUSH_SCRIPT: Final = "redis.call('DEL', KEYS[2]) return redis.call('LPUSH', KEYS[1], ARGV[1])"

_outage = OutageLog(log, "Redis hands out tickets")


class TicketClient(redis.PrefixedStrictRedis):
    """A client that takes refusals and malformed tickets for an empty queue."""

    last_ticket: tuple[str, bytes] | None = None

    def __init__(self, *arguments: Any, names: KeyNames, **options: Any) -> None:
        super().__init__(*arguments, global_keyprefix=names.celery_prefix, **options)
        self._names = names

    def parse_response(self, connection: Any, command_name: str, **options: Any) -> Any:
        """Read a reply; that to BRPOP is None unless it is a ticket."""
        if command_name != "BRPOP":
            return super().parse_response(connection, command_name, **options)
        self.last_ticket = None
        try:
            reply = super().parse_response(connection, command_name, **options)
        except SlotMovedError:
            return None  # the next command goes to the node that was named
        except ResponseError as error:
            _outage.report_failure(f"{describe_redis_error(error)} No job can start; the worker waits")
            connection.disconnect()  # after a failover, a new connection may lead to the new primary
            time.sleep(REFUSED_PAUSE_SECONDS)
            return None
        _outage.report_success()
        if not reply:
            return None
        self.last_ticket = reply[0].decode(), reply[1]
        problem = find_ticket_problem(reply[1])
        if problem:
            self.set_last_ticket_aside(problem)
            return None
        return reply

    def set_last_ticket_aside(self, problem: str) -> None:
        """Keep the latest line that was taken for the operator to examine, and log that it is no ticket."""
        if self.last_ticket is None:
            return
        queue, line = self.last_ticket
        log.error(
            "the ticket list %s held a line that is no ticket (%s); it is set aside in %s: %.200r",
            queue,
            problem,
            self._names.malformed_tickets,
            line[:200],
        )
        name = self._names.malformed_tickets.removeprefix(
            self._names.celery_prefix
        )  # this client prepends the prefix by itself
        try:
            self.lpush(name, line[:SET_ASIDE_BYTES])
            self.ltrim(self._names.malformed_tickets, 0, MAX_SET_ASIDE - 1)  # but not for this command
            self.pexpire(name, SET_ASIDE_TTL_MS)
        except RedisError as error:
            log.warning("the line could not be set aside: %s", describe_redis_error(error))


class Channel(redis.Channel):
    """A channel without acknowledgements, which nothing in a ticket list can break."""

    ack_emulation = False  # nothing is recorded that would have to be restored

    from_transport_options = (
        *redis.Channel.from_transport_options,
        "address",
        "consumer_watch",
        "names",
    )
    address: RedisAddress
    consumer_watch: ConsumerWatch
    names: KeyNames

    def _connparams(self, asynchronous: bool = False) -> dict[str, Any]:
        """Connect as the queue's own client does, whatever kombu makes of the broker's URL."""
        self.connection_class = get_connection_class(self.address)
        parameters = super()._connparams(asynchronous)  # type: ignore[misc]  # the types lack it
        return {name: parameters[name] for name in ("connection_class", "max_connections")}

    def _get_pool(self, asynchronous: bool = False) -> Any:
        return open_pool(self.address, **self._connparams(asynchronous))

    def basic_ack(self, delivery_tag: str, multiple: bool = False) -> None:
        """Do nothing: taking the ticket has removed it from the queue."""

    def _queue_bind(self, *binding: Any) -> None:
        """Do nothing: tickets are sent to their queue by name, and a full Redis would refuse to store a binding."""

    def _size(self, queue: str) -> int:
        """Return 0: kombu asks when it declares a queue, and nothing depends on the reply."""
        del queue
        return 0

    def _get_client(self) -> Any:
        return partial(TicketClient, names=self.names)

    def _brpop_read(self, **options: Any) -> Any:
        self.consumer_watch.record_reply()
        try:
            return super()._brpop_read(**options)  # type: ignore[misc]  # the stubs lack it
        except (Empty, RedisError, OSError):
            raise
        except Exception as error:  # whatever a ticket does to Celery is no reason to end the worker
            log.exception("a ticket could not be handled")
            self.client.set_last_ticket_aside(repr(error))
            raise Empty from error

    def _put(self, queue: str, message: dict[str, Any], **options: Any) -> None:
        """Send a ticket, even if Redis is full: what waits has to run for there to be room again."""
        del options
        with self.conn_or_acquire() as client:
            client.eval(_PUSH_SCRIPT, 2, self.names.ticket_list_key(queue), self.names.no_such_key, dumps(message))


class Transport(redis.Transport):
    """Redis with these channels, in which every error of Redis is one of the connection: Celery then tries again."""

    Channel: Any = Channel
    connection_errors = (*redis.Transport.connection_errors, RedisError)
