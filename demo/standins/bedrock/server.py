"""The HTTP server: routes, request ids, and error responses in the service's form."""

import logging
import uuid

from aiohttp import web
from aiohttp.typedefs import Handler

from demo.standins.bedrock import control_api, control_plane, guardrails, invoke, sts
from demo.standins.bedrock.errors import ServiceError
from demo.standins.bedrock.state import STATE, BedrockState

READ_LIMIT = 64 * 1024 * 1024  # a body above the service's limit is read, too, so that the client receives the error
log = logging.getLogger(__name__)


def build_application(state: BedrockState) -> web.Application:
    """Build the application with the service and its control API."""
    app = web.Application(middlewares=[_convert_errors], client_max_size=READ_LIMIT)
    app[STATE] = state
    app[guardrails.GUARDRAIL_STATE] = guardrails.GuardrailState()
    app.on_response_prepare.append(_add_request_id)
    app.router.add_post("/model/{model}/invoke", invoke.invoke_model)
    app.router.add_post("/model/{model}/invoke-with-response-stream", invoke.invoke_model_with_response_stream)
    app.router.add_get("/foundation-models", control_plane.list_foundation_models)
    app.router.add_get("/foundation-models/{model}", control_plane.get_foundation_model)
    app.router.add_get("/foundation-model-availability/{model}", control_plane.get_foundation_model_availability)
    app.router.add_get("/inference-profiles/{profile}", control_plane.get_inference_profile)
    app.add_routes(control_api.routes)
    app.add_routes(guardrails.routes)
    app[sts.ROLE_STATE] = sts.RoleState()
    app.add_routes(sts.routes)
    return app


@web.middleware
async def _convert_errors(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except ServiceError as error:
        return error.to_response()
    except web.HTTPException as error:
        if request.path.startswith("/control/"):
            raise
        code = "UnknownOperationException" if error.status in {404, 405} else "ValidationException"
        return ServiceError(error.status, code, error.reason).to_response()
    except Exception:
        log.exception("The stand-in failed on %s %s", request.method, request.path)
        return ServiceError(500, "InternalServerException", "The stand-in itself failed; see its log.").to_response()


async def _add_request_id(_: web.Request, response: web.StreamResponse) -> None:
    response.headers["x-amzn-RequestId"] = str(uuid.uuid4())
