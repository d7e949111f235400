"""The front door of /api/v10: faults, credentials, rate limits, refusals and the record, around every route.

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
    """Return the middleware; requests outside the API only meet faults."""

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.path == "/" or request.path.startswith(EXEMPT_PATHS):
            return await handler(request)
        below = request.path.removeprefix(API_PREFIX)
        api = request.path.startswith(f"{API_PREFIX}/")

        async def carry_out(request: web.Request) -> web.StreamResponse:
            return await _handle_request(request, handler, limits, below) if api else await handler(request)

        fault = request.app[FAULTS].match_request(request.method, below)
        answer = await (apply_fault(fault, request, carry_out) if fault else carry_out(request))
        if api and not (fault and fault.action.startswith("drop")):
            body = request.get(REQUEST_BODY)
            request.app[RECORDER].write_exchange(request.method, below, body, answer.status, answer.get(RESPONSE_BODY))
        return answer

    return middleware


def _check_credentials(request: web.Request, token: str | None) -> None:
    """Raise Refusal 40333 for a request that names no client, 401 for one without the bot's token."""
    if not request.headers.get("User-Agent"):
        raise DiscordApiError(40333)
    if token is not None and request.headers.get("Authorization") != f"Bot {token}":
        raise DiscordApiError(0)


async def _handle_request(request: web.Request, handler: Handler, limits: RateLimiter, path: str) -> web.StreamResponse:
    world = request.app[STATE]
    headers: dict[str, str] = {}
    try:
        by_bot = not TOKENLESS_PATHS.fullmatch(path)
        _check_credentials(request, world.settings.token if by_bot else None)
        if world.settings.rate_limits:
            limited, headers = limits.count_request(request.method, path, by_bot=by_bot)
            if limited is not None:
                return limited
        answer = await handler(request)
    except DiscordApiError as refusal:
        answer = error_response(refusal)
    except (web.HTTPNotFound, web.HTTPMethodNotAllowed) as error:
        answer = json_response({"message": f"{error.status}: {error.reason}", "code": 0}, error.status)
    except web.HTTPRequestEntityTooLarge:
        answer = error_response(DiscordApiError(40005))
    except Exception:
        log.exception("The stand-in failed on %s %s", request.method, path)
        answer = json_response({"message": "500: Internal Server Error", "code": 0}, 500)
    answer.headers.update(headers)
    return answer
