"""Rate limits: buckets by route and major parameter, the global limit, their headers and the 429 they end in.

https://discord.com/developers/docs/topics/rate-limits (the figures of a route are not documented; these are of the size
that is met in practice)
"""

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass

from aiohttp import web

from demo.discord.answers import ok

GLOBAL_LIMIT, GLOBAL_WINDOW = 50, 1.0


@dataclass(frozen=True)
class Rule:
    """So many requests in so many seconds, for each value of the major parameter (the pattern's first group)."""

    method: str
    path: re.Pattern[str]
    limit: int
    window: float

    @property
    def hash(self) -> str:
        """The name of the bucket that clients see."""
        return hashlib.md5(f"{self.method}{self.path.pattern}".encode(), usedforsecurity=False).hexdigest()


def _rule(method: str, path: str, limit: int, window: float) -> Rule:
    return Rule(method, re.compile(path), limit, window)


RULES = (
    _rule("POST", r"/channels/(\d+)/messages", 5, 5),
    _rule("PATCH", r"/channels/(\d+)/messages/\d+", 5, 5),
    _rule("DELETE", r"/channels/(\d+)/messages/\d+", 5, 1),
    _rule("GET", r"/channels/(\d+)/messages(?:/\d+)?", 10, 5),
    _rule("POST", r"/channels/(\d+)(?:/messages/\d+)?/threads", 50, 300),
    _rule("POST", r"/channels/(\d+)/typing", 5, 5),
    _rule("PATCH", r"/channels/(\d+)", 5, 5),
    _rule("POST|PATCH|DELETE|GET", r"/webhooks/(\d+/[^/]+)(?:/.*)?", 5, 2),
    _rule("PUT|POST|PATCH|DELETE", r"/applications/(\d+)/.*commands.*", 5, 20),
    _rule("GET|POST|PUT|PATCH|DELETE", r"(?!/interactions/)(.*)", 30, 10),
)


class Window:
    """A window that opens with its first request and closes a fixed time later."""

    def __init__(self, limit: int, seconds: float) -> None:
        self.limit = limit
        self.seconds = seconds
        self.ends = 0.0
        self.left = limit

    def take(self, now: float) -> bool:
        """Count a request; False when the window is used up."""
        if now >= self.ends:
            self.ends, self.left = now + self.seconds, self.limit
        if self.left == 0:
            return False
        self.left -= 1
        return True


class RateLimits:
    """All windows of the one bot; requests that carry no bot token are not bound to the global one."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._global = Window(GLOBAL_LIMIT, GLOBAL_WINDOW)
        self._buckets: dict[tuple[str, str], Window] = {}

    def take(self, method: str, path: str, *, by_bot: bool) -> tuple[web.Response | None, dict[str, str]]:
        """Count a request: the 429 to answer with, if any, and the headers that every other answer carries."""
        now = self._now()
        rule, major = next(
            ((r, m[1]) for r in RULES if method in r.method.split("|") and (m := r.path.fullmatch(path))), (None, "")
        )
        headers: dict[str, str] = {}
        if rule is not None:
            window = self._buckets.setdefault((rule.hash, major), Window(rule.limit, rule.window))
            taken = window.take(now)
            headers = {
                "X-RateLimit-Limit": str(window.limit),
                "X-RateLimit-Remaining": str(window.left),
                "X-RateLimit-Reset": f"{window.ends:.3f}",
                "X-RateLimit-Reset-After": f"{window.ends - now:.3f}",
                "X-RateLimit-Bucket": rule.hash,
            }
            if not taken:
                return _refusal(window.ends - now, headers, "user"), headers
        if by_bot and not self._global.take(now):
            return _refusal(self._global.ends - now, {"X-RateLimit-Global": "true"}, "global"), headers
        return None, headers


def _refusal(retry_after: float, headers: dict[str, str], scope: str) -> web.Response:
    retry_after = round(max(retry_after, 0.001), 3)
    message = "You are being rate limited."
    answer = ok({"message": message, "retry_after": retry_after, "global": scope == "global"}, 429)
    answer.headers.update(headers)
    answer.headers.update({"Retry-After": str(int(retry_after) + 1), "X-RateLimit-Scope": scope, "Via": "1.1 google"})
    return answer
