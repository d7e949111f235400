"""Rate limits: buckets by route and major parameter, the global limit, their headers and the 429 response.

https://discord.com/developers/docs/topics/rate-limits (the limits of single routes are not documented; these are
typical of those seen in practice)
"""

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass

from aiohttp import web

from demo.standins.discord.responses import json_response

GLOBAL_LIMIT, GLOBAL_WINDOW = 50, 1.0


@dataclass(frozen=True)
class BucketRule:
    """`limit` requests per `window` seconds for each value of the major parameter (the pattern's first group)."""

    method: str
    path: re.Pattern[str]
    limit: int
    window: float

    @property
    def bucket_hash(self) -> str:
        """The bucket's name in the header X-RateLimit-Bucket."""
        return hashlib.md5(f"{self.method}{self.path.pattern}".encode(), usedforsecurity=False).hexdigest()


def _define_rule(method: str, path: str, limit: int, window: float) -> BucketRule:
    return BucketRule(method, re.compile(path), limit, window)


BUCKET_RULES = (
    _define_rule("POST", r"/channels/(\d+)/messages", 5, 5),
    _define_rule("PATCH", r"/channels/(\d+)/messages/\d+", 5, 5),
    _define_rule("DELETE", r"/channels/(\d+)/messages/\d+", 5, 1),
    _define_rule("GET", r"/channels/(\d+)/messages(?:/\d+)?", 10, 5),
    _define_rule("POST", r"/channels/(\d+)(?:/messages/\d+)?/threads", 50, 300),
    _define_rule("POST", r"/channels/(\d+)/typing", 5, 5),
    _define_rule("PATCH", r"/channels/(\d+)", 5, 5),
    _define_rule("POST|PATCH|DELETE|GET", r"/webhooks/(\d+/[^/]+)(?:/.*)?", 5, 2),
    _define_rule("PUT|POST|PATCH|DELETE", r"/applications/(\d+)/.*commands.*", 5, 20),
    _define_rule("GET|POST|PUT|PATCH|DELETE", r"(?!/interactions/)(.*)", 30, 10),
)


class FixedWindow:
    """A window that starts with its first request and ends after a fixed time."""

    def __init__(self, limit: int, seconds: float) -> None:
        self.limit = limit
        self.seconds = seconds
        self.resets_at = 0.0
        self.remaining = limit

    def count_request(self, now: float) -> bool:
        """Count a request; return False if the limit is exhausted."""
        if now >= self.resets_at:
            self.resets_at, self.remaining = now + self.seconds, self.limit
        if self.remaining == 0:
            return False
        self.remaining -= 1
        return True


class RateLimiter:
    """All rate limits of the bot; requests without the bot token do not count towards the global limit."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._global_window = FixedWindow(GLOBAL_LIMIT, GLOBAL_WINDOW)
        self._buckets: dict[tuple[str, str], FixedWindow] = {}

    def count_request(self, method: str, path: str, *, by_bot: bool) -> tuple[web.Response | None, dict[str, str]]:
        """Count a request; return the 429 response, if it is limited, and the headers for any other response."""
        now = self._now()
        rule, major = next(
            ((r, m[1]) for r in BUCKET_RULES if method in r.method.split("|") and (m := r.path.fullmatch(path))),
            (None, ""),
        )
        headers: dict[str, str] = {}
        if rule is not None:
            window = self._buckets.setdefault((rule.bucket_hash, major), FixedWindow(rule.limit, rule.window))
            is_allowed = window.count_request(now)
            headers = {
                "X-RateLimit-Limit": str(window.limit),
                "X-RateLimit-Remaining": str(window.remaining),
                "X-RateLimit-Reset": f"{window.resets_at:.3f}",
                "X-RateLimit-Reset-After": f"{window.resets_at - now:.3f}",
                "X-RateLimit-Bucket": rule.bucket_hash,
            }
            if not is_allowed:
                return _build_rate_limit_response(window.resets_at - now, headers, "user"), headers
        if by_bot and not self._global_window.count_request(now):
            return _build_rate_limit_response(
                self._global_window.resets_at - now, {"X-RateLimit-Global": "true"}, "global"
            ), headers
        return None, headers


def _build_rate_limit_response(retry_after: float, headers: dict[str, str], scope: str) -> web.Response:
    retry_after = round(max(retry_after, 0.001), 3)
    message = "You are being rate limited."
    answer = json_response({"message": message, "retry_after": retry_after, "global": scope == "global"}, 429)
    answer.headers.update(headers)
    answer.headers.update({"Retry-After": str(int(retry_after) + 1), "X-RateLimit-Scope": scope, "Via": "1.1 google"})
    return answer
