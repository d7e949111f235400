"""Middleware for every route of /api/v10: faults, credentials, rate limits, error responses and recording.

https://discord.com/developers/docs/reference
"""

import logging
import re

from aiohttp import web
from aiohttp.typedefs import Middleware

from demo.standins.discord.app_keys import FAULTS, RECORDER, STATE
from demo.standins.discord.errors import DiscordApiError
from demo.standins.discord.faults import Handler, apply_fault
from demo.standins.discord.rate_limits import RateLimiter
from demo.standins.discord.request_body import REQUEST_BODY
from demo.standins.discord.responses import RESPONSE_BODY, error_response, json_response

API_PREFIX = "/api/v10"
TOKENLESS_PATHS = re.compile(r"/interactions/[^/]+/[^/]+/callback|/webhooks/[^/]+/[^/]+(/.*)?|/gateway")
EXEMPT_PATHS = ("/control", "/client", "/page")
log = logging.getLogger(__name__)


def build_api_middleware(limits: RateLimiter) -> Middleware:
    """Return the middleware; outside the API it only applies faults."""

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.path == "/" or request.path.startswith(EXEMPT_PATHS):
            return await handler(request)
        path = request.path.removeprefix(API_PREFIX)
        is_api = request.path.startswith(f"{API_PREFIX}/")

        async def handle_request(request: web.Request) -> web.StreamResponse:
            return await _handle_request(request, handler, limits, path) if is_api else await handler(request)

        fault = request.app[FAULTS].match_request(request.method, path)
        answer = await (apply_fault(fault, request, handle_request) if fault else handle_request(request))
        if is_api and not (fault and fault.action.startswith("drop")):
            body = request.get(REQUEST_BODY)
            request.app[RECORDER].write_exchange(request.method, path, body, answer.status, answer.get(RESPONSE_BODY))
        return answer

    return middleware


def _check_credentials(request: web.Request, token: str | None) -> None:
    """Raise DiscordApiError 40333 for a request without User-Agent, 0 (status 401) without the bot's token."""
    if not request.headers.get("User-Agent"):
        raise DiscordApiError(40333)
    if token is not None and request.headers.get("Authorization") != f"Bot {token}":
        raise DiscordApiError(0)


async def _handle_request(request: web.Request, handler: Handler, limits: RateLimiter, path: str) -> web.StreamResponse:
    state = request.app[STATE]
    headers: dict[str, str] = {}
    try:
        by_bot = not TOKENLESS_PATHS.fullmatch(path)
        _check_credentials(request, state.settings.token if by_bot else None)
        if state.settings.rate_limits:
            rejection, headers = limits.count_request(request.method, path, by_bot=by_bot)
            if rejection is not None:
                return rejection
        answer = await handler(request)
    except DiscordApiError as error:
        answer = error_response(error)
    except (web.HTTPNotFound, web.HTTPMethodNotAllowed) as error:
        answer = json_response({"message": f"{error.status}: {error.reason}", "code": 0}, error.status)
    except web.HTTPRequestEntityTooLarge:
        answer = error_response(DiscordApiError(40005))
    except Exception:
        log.exception("The stand-in failed on %s %s", request.method, path)
        answer = json_response({"message": "500: Internal Server Error", "code": 0}, 500)
    answer.headers.update(headers)
    return answer
