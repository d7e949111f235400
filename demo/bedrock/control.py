"""The control API, for tests and the demo's page: order faults, change latency and models, read the books.

GET    /health              {"status": "ok"}
GET    /control/faults      the faults that still wait, and every name there is
POST   /control/faults      {"fault": "throttle", "times": 1, "match": {"model": ..., "prompt": ...}}
DELETE /control/faults      forget them, and which bodies met a `-once`
POST   /control/latency     {"seconds": 0} for all models, or {"<model ID>": 1.5}; null restores a model's own
PUT    /control/models/{id} {"status": "ACTIVE" | "LEGACY" | "EOL" | "forbidden"}
GET    /control/calls       every invocation, oldest first (fields: demo.bedrock.world.Call)
DELETE /control/calls       start new books
"""

import json
from typing import Any, cast

from aiohttp import web

from demo.bedrock.faults import FAULTS, Fault, parse
from demo.bedrock.models import MODELS, STATUSES, Status
from demo.bedrock.world import WORLD, Armed, entry

routes = web.RouteTableDef()


@routes.get("/health")
async def health(_: web.Request) -> web.Response:
    return web.json_response({"status": "ok"})


@routes.get("/control/faults")
async def faults(request: web.Request) -> web.Response:
    waiting = [
        {"fault": one.fault.name, "times": one.times, "match": {"model": one.model, "prompt": one.prompt}}
        for one in request.app[WORLD].armed
    ]
    return web.json_response({"waiting": waiting, "faults": dict(FAULTS)})


@routes.post("/control/faults")
async def order_fault(request: web.Request) -> web.Response:
    asked = await _body(request)
    name, _, seconds = str(asked.get("fault")).partition(":")
    times, match = asked.get("times", 1), asked.get("match") or {}
    try:
        fault = parse(name, seconds)
    except ValueError:
        fault = None
    if not fault or fault.once:
        raise _wrong(f"There is no fault {asked.get('fault')!r}. Choose one of: {', '.join(FAULTS)}.")
    if type(times) is not int or times < 1:
        raise _wrong(f"A fault cannot be met {times!r} times. Give a whole number from 1.")
    if not isinstance(match, dict) or not match.keys() <= {"model", "prompt"}:
        raise _wrong("A fault matches by `model` and `prompt` alone. Send an object of these.")
    ordered = Armed(Fault(fault.name, fault.seconds), times, match.get("model"), match.get("prompt"))
    request.app[WORLD].armed.append(ordered)
    return web.json_response({"fault": fault.name, "times": times}, status=201)


@routes.delete("/control/faults")
async def forget_faults(request: web.Request) -> web.Response:
    request.app[WORLD].armed.clear()
    request.app[WORLD].met.clear()
    return web.Response(status=204)


@routes.post("/control/latency")
async def set_latency(request: web.Request) -> web.Response:
    world, asked = request.app[WORLD], await _body(request)
    for name, seconds in asked.items():
        if name != "seconds" and name not in MODELS:
            raise _wrong(f"There is no model {name!r}. Choose one of: {', '.join(MODELS)}; or `seconds` for all.")
        if seconds is not None and (isinstance(seconds, bool) or not isinstance(seconds, int | float) or seconds < 0):
            raise _wrong(f"{seconds!r} is no latency. Give seconds from 0, or null for the model's own.")
    for name, seconds in asked.items():
        if name == "seconds":
            world.latency = seconds
            world.latencies.clear()
        elif seconds is None:
            world.latencies.pop(name, None)
        else:
            world.latencies[name] = seconds
    return web.json_response({"seconds": world.latency, **world.latencies})


@routes.put("/control/models/{model}")
async def set_model(request: web.Request) -> web.Response:
    model, status = request.match_info["model"], (await _body(request)).get("status")
    if model not in MODELS:
        raise _wrong(f"There is no model {model!r}. Choose one of: {', '.join(MODELS)}.")
    if status not in STATUSES:
        raise _wrong(f"A model cannot be {status!r}. Choose one of: {', '.join(STATUSES)}.")
    request.app[WORLD].statuses[model] = cast("Status", status)
    return web.json_response({"model": model, "status": status})


@routes.get("/control/calls")
async def calls(request: web.Request) -> web.Response:
    return web.json_response([entry(call) for call in request.app[WORLD].calls])


@routes.delete("/control/calls")
async def forget_calls(request: web.Request) -> web.Response:
    request.app[WORLD].calls.clear()
    return web.Response(status=204)


async def _body(request: web.Request) -> dict[str, Any]:
    try:
        body = await request.json()
    except ValueError as error:
        raise _wrong("The body is not JSON. Send an object.") from error
    if not isinstance(body, dict):
        raise _wrong("The body is not an object. Send one.")
    return body


def _wrong(message: str) -> web.HTTPBadRequest:
    return web.HTTPBadRequest(text=json.dumps({"message": message}), content_type="application/json")
