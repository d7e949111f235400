"""InvokeModel and InvokeModelWithResponseStream: the life of one call, from its signature to its last byte.

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

from demo.bedrock import auth, faults
from demo.bedrock.answers import compose
from demo.bedrock.delivery import deliver
from demo.bedrock.dialects import sd35, sdxl, upscale
from demo.bedrock.models import Model, find, profiled
from demo.bedrock.recipe import Recipe
from demo.bedrock.wire import ServiceError, malformed, validation
from demo.bedrock.world import WORLD, Call, World, described

BODY_LIMIT = 25_000_000
JSON = "application/json"
Result = TypeVar("Result")
log = logging.getLogger(__name__)


async def check_caller(request: web.Request) -> None:
    """Verify signature or API key; raises ServiceError."""
    path, _, query = request.raw_path.partition("?")
    headers = {name.lower(): value for name, value in request.headers.items()}
    signed = auth.SignedRequest(request.method, path, query, headers, await request.read())
    auth.check(signed, request.app[WORLD].known, datetime.now(UTC))


async def invoke_model(request: web.Request) -> web.StreamResponse:
    return await _booked(request, streamed=False)


async def invoke_model_with_response_stream(request: web.Request) -> web.StreamResponse:
    return await _booked(request, streamed=True)


async def _booked(request: web.Request, *, streamed: bool) -> web.StreamResponse:
    operation = "InvokeModelWithResponseStream" if streamed else "InvokeModel"
    call = Call(time.time(), request.match_info["model"], operation)
    request.app[WORLD].calls.append(call)
    try:
        return await _answered(request, call, streamed=streamed)
    except ServiceError as error:
        call.status, call.outcome = error.status, error.code
        raise
    except ConnectionError:
        return web.Response()  # nobody is left to read it
    finally:
        call.in_flight = False
        log.info("%s %s: %s %s", operation, call.model, call.status, call.outcome)


async def _answered(request: web.Request, call: Call, *, streamed: bool) -> web.StreamResponse:
    started = time.monotonic()
    world = request.app[WORLD]
    await check_caller(request)
    data = await request.read()
    model = _model(request, world, data, streamed=streamed)
    body = await _at_work(world, lambda: _parsed(data))
    call.body = await _at_work(world, lambda: described(body))
    texts = sdxl.texts(body) if model.dialect == "sdxl" else sd35.texts(body)
    met = world.faults_of(model, texts, data)
    if refusal := faults.first(met, faults.ERRORS):
        _refuse(faults.ERRORS[refusal.name])
    recipe = await _at_work(world, lambda: read(body, model))
    recipe = _seeded(recipe, model, world)
    await asyncio.sleep(world.seconds(model) + faults.extra_seconds(met))
    spoiled = faults.first(met, faults.ANSWERS)
    answer = await _at_work(world, lambda: compose(model, recipe, spoiled.name if spoiled else None))
    call.outcome, call.seed, call.billed = answer.outcome, answer.seed, answer.billed
    response = await deliver(
        request,
        answer.body,
        streamed=streamed,
        fault=faults.first(met, faults.DELIVERIES),
        milliseconds=round(1000 * (time.monotonic() - started)),
    )
    call.status, call.delivered = 200, True
    return response


async def _at_work(world: World, work: Callable[[], Result]) -> Result:
    """Do what costs processor time beside the event loop, two at a time."""
    async with world.renderers:
        return await asyncio.to_thread(work)


def _model(request: web.Request, world: World, data: bytes, *, streamed: bool) -> Model:
    """Check all that is said outside the body, and find the model."""
    if len(data) > BODY_LIMIT:
        raise validation(
            "1 validation error detected: Value at 'body' failed to satisfy constraint: "
            f"Member must have length less than or equal to {BODY_LIMIT}"
        )
    if request.content_type != JSON:
        raise validation(f"Content type {request.headers.get('Content-Type')} isn't supported. Use {JSON}.")
    if request.headers.get("Accept", JSON) not in {JSON, "*/*"}:
        raise validation(f"Accept type {request.headers['Accept']} isn't supported. Use {JSON}.")
    identifier = request.match_info["model"]
    model = profiled(identifier) or find(identifier)
    if not model:
        raise validation("The provided model identifier is invalid.")
    if model.profile_only and not profiled(identifier):
        _refuse(faults.ERRORS["profile"])
    match world.statuses[model.id]:
        case "EOL":
            _refuse(faults.ERRORS["eol"])
        case "forbidden":
            _refuse(faults.ERRORS["access-denied"])
    if streamed and not model.streaming:
        raise validation("The model is unsupported for streaming.")
    return model


def _parsed(data: bytes) -> dict[str, Any]:
    try:
        body = json.loads(data, parse_constant=_finite, parse_float=_finite, parse_int=_whole)
    except (ValueError, RecursionError) as error:
        raise validation("Malformed input request, please reformat your input and try again.") from error
    if not isinstance(body, dict):
        raise malformed("#: expected type: JSONObject")
    return body


def read(body: dict[str, Any], model: Model) -> Recipe:
    """Validate a body as its model does. Raises ServiceError."""
    match model.dialect:
        case "sdxl":
            return sdxl.read(body)
        case "sd35":
            return sd35.read(body, model)
        case "upscale":
            return upscale.read(body, model)


def _finite(text: str) -> float:
    if not isfinite(number := float(text)):
        raise ValueError(f"{text} is no finite number")
    return number


def _whole(text: str) -> int:
    _finite(text)
    return int(text)


def _seeded(recipe: Recipe, model: Model, world: World) -> Recipe:
    return (
        recipe if recipe.seed or not model.seed_max else replace(recipe, seed=world.chance.randint(1, model.seed_max))
    )


def _refuse(row: faults.Row) -> NoReturn:
    raise row.error.again()
