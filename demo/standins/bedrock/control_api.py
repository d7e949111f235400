"""The control API for tests: schedule faults, change latencies and model statuses, list the calls.

GET    /health              {"status": "ok"}
GET    /control/faults      the scheduled faults, and the names of all faults
POST   /control/faults      {"fault": "throttle", "times": 1, "match": {"model": ..., "prompt": ..., "account": ...}}
DELETE /control/faults      clear them, and the bodies that have had a `-once` fault
POST   /control/latency     {"seconds": 0} for all models, or {"<model ID>": 1.5}; null restores the model's own
PUT    /control/models/{id} {"status": "ACTIVE" | "LEGACY" | "EOL" | "forbidden"}, for one account with "account": ...
PUT    /control/c2pa        {"manifest": "<base64>"} for every PNG and JPEG; true for an empty one, null for none
GET    /control/calls       every invocation, oldest first (fields: demo.standins.bedrock.state.Call)
DELETE /control/calls       clear the list of calls
"""

import base64
import json
from typing import Any, cast

from aiohttp import web

from demo.standins.bedrock.c2pa import build_empty_manifest
from demo.standins.bedrock.faults import FAULTS, Fault, parse_fault
from demo.standins.bedrock.models import MODELS, STATUSES, ModelStatus
from demo.standins.bedrock.state import STATE, ScheduledFault, dump_call

MATCH_FIELDS = frozenset({"model", "prompt", "account"})

routes = web.RouteTableDef()


@routes.get("/health")
async def get_health(_: web.Request) -> web.Response:
    return web.json_response({"status": "ok"})


@routes.get("/control/faults")
async def list_faults(request: web.Request) -> web.Response:
    scheduled = [
        {"fault": one.fault.name, "times": one.times, "match": one.describe_match()}
        for one in request.app[STATE].scheduled_faults
    ]
    return web.json_response({"waiting": scheduled, "faults": dict(FAULTS)})


@routes.post("/control/faults")
async def add_fault(request: web.Request) -> web.Response:
    body = await read_json_object(request)
    name, _, seconds = str(body.get("fault")).partition(":")
    times, match = body.get("times", 1), body.get("match") or {}
    try:
        fault = parse_fault(name, seconds)
    except ValueError:
        fault = None
    if not fault or fault.once:
        raise bad_request_error(f"There is no fault {body.get('fault')!r}. Choose one of: {', '.join(FAULTS)}.")
    if type(times) is not int or times < 1:
        raise bad_request_error(f"`times` cannot be {times!r}. Send an integer from 1.")
    if not isinstance(match, dict) or not match.keys() <= MATCH_FIELDS:
        raise bad_request_error(
            f"`match` can contain only {', '.join(sorted(MATCH_FIELDS))}. Send an object with these."
        )
    scheduled_fault = ScheduledFault(Fault(fault.name, fault.seconds), times, **match)
    request.app[STATE].scheduled_faults.append(scheduled_fault)
    return web.json_response({"fault": fault.name, "times": times}, status=201)


@routes.delete("/control/faults")
async def clear_faults(request: web.Request) -> web.Response:
    request.app[STATE].scheduled_faults.clear()
    request.app[STATE].seen_once_bodies.clear()
    return web.Response(status=204)


@routes.post("/control/latency")
async def set_latency(request: web.Request) -> web.Response:
    state, body = request.app[STATE], await read_json_object(request)
    for name, seconds in body.items():
        if name != "seconds" and name not in MODELS:
            raise bad_request_error(
                f"There is no model {name!r}. Choose one of: {', '.join(MODELS)}; or `seconds` for all models."
            )
        if seconds is not None and (isinstance(seconds, bool) or not isinstance(seconds, int | float) or seconds < 0):
            raise bad_request_error(f"{seconds!r} is not a latency. Send seconds from 0, or null for the model's own.")
    for name, seconds in body.items():
        if name == "seconds":
            state.latency = seconds
            state.latencies.clear()
        elif seconds is None:
            state.latencies.pop(name, None)
        else:
            state.latencies[name] = seconds
    return web.json_response({"seconds": state.latency, **state.latencies})


@routes.put("/control/models/{model}")
async def set_model_status(request: web.Request) -> web.Response:
    model, body = request.match_info["model"], await read_json_object(request)
    status, account = body.get("status"), body.get("account")
    if model not in MODELS:
        raise bad_request_error(f"There is no model {model!r}. Choose one of: {', '.join(MODELS)}.")
    if status not in STATUSES:
        raise bad_request_error(f"A model cannot be {status!r}. Choose one of: {', '.join(STATUSES)}.")
    if isinstance(account, str):
        request.app[STATE].account_statuses[model, account] = cast("ModelStatus", status)
    else:
        request.app[STATE].statuses[model] = cast("ModelStatus", status)
    return web.json_response({"model": model, "status": status})


@routes.put("/control/c2pa")
async def set_manifest(request: web.Request) -> web.Response:
    manifest = (await read_json_object(request)).get("manifest")
    if manifest is True:
        request.app[STATE].manifest = build_empty_manifest()
    elif manifest is None:
        request.app[STATE].manifest = None
    else:
        try:
            request.app[STATE].manifest = base64.b64decode(str(manifest), validate=True)
        except ValueError as error:
            raise bad_request_error("`manifest` is not base64. Send base64, true or null.") from error
    return web.json_response({"bytes": len(request.app[STATE].manifest or b"")})


@routes.get("/control/calls")
async def list_calls(request: web.Request) -> web.Response:
    return web.json_response([dump_call(call) for call in request.app[STATE].calls])


@routes.delete("/control/calls")
async def clear_calls(request: web.Request) -> web.Response:
    request.app[STATE].calls.clear()
    return web.Response(status=204)


async def read_json_object(request: web.Request) -> dict[str, Any]:
    """Read the body of a control request; raises HTTPBadRequest."""
    try:
        body = await request.json()
    except ValueError as error:
        raise bad_request_error("The body is not JSON. Send an object.") from error
    if not isinstance(body, dict):
        raise bad_request_error("The body is not an object. Send an object.")
    return body


def bad_request_error(message: str) -> web.HTTPBadRequest:
    """Make the answer to a control request that cannot be understood."""
    return web.HTTPBadRequest(text=json.dumps({"message": message}), content_type="application/json")
