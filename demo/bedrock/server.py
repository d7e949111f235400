"""The HTTP server: routes, request ids, and errors in the service's form."""

import logging
import uuid

from aiohttp import web
from aiohttp.typedefs import Handler

from demo.bedrock import catalogue, control, invoke
from demo.bedrock.wire import ServiceError
from demo.bedrock.world import WORLD, World

READ_LIMIT = 64 * 1024 * 1024  # a body over the service's limit is read too, so that its sender gets the answer
log = logging.getLogger(__name__)


def application(world: World) -> web.Application:
    """Put the service and its control API around a world."""
    app = web.Application(middlewares=[_errors], client_max_size=READ_LIMIT)
    app[WORLD] = world
    app.on_response_prepare.append(_sign)
    app.router.add_post("/model/{model}/invoke", invoke.invoke_model)
    app.router.add_post("/model/{model}/invoke-with-response-stream", invoke.invoke_model_with_response_stream)
    app.router.add_get("/foundation-models", catalogue.list_foundation_models)
    app.router.add_get("/foundation-models/{model}", catalogue.get_foundation_model)
    app.router.add_get("/foundation-model-availability/{model}", catalogue.get_foundation_model_availability)
    app.router.add_get("/inference-profiles/{profile}", catalogue.get_inference_profile)
    app.add_routes(control.routes)
    return app


@web.middleware
async def _errors(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except ServiceError as error:
        return error.response()
    except web.HTTPException as error:
        if request.path.startswith("/control/"):
            raise
        code = "UnknownOperationException" if error.status in {404, 405} else "ValidationException"
        return ServiceError(error.status, code, error.reason).response()
    except Exception:
        log.exception("the stand-in failed at %s %s", request.method, request.path)
        return ServiceError(500, "InternalServerException", "The stand-in itself failed; its log says how.").response()


async def _sign(_: web.Request, response: web.StreamResponse) -> None:
    response.headers["x-amzn-RequestId"] = str(uuid.uuid4())
