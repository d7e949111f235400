"""Tickets for Celery's workers: messages that name no job and say only that a stage has work.

They are written without Celery: building a message with it takes several times as long as queueing a job in Redis, and
the library takes 5 MiB of memory. A test compares them with those that Celery sends.
https://docs.celeryq.dev/en/stable/internals/protocol.html#version-2
"""

import base64
import json
import socket
import string
from typing import Any, Final
from uuid import uuid4

from shared.queue.stages import TASK_NAMES, Stage

_NO_ARGUMENTS: Final[Any] = ([], {}, {"callbacks": None, "errbacks": None, "chain": None, "chord": None})


class CeleryTicketWriter:
    """Writes tickets as kombu's transport over Redis stores them in the list of a stage."""

    def __init__(self) -> None:
        self._templates = {stage: _build_ticket_template(stage) for stage in Stage}

    def write_ticket(self, stage: Stage) -> str:
        """Write a ticket with ids of its own."""
        return self._templates[stage].substitute(task_id=uuid4(), delivery_tag=uuid4())


def _build_ticket_template(stage: Stage) -> string.Template:
    body = base64.b64encode(json.dumps(_NO_ARGUMENTS).encode()).decode()
    headers: dict[str, Any] = {
        "lang": "py",
        "task": TASK_NAMES[stage],
        "id": "$task_id",
        "shadow": None,
        "eta": None,
        "expires": None,
        "group": None,
        "group_index": None,
        "retries": 0,
        "timelimit": [None, None],
        "root_id": "$task_id",
        "parent_id": None,
        "argsrepr": "()",
        "kwargsrepr": "{}",
        "origin": f"pentimento-bot@{socket.gethostname()}",
        "ignore_result": True,
        "replaced_task_nesting": 0,
        "stamped_headers": None,
        "stamps": {},
    }
    properties = {
        "correlation_id": "$task_id",
        "delivery_mode": 2,
        "delivery_info": {"exchange": "", "routing_key": stage.value},
        "priority": 0,
        "body_encoding": "base64",
        "delivery_tag": "$delivery_tag",
    }
    message = {
        "body": body,
        "content-encoding": "utf-8",
        "content-type": "application/json",
        "headers": headers,
        "properties": properties,
    }
    return string.Template(json.dumps(message))
