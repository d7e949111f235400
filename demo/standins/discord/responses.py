"""Answers as Discord gives them: JSON whose content type is exactly `application/json`."""

import json
from typing import Any

from aiohttp import web

from demo.standins.discord.errors import DiscordApiError

RESPONSE_BODY: web.ResponseKey[Any] = web.ResponseKey("answered", object)
"""What an answer says, parsed, for the record."""


def json_response(body: Any, status: int = 200) -> web.Response:
    """Return a JSON answer."""
    answer = web.Response(body=json.dumps(body).encode(), status=status, headers={"Content-Type": "application/json"})
    answer[RESPONSE_BODY] = body
    return answer


def no_content_response() -> web.Response:
    """Return 204 without a body."""
    return web.Response(status=204)


def error_response(refusal: DiscordApiError) -> web.Response:
    """Return the answer that a Refusal stands for."""
    return json_response(refusal.to_json(), refusal.status)
