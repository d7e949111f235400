"""Celery's transport over Redis, for tickets that need no acknowledgement.

kombu records each message that a consumer takes and deletes the record on acknowledgement. A queue declared `no_ack`
has no records, but kombu still deletes them, in a transaction that a full Redis refuses: that would end the worker.
https://docs.celeryq.dev/projects/kombu/en/stable/reference/kombu.transport.redis.html
"""

from typing import Any

from kombu.transport import redis


class Channel(redis.Channel):
    """A channel without acknowledgements."""

    def basic_ack(self, delivery_tag: str, multiple: bool = False) -> None:
        """Do nothing: taking the ticket has removed it from the queue."""


class Transport(redis.Transport):
    """Redis with channels without acknowledgements."""

    Channel: Any = Channel
