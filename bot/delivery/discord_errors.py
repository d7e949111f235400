"""Which of Discord's answers pass with time, and what the others say about a place.

https://discord.com/developers/docs/topics/opcodes-and-status-codes#json
"""

from http import HTTPStatus
from types import MappingProxyType
from typing import Final

import aiohttp
import discord

UNKNOWN_MESSAGE: Final = 10008
CANNOT_REPLY: Final = 160002
_TOO_LARGE_CODES: Final = frozenset((40005, 50045))
_CLOUDFLARE_CODES: Final = frozenset((0, 40333))

# code: why an answer is not in its thread, as a phrase of [thread]
FALLBACK_REASONS: Final = MappingProxyType(
    {
        50001: "forbidden",
        50013: "forbidden",
        160006: "full",
        50024: "unfit",
        160005: "locked",
        50083: "locked",
        10003: "gone",
        UNKNOWN_MESSAGE: "gone",
    }
)


def is_transient(error: Exception) -> bool:
    """Tell whether the same call may succeed later: Discord's own faults, lost connections, limits, a missing login.

    discord.py repeats 500, 502, 504 and 524 itself, and a 429 that came through Discord's proxy; the rest is ours.
    """
    if isinstance(error, discord.HTTPException):
        if error.status == HTTPStatus.FORBIDDEN:
            return error.code in _CLOUDFLARE_CODES
        return error.status in {HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.UNAUTHORIZED} or error.status >= 500  # noqa: PLR2004 - the server errors
    return isinstance(error, discord.RateLimited | aiohttp.ClientError | OSError | TimeoutError)


def get_retry_after(error: Exception) -> float:
    """Read how many seconds Discord wants to be left alone, 0 where it does not say."""
    if isinstance(error, discord.RateLimited):
        return error.retry_after
    if not isinstance(error, discord.HTTPException):
        return 0.0
    try:
        return float(error.response.headers.get("Retry-After", 0))
    except ValueError:
        return 0.0


def is_upload_too_large(error: discord.HTTPException) -> bool:
    """Tell whether the upload was over a limit, of Discord's or of the proxy before it."""
    return error.code in _TOO_LARGE_CODES or error.status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE
