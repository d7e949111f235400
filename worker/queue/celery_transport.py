"""Celery's transport over Redis, for tickets that need no acknowledgement.

kombu records each message that a consumer takes and deletes the record on acknowledgement. A queue declared `no_ack`
has no records, but kombu still deletes them, in a transaction that a full Redis refuses: that would end the worker.
https://docs.celeryq.dev/projects/kombu/en/stable/reference/kombu.transport.redis.html
"""

from collections.abc import Mapping
from typing import Any

from kombu.transport import redis

from shared.addresses.redis import Transport as TransportName
from worker.queue.connection import CONNECTION_CLASSES


class Channel(redis.Channel):
    """A channel without acknowledgements."""

    from_transport_options = (*redis.Channel.from_transport_options, "transport", "connection_options")
    transport: TransportName
    connection_options: Mapping[str, Any]

    def _connparams(self, asynchronous: bool = False) -> dict[str, Any]:
        """Connect as the queue's own client does, whatever kombu makes of the broker's URL."""
        self.connection_class = CONNECTION_CLASSES[self.transport]
        parameters = super()._connparams(asynchronous)  # type: ignore[misc]  # the types lack it
        of_kombu = {name: parameters[name] for name in ("connection_class", "max_connections")}
        return {**self.connection_options, **of_kombu}

    def basic_ack(self, delivery_tag: str, multiple: bool = False) -> None:
        """Do nothing: taking the ticket has removed it from the queue."""


class Transport(redis.Transport):
    """Redis with channels without acknowledgements."""

    Channel: Any = Channel
