"""Classifies errors of Discord's API: transient ones, and reasons why a thread cannot be used.

https://discord.com/developers/docs/topics/opcodes-and-status-codes#json
"""

from http import HTTPStatus
from types import MappingProxyType
from typing import Final

import aiohttp
import discord

from shared.errors import PentimentoError

UNKNOWN_MESSAGE_CODE: Final = 10008
THREAD_ARCHIVED_CODE: Final = 50083
CANNOT_REPLY_CODE: Final = 160002  # without the permission to read the message history
GONE_CODES: Final = frozenset({10003, 10004, 50001})  # unknown channel or guild, no access to it
FORBIDDEN_CODES: Final = frozenset({50013, 160005})  # a permission is missing, or the thread is locked
_TOO_LARGE_CODES: Final = frozenset((40005, 50045))
REFUSED_CODES: Final = frozenset({50035}) | _TOO_LARGE_CODES  # a form that is invalid, or a file too large
_CLOUDFLARE_CODES: Final = frozenset((0, 40333))

_FALLBACK_REASONS: Final = MappingProxyType(
    {
        50001: "forbidden",
        50013: "forbidden",
        160006: "full",
        50024: "unfit",
        160005: "locked",
        THREAD_ARCHIVED_CODE: "locked",
        10003: "gone",
        UNKNOWN_MESSAGE_CODE: "gone",
    }
)


class DestinationForbiddenError(PentimentoError):
    """The bot is known to be unable to post somewhere, so that Discord need not be asked.

    Refused requests count towards a ban: https://discord.com/developers/docs/topics/rate-limits#invalid-request-limit
    `reason` is a key of [thread].
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def get_fallback_reason(error: discord.HTTPException | DestinationForbiddenError) -> str:
    """Return the key of the sentence in [thread] that explains why a result is not in its thread."""
    if isinstance(error, DestinationForbiddenError):
        return error.reason
    return _FALLBACK_REASONS.get(error.code, "refused")


def is_transient(error: Exception) -> bool:
    """Tell whether the same call may succeed later: server errors, lost connections, rate limits, a lost login.

    discord.py itself retries 500, 502, 504 and 524, and a 429 that came through Discord's proxy.
    """
    if isinstance(error, discord.HTTPException):
        if error.status == HTTPStatus.FORBIDDEN:
            return error.code in _CLOUDFLARE_CODES
        return (
            error.status in {HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.UNAUTHORIZED}
            or error.status >= HTTPStatus.INTERNAL_SERVER_ERROR
        )
    return isinstance(error, discord.RateLimited | aiohttp.ClientError | OSError | TimeoutError)


def is_transient_for_webhook(error: discord.HTTPException) -> bool:
    """Tell whether a call with an interaction's token may succeed later. One that is refused has expired."""
    return is_transient(error) and error.status != HTTPStatus.UNAUTHORIZED


def get_retry_after(error: Exception) -> float:
    """Return the seconds to wait that Discord asks for, 0 where it asks for none."""
    if isinstance(error, discord.RateLimited):
        return error.retry_after
    if not isinstance(error, discord.HTTPException):
        return 0.0
    try:
        return float(error.response.headers.get("Retry-After", 0))
    except ValueError:
        return 0.0


def is_upload_too_large(error: discord.HTTPException) -> bool:
    """Tell whether the upload exceeded a limit of Discord or of the proxy in front of it."""
    return error.code in _TOO_LARGE_CODES or error.status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE
