"""Responses in Discord's form: JSON whose content type is exactly `application/json`."""

import json
from typing import Any

from aiohttp import web

from demo.standins.discord.errors import DiscordApiError

RESPONSE_BODY: web.ResponseKey[Any] = web.ResponseKey("response_body", object)
"""The response body before encoding, for the recorder."""


def json_response(body: Any, status: int = 200) -> web.Response:
    """Return a JSON response."""
    response = web.Response(body=json.dumps(body).encode(), status=status, headers={"Content-Type": "application/json"})
    response[RESPONSE_BODY] = body
    return response


def no_content_response() -> web.Response:
    """Return a 204 response without a body."""
    return web.Response(status=204)


def error_response(error: DiscordApiError) -> web.Response:
    """Return the response for an error."""
    return json_response(error.to_json(), error.status)
