"""The front door of /api/v10: faults, credentials, rate limits, refusals and the record, around every route.

https://discord.com/developers/docs/reference
"""

import logging
import re

from aiohttp import web
from aiohttp.typedefs import Middleware

from demo.discord.answers import ANSWERED, ok, refused
from demo.discord.body import ASKED
from demo.discord.errors import Refusal
from demo.discord.faults import Handler, suffer
from demo.discord.rate_limits import RateLimits
from demo.discord.request_context import FAULTS, RECORDER, WORLD

PREFIX = "/api/v10"
WITHOUT_BOT_TOKEN = re.compile(r"/interactions/[^/]+/[^/]+/callback|/webhooks/[^/]+/[^/]+(/.*)?|/gateway")
UNTOUCHED = ("/control", "/client", "/page")
LOG = logging.getLogger(__name__)


def front_door(limits: RateLimits) -> Middleware:
    """Return the middleware; requests outside the API only meet faults."""

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.path == "/" or request.path.startswith(UNTOUCHED):
            return await handler(request)
        below = request.path.removeprefix(PREFIX)
        api = request.path.startswith(f"{PREFIX}/")

        async def carry_out(request: web.Request) -> web.StreamResponse:
            return await _answer(request, handler, limits, below) if api else await handler(request)

        fault = request.app[FAULTS].meet(request.method, below)
        answer = await (suffer(fault, request, carry_out) if fault else carry_out(request))
        if api and not (fault and fault.action.startswith("drop")):
            body = request.get(ASKED)
            request.app[RECORDER].write(request.method, below, body, answer.status, answer.get(ANSWERED))
        return answer

    return middleware


def _check_credentials(request: web.Request, token: str | None) -> None:
    """Raise Refusal 40333 for a request that names no client, 401 for one without the bot's token."""
    if not request.headers.get("User-Agent"):
        raise Refusal(40333)
    if token is not None and request.headers.get("Authorization") != f"Bot {token}":
        raise Refusal(0)


async def _answer(request: web.Request, handler: Handler, limits: RateLimits, below: str) -> web.StreamResponse:
    world = request.app[WORLD]
    headers: dict[str, str] = {}
    try:
        by_bot = not WITHOUT_BOT_TOKEN.fullmatch(below)
        _check_credentials(request, world.settings.token if by_bot else None)
        if world.settings.rate_limits:
            limited, headers = limits.take(request.method, below, by_bot=by_bot)
            if limited is not None:
                return limited
        answer = await handler(request)
    except Refusal as refusal:
        answer = refused(refusal)
    except (web.HTTPNotFound, web.HTTPMethodNotAllowed) as error:
        answer = ok({"message": f"{error.status}: {error.reason}", "code": 0}, error.status)
    except web.HTTPRequestEntityTooLarge:
        answer = refused(Refusal(40005))
    except Exception:
        LOG.exception("The stand-in failed on %s %s", request.method, below)
        answer = ok({"message": "500: Internal Server Error", "code": 0}, 500)
    answer.headers.update(headers)
    return answer
