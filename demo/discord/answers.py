"""Answers as Discord gives them: JSON whose content type is exactly `application/json`."""

import json
from typing import Any

from aiohttp import web

from demo.discord.errors import Refusal

ANSWERED: web.ResponseKey[Any] = web.ResponseKey("answered", object)
"""What an answer says, parsed, for the record."""


def ok(body: Any, status: int = 200) -> web.Response:
    """Return a JSON answer."""
    answer = web.Response(body=json.dumps(body).encode(), status=status, headers={"Content-Type": "application/json"})
    answer[ANSWERED] = body
    return answer


def empty() -> web.Response:
    """Return 204 without a body."""
    return web.Response(status=204)


def refused(refusal: Refusal) -> web.Response:
    """Return the answer that a Refusal stands for."""
    return ok(refusal.body(), refusal.status)
