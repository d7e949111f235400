"""Tickets for Celery's workers: messages that name no job and say only that a stage has work.

Building a message with Celery and kombu takes several times as long as queueing a job in Redis. So one message for each
stage is built once, with a broker in memory, and only its ids are replaced.
"""

from typing import Any
from uuid import uuid4

from celery import Celery
from kombu import Connection
from kombu.utils.json import dumps

from shared.queue.celery_config import CELERY_CONFIG
from shared.queue.stages import TASK_NAMES, Stage


class CeleryTicketWriter:
    """Writes tickets as kombu's transport over Redis stores them in the list of a stage."""

    def __init__(self) -> None:
        app = Celery("pentimento", broker="memory://", set_as_current=False)
        app.conf.update(CELERY_CONFIG, broker_transport_options={})
        with app.connection() as connection:
            self._templates = {stage: _build_ticket_template(app, connection, stage) for stage in Stage}

    def write_ticket(self, stage: Stage) -> str:
        """Write a ticket with ids of its own."""
        text, *template_ids = self._templates[stage]
        for template_id in template_ids:
            text = text.replace(template_id, str(uuid4()))
        return text


def _build_ticket_template(app: Celery, connection: Connection, stage: Stage) -> tuple[str, str, str]:
    """Build a ticket; return it with its task's id and its delivery tag."""
    task = app.send_task(TASK_NAMES[stage], queue=str(stage), ignore_result=True, connection=connection)
    channel: Any = connection.default_channel  # the types know no virtual channels
    message = channel.basic_get(str(stage), no_ack=True)
    return dumps(message.serializable()), task.id, message.delivery_tag
