"""InvokeModel and InvokeModelWithResponseStream: handles one call, from its signature to the last byte.

https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_InvokeModel.html
"""

import asyncio
import json
import logging
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from math import isfinite
from typing import Any, NoReturn, TypeVar

from aiohttp import web

from demo.standins.bedrock import auth, faults
from demo.standins.bedrock.dialects import sd35, sdxl
from demo.standins.bedrock.errors import (
    RESPONSE_LIMIT,
    ServiceError,
    malformed_request_error,
    response_size_error,
    validation_error,
)
from demo.standins.bedrock.generation_settings import GenerationSettings
from demo.standins.bedrock.models import Model, find_model, find_profile_model
from demo.standins.bedrock.request_metadata import parse_request_metadata
from demo.standins.bedrock.response_writer import write_response
from demo.standins.bedrock.responses import build_response
from demo.standins.bedrock.services import parsing
from demo.standins.bedrock.state import STATE, BedrockState, Call, summarize_body

REQUEST_LIMIT = 25_000_000
JSON = "application/json"
Result = TypeVar("Result")
log = logging.getLogger(__name__)


async def authenticate_caller(request: web.Request, service: str = auth.SERVICE) -> str:
    """Verify signature or API key, and return the caller's account; raises ServiceError."""
    path, _, query = request.raw_path.partition("?")
    headers = {name.lower(): value for name, value in request.headers.items()}
    signed = auth.SignedRequest(request.method, path, query, headers, await request.read())
    state = request.app[STATE]
    return auth.authenticate_request(signed, state.credentials, state.sessions, datetime.now(UTC), service)


async def invoke_model(request: web.Request) -> web.StreamResponse:
    return await _record_call(request, streamed=False)


async def invoke_model_with_response_stream(request: web.Request) -> web.StreamResponse:
    return await _record_call(request, streamed=True)


async def _record_call(request: web.Request, *, streamed: bool) -> web.StreamResponse:
    operation = "InvokeModelWithResponseStream" if streamed else "InvokeModel"
    call = Call(time.time(), request.match_info["model"], operation)
    request.app[STATE].calls.append(call)
    try:
        return await _handle_call(request, call, streamed=streamed)
    except ServiceError as error:
        call.status, call.outcome = error.status, error.code
        raise
    except ConnectionError:
        return web.Response()  # the client has disconnected
    finally:
        call.in_flight = False
        log.info("%s %s: %s %s", operation, call.model, call.status, call.outcome)


async def _handle_call(request: web.Request, call: Call, *, streamed: bool) -> web.StreamResponse:
    started = time.monotonic()
    state = request.app[STATE]
    call.account = await authenticate_caller(request)
    data = await request.read()
    model = _resolve_model(request, call.account, data, streamed=streamed)
    call.request_metadata = parse_request_metadata(request.headers)
    body = await _run_in_thread(state, lambda: _parse_body(data))
    call.body = await _run_in_thread(state, lambda: summarize_body(body))
    texts = sdxl.iter_prompt_texts(body) if model.dialect == "sdxl" else sd35.iter_prompt_texts(body)
    call_faults = state.select_faults(model, texts, data, call.account)
    if error_fault := faults.pick_fault(call_faults, faults.ERROR_FAULTS):
        _raise_error(faults.ERROR_FAULTS[error_fault.name])
    settings = await _run_in_thread(state, lambda: parse_request(body, model))
    settings = _ensure_seed(settings, model, state)
    await asyncio.sleep(state.draw_latency(model) + faults.sum_extra_seconds(call_faults))
    response_fault = faults.pick_fault(call_faults, faults.RESPONSE_FAULTS)
    result = await _run_in_thread(
        state, lambda: build_response(model, settings, response_fault.name if response_fault else None, state.manifest)
    )
    call.outcome, call.seed, call.billed = result.outcome, result.seed, result.billed
    if len(result.body) > RESPONSE_LIMIT:
        raise replace(response_size_error(len(result.body)), status=state.too_large_status)
    response = await write_response(
        request,
        result.body,
        streamed=streamed,
        fault=faults.pick_fault(call_faults, faults.TRANSPORT_FAULTS),
        latency_ms=round(1000 * (time.monotonic() - started)),
    )
    call.status, call.delivered = 200, True
    return response


async def _run_in_thread(state: BedrockState, work: Callable[[], Result]) -> Result:
    """Run CPU-bound work outside the event loop, two at a time."""
    async with state.render_slots:
        return await asyncio.to_thread(work)


def _resolve_model(request: web.Request, account: str, data: bytes, *, streamed: bool) -> Model:
    """Check the headers and the size of the body, and find the model."""
    if len(data) > REQUEST_LIMIT:
        raise validation_error(
            "1 validation error detected: Value at 'body' failed to satisfy constraint: "
            f"Member must have length less than or equal to {REQUEST_LIMIT}"
        )
    if request.content_type != JSON:
        raise validation_error(f"Content type {request.headers.get('Content-Type')} isn't supported. Use {JSON}.")
    if request.headers.get("Accept", JSON) not in {JSON, "*/*"}:
        raise validation_error(f"Accept type {request.headers['Accept']} isn't supported. Use {JSON}.")
    identifier = request.match_info["model"]
    model = find_profile_model(identifier) or find_model(identifier)
    region = auth.find_signed_region(request.headers.get("Authorization", ""))
    if not model or (region is not None and region not in model.regions):
        raise validation_error("The provided model identifier is invalid.")
    if model.profile_only and not find_profile_model(identifier):
        _raise_error(faults.ERROR_FAULTS["profile"])
    match request.app[STATE].get_status(model.id, account):
        case "EOL":
            _raise_error(faults.ERROR_FAULTS["eol"])
        case "forbidden":
            _raise_error(faults.ERROR_FAULTS["access-denied"])
    if streamed and not model.streaming:
        raise validation_error("The model is unsupported for streaming.")
    return model


def _parse_body(data: bytes) -> dict[str, Any]:
    try:
        body = json.loads(
            data, parse_constant=_parse_finite_float, parse_float=_parse_finite_float, parse_int=_parse_integer
        )
    except (ValueError, RecursionError) as error:
        raise validation_error("Malformed input request, please reformat your input and try again.") from error
    if not isinstance(body, dict):
        raise malformed_request_error("#: expected type: JSONObject")
    return body


def parse_request(body: dict[str, Any], model: Model) -> GenerationSettings:
    """Validate a body by its model's rules. Raises ServiceError."""
    match model.dialect:
        case "sdxl":
            return sdxl.parse_request(body)
        case "sd35":
            return sd35.parse_request(body, model)
        case "service":
            return parsing.parse_request(body, model)


def _parse_finite_float(text: str) -> float:
    if not isfinite(number := float(text)):
        raise ValueError(f"{text} is no finite number")
    return number


def _parse_integer(text: str) -> int:
    _parse_finite_float(text)
    return int(text)


def _ensure_seed(settings: GenerationSettings, model: Model, state: BedrockState) -> GenerationSettings:
    return (
        settings
        if settings.seed or not model.seed_max
        else replace(settings, seed=state.rng.randint(1, model.seed_max))
    )


def _raise_error(fault: faults.ErrorFault) -> NoReturn:
    raise fault.error.copy()
