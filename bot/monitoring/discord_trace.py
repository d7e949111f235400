"""Sees each request of discord.py to Discord's API, by aiohttp's tracing."""

import time
from collections.abc import Callable
from types import SimpleNamespace
from typing import Final

import aiohttp

ERROR_STATUS: Final = "error"


def build_http_trace(note_request: Callable[[str, float], None]) -> aiohttp.TraceConfig:
    """Build the configuration with which a session calls `note_request` with each status and the seconds it took."""
    trace = aiohttp.TraceConfig()

    async def start(_: aiohttp.ClientSession, context: SimpleNamespace, __: aiohttp.TraceRequestStartParams) -> None:
        context.started_at = time.perf_counter()

    async def end(_: aiohttp.ClientSession, context: SimpleNamespace, params: aiohttp.TraceRequestEndParams) -> None:
        note_request(str(params.response.status), time.perf_counter() - context.started_at)

    async def fail(_: aiohttp.ClientSession, context: SimpleNamespace, __: aiohttp.TraceRequestExceptionParams) -> None:
        note_request(ERROR_STATUS, time.perf_counter() - context.started_at)

    trace.on_request_start.append(start)
    trace.on_request_end.append(end)
    trace.on_request_exception.append(fail)
    return trace
