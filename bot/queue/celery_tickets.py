"""Tickets for Celery's workers: messages that name no job and say only that there is work in a lane.

Celery and kombu write one for each lane, once, into a broker in memory. What it takes to have them write each anew is
several times what Redis takes to queue it; but for its ids each is the same.
"""

from typing import Any
from uuid import uuid4

from celery import Celery
from kombu import Connection
from kombu.utils.json import dumps

from shared.queue.keys import TASK_NAMES
from shared.queue.redis_options import CELERY_CONFIG


class CeleryTicketWriter:
    """Writes tickets as kombu's transport over Redis lays them into the list of a lane."""

    def __init__(self) -> None:
        app = Celery("pentimento", broker="memory://", set_as_current=False)
        app.conf.update(CELERY_CONFIG, broker_transport_options={})
        with app.connection() as connection:
            self._templates = {lane: _build_ticket_template(app, connection, lane) for lane in TASK_NAMES}

    def write_ticket(self, stage: str) -> str:
        """Give a ticket with ids of its own."""
        text, *ids = self._templates[stage]
        for written in ids:
            text = text.replace(written, str(uuid4()))
        return text


def _build_ticket_template(app: Celery, connection: Connection, stage: str) -> tuple[str, str, str]:
    """Give a ticket, and the two ids in it: its task's, and the one that the transport delivers it by."""
    task = app.send_task(TASK_NAMES[stage], queue=stage, ignore_result=True, connection=connection)
    channel: Any = connection.default_channel  # the types know no virtual ones
    message = channel.basic_get(stage, no_ack=True)
    return dumps(message.serializable()), task.id, message.delivery_tag
