"""Faults scheduled by tests: requests that fail, are dropped, are delayed or hang.

Actions: `status:N` (the request is not executed), `status_after:N` (it is), `drop_before`,
`drop_after`, `hang:SECONDS`, `delay:SECONDS`, `delay_after:SECONDS` (the request is executed, its response is late).
"""

import asyncio
import itertools
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from demo.standins.discord.responses import json_response

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
STATUS_MESSAGES = {429: "You are being rate limited.", 500: "500: Internal Server Error", 502: "502: Bad Gateway"}
ACTION_PATTERN = re.compile(r"(status|status_after|hang|delay|delay_after):(\d+(?:\.\d+)?)|drop_before|drop_after")


@dataclass
class Fault:
    """A fault, and how many more requests it affects."""

    id: str
    method: str | None
    path: re.Pattern[str]
    action: str
    times: int
    retry_after: float = 1.0
    has_via_header: bool = True


class FaultRegistry:
    """The active faults, applied in the order in which they were added."""

    def __init__(self) -> None:
        self.active: list[Fault] = []
        self._numbers = itertools.count(1)

    def add(self, payload: dict[str, Any]) -> str:
        """Add a fault and return its id; raises ValueError for an unknown action."""
        match, action = payload.get("match") or {}, str(payload.get("action"))
        if not ACTION_PATTERN.fullmatch(action):
            raise ValueError(f"unknown action {action!r}")
        fault = Fault(
            str(next(self._numbers)),
            match["method"].upper() if match.get("method") else None,
            re.compile(match.get("path_regex") or ""),
            action,
            int(payload.get("times") or 1),
            float(payload.get("retry_after", 1.0)),
            payload.get("via") is not False,
        )
        self.active.append(fault)
        return fault.id

    def clear(self) -> None:
        """Remove all faults."""
        self.active.clear()

    def match_request(self, method: str, path: str) -> Fault | None:
        """Return the fault for a request, if any, and count it down."""
        for fault in self.active:
            if fault.method in (None, method) and fault.path.search(path):
                fault.times -= 1
                if fault.times <= 0:
                    self.active.remove(fault)
                return fault
        return None


async def apply_fault(fault: Fault, request: web.Request, handler: Handler) -> web.StreamResponse:
    """Handle a request as the fault demands."""
    name, _, argument = fault.action.partition(":")
    if name in ("hang", "delay"):
        await asyncio.sleep(float(argument))
        if name == "delay":
            return await handler(request)
    if name == "delay_after":
        response = await handler(request)
        await asyncio.sleep(float(argument))
        return response
    if name in ("drop_after", "status_after"):
        await handler(request)
    if name.startswith("status"):
        return _build_error_response(fault, int(argument))
    if request.transport is not None:
        request.transport.abort()
    return web.Response()


def _build_error_response(fault: Fault, status: int) -> web.Response:
    body: dict[str, Any] = {"message": STATUS_MESSAGES.get(status, f"{status}: Fault"), "code": 0}
    answer = json_response(body, status)
    if status == 429:  # noqa: PLR2004 - HTTP
        answer = json_response(
            {"message": STATUS_MESSAGES[429], "retry_after": fault.retry_after, "global": False}, status
        )
        answer.headers.update({"Retry-After": f"{fault.retry_after:.0f}", "X-RateLimit-Scope": "shared"})
        if fault.has_via_header:
            answer.headers["Via"] = "1.1 google"
    return answer
