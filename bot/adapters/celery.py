"""Tickets for Celery's workers: messages that name no job and say only that there is work in a lane.

Celery and kombu write one for each lane, once, into a broker in memory. What it takes to have them write each anew is
several times what Redis takes to queue it; but for its ids each is the same.
"""

from typing import Any
from uuid import uuid4

from celery import Celery
from kombu import Connection
from kombu.utils.json import dumps

from shared.queue.names import TASKS
from shared.queue.transport import CELERY_SETTINGS


class CeleryTickets:
    """Writes tickets as kombu's transport over Redis lays them into the list of a lane."""

    def __init__(self) -> None:
        app = Celery("pentimento", broker="memory://", set_as_current=False)
        app.conf.update(CELERY_SETTINGS, broker_transport_options={})
        with app.connection() as connection:
            self._written = {lane: _written(app, connection, lane) for lane in TASKS}

    def write(self, lane: str) -> str:
        """Give a ticket with ids of its own."""
        text, *ids = self._written[lane]
        for written in ids:
            text = text.replace(written, str(uuid4()))
        return text


def _written(app: Celery, connection: Connection, lane: str) -> tuple[str, str, str]:
    """Give a ticket, and the two ids in it: its task's, and the one that the transport delivers it by."""
    task = app.send_task(TASKS[lane], queue=lane, ignore_result=True, connection=connection)
    channel: Any = connection.default_channel  # the types know no virtual ones
    message = channel.basic_get(lane, no_ack=True)
    return dumps(message.serializable()), task.id, message.delivery_tag
