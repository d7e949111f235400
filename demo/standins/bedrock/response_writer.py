"""Sends a response to the client: complete, as an event stream, slowly, cut off, or not at all."""

import asyncio
from collections.abc import Sequence

from aiohttp import web

from demo.standins.bedrock import eventstream
from demo.standins.bedrock.faults import DRIP_SECONDS, Fault

DRIP_CHUNKS = 40
POLL_SECONDS = 0.05
STREAM_ERRORS = {
    "stream-error": ("modelStreamErrorException", "The model failed in the middle of its answer. Retry your request."),
    "stream-throttle": ("throttlingException", "Your request was throttled. Resubmit your request later."),
}


async def write_response(
    request: web.Request, body: bytes, *, streamed: bool, fault: Fault | None, latency_ms: int
) -> web.StreamResponse:
    """Send a model's response; raises ConnectionError if the client has disconnected or was cut off."""
    name = fault.name if fault else None
    if name == "hang":
        await _wait_for_disconnect(request)
    if name == "drop":
        _close_connection(request)
    chunks = _build_stream_events(body, name) if streamed else [body]
    response = web.StreamResponse(
        headers={
            "x-amzn-bedrock-invocation-latency": str(latency_ms),
            **(
                {"Content-Type": eventstream.CONTENT_TYPE, "X-Amzn-Bedrock-Content-Type": "application/json"}
                if streamed
                else {"Content-Type": "application/json", "Content-Length": str(len(body))}
            ),
        }
    )
    await response.prepare(request)
    if name == "drop-mid":
        whole = b"".join(chunks)
        await response.write(whole[: len(whole) // 2])
        _close_connection(request)
    if name == "drip":
        await _write_slowly(
            response, b"".join(chunks), DRIP_SECONDS if fault is None or fault.seconds is None else fault.seconds
        )
    else:
        for chunk in chunks:
            await response.write(chunk)
    await response.write_eof()
    return response


def _build_stream_events(body: bytes, fault: str | None) -> Sequence[bytes]:
    events = list(eventstream.encode_chunks(body))
    if fault not in STREAM_ERRORS:
        return events
    return [*events[: len(events) // 2], eventstream.encode_exception(*STREAM_ERRORS[fault])]


async def _write_slowly(response: web.StreamResponse, body: bytes, seconds: float) -> None:
    size = max(1, -(-len(body) // DRIP_CHUNKS))
    for start in range(0, len(body), size):
        await response.write(body[start : start + size])
        await asyncio.sleep(seconds / DRIP_CHUNKS)


async def _wait_for_disconnect(request: web.Request) -> None:
    while request.transport is not None and not request.transport.is_closing():  # noqa: ASYNC110 - aiohttp has no event for it
        await asyncio.sleep(POLL_SECONDS)
    raise ConnectionResetError("the client disconnected")


def _close_connection(request: web.Request) -> None:
    if request.transport is not None:
        request.transport.close()
    raise ConnectionResetError("connection closed by a fault")
