"""The control plane (client `bedrock`): the models, and whether this account may use them.

https://docs.aws.amazon.com/bedrock/latest/APIReference/API_GetFoundationModel.html
"""

from typing import Any

from aiohttp import web

from demo.standins.bedrock.faults import ERROR_FAULTS
from demo.standins.bedrock.invoke import authenticate_caller
from demo.standins.bedrock.models import MODELS, PROFILE_PREFIX, Model, ModelStatus, find_model, find_profile_model
from demo.standins.bedrock.state import STATE

ARN = "arn:aws:bedrock:us-west-2::foundation-model/{}"
PROFILE_ARN = "arn:aws:bedrock:us-west-2:000000000000:inference-profile/{}"
PROFILE_REGIONS = ("us-east-1", "us-east-2", "us-west-2")
PROVIDER = "Stability AI"


async def list_foundation_models(request: web.Request) -> web.Response:
    """Return the models that match the query's filters."""
    account = await authenticate_caller(request)
    statuses = {model: request.app[STATE].get_status(model, account) for model in MODELS}
    summaries = [_describe_model(row, statuses[row.id]) for row in MODELS.values() if statuses[row.id] != "EOL"]
    query = request.query
    summaries = [
        summary
        for summary in summaries
        if query.get("byProvider", PROVIDER).lower() == PROVIDER.lower()
        and query.get("byOutputModality", "IMAGE") == "IMAGE"
        and ("byInferenceType" not in query or query["byInferenceType"] in summary["inferenceTypesSupported"])
        and "byCustomizationType" not in query
    ]
    return web.json_response({"modelSummaries": summaries})


async def get_foundation_model(request: web.Request) -> web.Response:
    """Return one model's details; 404 for an unknown model or one at its end of life."""
    model, status = _find_model(request, await authenticate_caller(request))
    if status == "EOL":
        raise ERROR_FAULTS["eol"].error.copy()
    return web.json_response({"modelDetails": _describe_model(model, status)})


async def get_foundation_model_availability(request: web.Request) -> web.Response:
    """Return whether this account may invoke the model in this Region."""
    model, status = _find_model(request, await authenticate_caller(request))
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


async def get_inference_profile(request: web.Request) -> web.Response:
    """Return the models and Regions behind a system-defined inference profile."""
    await authenticate_caller(request)
    model = find_profile_model(request.match_info["profile"])
    if not model:
        raise ERROR_FAULTS["not-found"].error.copy()
    return web.json_response(
        {
            "inferenceProfileId": PROFILE_PREFIX + model.id,
            "inferenceProfileArn": PROFILE_ARN.format(PROFILE_PREFIX + model.id),
            "inferenceProfileName": f"US {model.name}",
            "models": [{"modelArn": ARN.format(model.id).replace("us-west-2", region)} for region in PROFILE_REGIONS],
            "status": "ACTIVE",
            "type": "SYSTEM_DEFINED",
        }
    )


def _find_model(request: web.Request, account: str) -> tuple[Model, ModelStatus]:
    model = find_model(request.match_info["model"])
    if not model:
        raise ERROR_FAULTS["not-found"].error.copy()
    return model, request.app[STATE].get_status(model.id, account)


def _describe_model(model: Model, status: ModelStatus) -> dict[str, Any]:
    return {
        "modelArn": ARN.format(model.id),
        "modelId": model.id,
        "modelName": model.name,
        "providerName": PROVIDER,
        "inputModalities": ["TEXT", "IMAGE"] if model.image_input else ["TEXT"],
        "outputModalities": ["IMAGE"],
        "responseStreamingSupported": model.streaming,
        "customizationsSupported": [],
        "inferenceTypesSupported": ["INFERENCE_PROFILE" if model.profile_only else "ON_DEMAND"],
        "modelLifecycle": {"status": "LEGACY" if status == "LEGACY" else "ACTIVE"},
    }
