"""The control plane (client `bedrock`): which models there are and whether this account may use them.

https://docs.aws.amazon.com/bedrock/latest/APIReference/API_GetFoundationModel.html
"""

from typing import Any

from aiohttp import web

from demo.bedrock.faults import ERRORS
from demo.bedrock.invoke import check_caller
from demo.bedrock.models import MODELS, Model, Status, find
from demo.bedrock.world import WORLD

ARN = "arn:aws:bedrock:us-west-2::foundation-model/{}"
PROVIDER = "Stability AI"


async def list_foundation_models(request: web.Request) -> web.Response:
    """Answer with the models, filtered as the query says."""
    await check_caller(request)
    statuses = request.app[WORLD].statuses
    summaries = [_details(row, statuses[row.id]) for row in MODELS.values() if statuses[row.id] != "EOL"]
    asked = request.query
    summaries = [
        summary
        for summary in summaries
        if asked.get("byProvider", PROVIDER).lower() == PROVIDER.lower()
        and asked.get("byOutputModality", "IMAGE") == "IMAGE"
        and asked.get("byInferenceType", "ON_DEMAND") == "ON_DEMAND"
        and "byCustomizationType" not in asked
    ]
    return web.json_response({"modelSummaries": summaries})


async def get_foundation_model(request: web.Request) -> web.Response:
    """Answer with one model's details, or 404."""
    await check_caller(request)
    model, status = _known(request)
    if status == "EOL":
        raise ERRORS["eol"].error.again()
    return web.json_response({"modelDetails": _details(model, status)})


async def get_foundation_model_availability(request: web.Request) -> web.Response:
    """Answer whether this account may invoke the model in this Region."""
    await check_caller(request)
    model, status = _known(request)
    entitled = "NOT_AVAILABLE" if status == "forbidden" else "AVAILABLE"
    return web.json_response(
        {
            "modelId": model.id,
            "agreementAvailability": {"status": entitled},
            "authorizationStatus": "NOT_AUTHORIZED" if status == "forbidden" else "AUTHORIZED",
            "entitlementAvailability": entitled,
            "regionAvailability": "NOT_AVAILABLE" if status == "EOL" else "AVAILABLE",
        }
    )


def _known(request: web.Request) -> tuple[Model, Status]:
    model = find(request.match_info["model"])
    if not model:
        raise ERRORS["not-found"].error.again()
    return model, request.app[WORLD].statuses[model.id]


def _details(model: Model, status: Status) -> dict[str, Any]:
    return {
        "modelArn": ARN.format(model.id),
        "modelId": model.id,
        "modelName": model.name,
        "providerName": PROVIDER,
        "inputModalities": ["TEXT", "IMAGE"] if model.image_input else ["TEXT"],
        "outputModalities": ["IMAGE"],
        "responseStreamingSupported": model.streaming,
        "customizationsSupported": [],
        "inferenceTypesSupported": ["ON_DEMAND"],
        "modelLifecycle": {"status": "LEGACY" if status == "LEGACY" else "ACTIVE"},
    }
