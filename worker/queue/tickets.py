"""What a ticket looks like: a Celery message that names one of the two tasks and carries nothing else."""

import base64
import json
from typing import Any, Final

from shared.queue.stages import TASK_NAMES

MAX_TICKET_BYTES: Final = 65_536


def find_ticket_problem(line: bytes) -> str | None:
    """Find out what keeps a line of a ticket list from being a ticket; None if it is one.

    https://docs.celeryq.dev/en/stable/internals/protocol.html
    """
    if len(line) > MAX_TICKET_BYTES:
        return f"it has {len(line)} bytes"
    try:
        message = json.loads(line)
        headers, properties = message["headers"], message["properties"]
        arguments, named_arguments, _ = _decode_body(message)
        conditions = {
            "its task is unknown": headers["task"] in TASK_NAMES.values(),
            "it has a date": not headers.get("eta") and not headers.get("expires"),
            "its id is not a string": isinstance(headers["id"], str),
            "its delivery tag is not a string": isinstance(properties["delivery_tag"], str),
            "its delivery_info is not an object": isinstance(properties["delivery_info"], dict),
            "its task takes no arguments": not arguments and not named_arguments,
        }
    except (ValueError, TypeError, LookupError, AttributeError, RecursionError) as error:
        return f"{type(error).__name__}: {error}"
    return next((problem for problem, is_met in conditions.items() if not is_met), None)


def _decode_body(message: dict[str, Any]) -> Any:
    if message["content-type"] != "application/json" or message["content-encoding"] != "utf-8":
        raise ValueError("it is not JSON in UTF-8")
    encoding, body = message["properties"].get("body_encoding"), message["body"]
    return json.loads(base64.b64decode(body, validate=True) if encoding == "base64" else body)
