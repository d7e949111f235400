"""Celery's transport over Redis for tickets that need no acknowledgement.

kombu notes what a consumer took and unnotes it when it is acknowledged. A queue declared `no_ack` is not noted, but is
unnoted all the same, in a transaction that a full Redis refuses: that would end the worker.
https://docs.celeryq.dev/projects/kombu/en/stable/reference/kombu.transport.redis.html
"""

from typing import Any

from kombu.transport import redis


class Channel(redis.Channel):
    """A channel that has nothing to acknowledge."""

    def basic_ack(self, delivery_tag: str, multiple: bool = False) -> None:
        """Do nothing: the ticket was gone when it was taken."""


class Transport(redis.Transport):
    """Redis, with such channels."""

    Channel: Any = Channel
