"""The control plane (client `bedrock`): which models there are and whether this account may use them.

https://docs.aws.amazon.com/bedrock/latest/APIReference/API_GetFoundationModel.html
"""

from typing import Any

from aiohttp import web

from demo.bedrock.faults import ERRORS
from demo.bedrock.invoke import check_caller
from demo.bedrock.models import MODELS, PROFILE, Model, Status, find, profiled
from demo.bedrock.world import WORLD

ARN = "arn:aws:bedrock:us-west-2::foundation-model/{}"
PROFILE_ARN = "arn:aws:bedrock:us-west-2:000000000000:inference-profile/{}"
PROFILE_REGIONS = ("us-east-1", "us-east-2", "us-west-2")
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
        and ("byInferenceType" not in asked or asked["byInferenceType"] in summary["inferenceTypesSupported"])
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


async def get_inference_profile(request: web.Request) -> web.Response:
    """Answer which models, in which Regions, stand behind a profile that Amazon defines."""
    await check_caller(request)
    model = profiled(request.match_info["profile"])
    if not model:
        raise ERRORS["not-found"].error.again()
    return web.json_response(
        {
            "inferenceProfileId": PROFILE + model.id,
            "inferenceProfileArn": PROFILE_ARN.format(PROFILE + model.id),
            "inferenceProfileName": f"US {model.name}",
            "models": [{"modelArn": ARN.format(model.id).replace("us-west-2", region)} for region in PROFILE_REGIONS],
            "status": "ACTIVE",
            "type": "SYSTEM_DEFINED",
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
        "inferenceTypesSupported": ["INFERENCE_PROFILE" if model.profile_only else "ON_DEMAND"],
        "modelLifecycle": {"status": "LEGACY" if status == "LEGACY" else "ACTIVE"},
    }
