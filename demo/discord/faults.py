"""Faults that tests ask for: requests answered with an error, dropped, delayed or left hanging.

Actions: `status:N` (not carried out), `status_after:N`, `drop_before`, `drop_after`, `hang:SECONDS`, `delay:SECONDS`.
"""

import asyncio
import itertools
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from demo.discord.answers import ok

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
MESSAGES = {429: "You are being rate limited.", 500: "500: Internal Server Error", 502: "502: Bad Gateway"}
ACTION = re.compile(r"(status|status_after|hang|delay):(\d+(?:\.\d+)?)|drop_before|drop_after")


@dataclass
class Fault:
    """One fault and how many requests it still meets."""

    id: str
    method: str | None
    path: re.Pattern[str]
    action: str
    times: int
    retry_after: float = 1.0
    via: bool = True


class Faults:
    """The faults in force, met in the order in which they were asked for."""

    def __init__(self) -> None:
        self.active: list[Fault] = []
        self._numbers = itertools.count(1)

    def add(self, asked: dict[str, Any]) -> str:
        """Put a fault in force and return its id; raises ValueError for an action that is unknown."""
        match, action = asked.get("match") or {}, str(asked.get("action"))
        if not ACTION.fullmatch(action):
            raise ValueError(f"unknown action {action!r}")
        fault = Fault(
            str(next(self._numbers)),
            match["method"].upper() if match.get("method") else None,
            re.compile(match.get("path_regex") or ""),
            action,
            int(asked.get("times") or 1),
            float(asked.get("retry_after", 1.0)),
            asked.get("via") is not False,
        )
        self.active.append(fault)
        return fault.id

    def clear(self) -> None:
        """Lift all faults."""
        self.active.clear()

    def meet(self, method: str, path: str) -> Fault | None:
        """Return the fault that a request meets, and count it."""
        for fault in self.active:
            if fault.method in (None, method) and fault.path.search(path):
                fault.times -= 1
                if fault.times <= 0:
                    self.active.remove(fault)
                return fault
        return None


async def suffer(fault: Fault, request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer a request in the way of a fault."""
    name, _, figure = fault.action.partition(":")
    if name in ("hang", "delay"):
        await asyncio.sleep(float(figure))
        if name == "delay":
            return await handler(request)
    if name in ("drop_after", "status_after"):
        await handler(request)
    if name.startswith("status"):
        return _status(fault, int(figure))
    if request.transport is not None:
        request.transport.abort()
    return web.Response()


def _status(fault: Fault, status: int) -> web.Response:
    body: dict[str, Any] = {"message": MESSAGES.get(status, f"{status}: Fault"), "code": 0}
    answer = ok(body, status)
    if status == 429:  # noqa: PLR2004 - HTTP
        answer = ok({"message": MESSAGES[429], "retry_after": fault.retry_after, "global": False}, status)
        answer.headers.update({"Retry-After": f"{fault.retry_after:.0f}", "X-RateLimit-Scope": "shared"})
        if fault.via:
            answer.headers["Via"] = "1.1 google"
    return answer
