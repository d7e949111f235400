"""How an answer reaches the client: whole, as a stream of events, dripping, cut, or not at all."""

import asyncio
from collections.abc import Sequence

from aiohttp import web

from demo.bedrock import eventstream
from demo.bedrock.faults import DRIP_SECONDS, Fault

PIECES = 40
WATCH_SECONDS = 0.05
STREAM_ERRORS = {
    "stream-error": ("modelStreamErrorException", "The model failed in the middle of its answer. Retry your request."),
    "stream-throttle": ("throttlingException", "Your request was throttled. Resubmit your request later."),
}


async def deliver(
    request: web.Request, body: bytes, *, streamed: bool, fault: Fault | None, milliseconds: int
) -> web.StreamResponse:
    """Send a model's answer; raises ConnectionError where the client is gone or was cut off."""
    name = fault.name if fault else None
    if name == "hang":
        await _until_gone(request)
    if name == "drop":
        _cut(request)
    pieces = _events(body, name) if streamed else [body]
    response = web.StreamResponse(
        headers={
            "x-amzn-bedrock-invocation-latency": str(milliseconds),
            **(
                {"Content-Type": eventstream.CONTENT_TYPE, "X-Amzn-Bedrock-Content-Type": "application/json"}
                if streamed
                else {"Content-Type": "application/json", "Content-Length": str(len(body))}
            ),
        }
    )
    await response.prepare(request)
    if name == "drop-mid":
        whole = b"".join(pieces)
        await response.write(whole[: len(whole) // 2])
        _cut(request)
    if name == "drip":
        await _drip(
            response, b"".join(pieces), DRIP_SECONDS if fault is None or fault.seconds is None else fault.seconds
        )
    else:
        for piece in pieces:
            await response.write(piece)
    await response.write_eof()
    return response


def _events(body: bytes, fault: str | None) -> Sequence[bytes]:
    events = list(eventstream.chunks(body))
    if fault not in STREAM_ERRORS:
        return events
    return [*events[: len(events) // 2], eventstream.exception(*STREAM_ERRORS[fault])]


async def _drip(response: web.StreamResponse, body: bytes, seconds: float) -> None:
    size = max(1, -(-len(body) // PIECES))
    for start in range(0, len(body), size):
        await response.write(body[start : start + size])
        await asyncio.sleep(seconds / PIECES)


async def _until_gone(request: web.Request) -> None:
    while request.transport is not None and not request.transport.is_closing():  # noqa: ASYNC110 - aiohttp tells no event
        await asyncio.sleep(WATCH_SECONDS)
    raise ConnectionResetError("the client left")


def _cut(request: web.Request) -> None:
    if request.transport is not None:
        request.transport.close()
    raise ConnectionResetError("cut off by a fault")
