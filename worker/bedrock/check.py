"""Is everything there that a call needs? Credentials, and for each model its life and this account's access to it.

https://docs.aws.amazon.com/bedrock/latest/APIReference/API_GetFoundationModelAvailability.html
https://docs.aws.amazon.com/bedrock/latest/APIReference/API_GetFoundationModel.html
"""

import os
import re
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

import boto3
from botocore.config import Config

from shared.catalogue import Model
from shared.outcome import Side
from worker.bedrock.client import region_for
from worker.bedrock.deadline import within
from worker.bedrock.errors import FAILURES, verdict

if TYPE_CHECKING:
    from mypy_boto3_bedrock.client import BedrockClient

SECONDS: Final = 15.0
_CONFIG: Final = Config(connect_timeout=5, read_timeout=10, retries={"total_max_attempts": 2, "mode": "standard"})
_PROFILE: Final = re.compile(r"^(us|eu|apac|jp|au|global)\.")


class Grade(StrEnum):
    """What a finding means for the worker."""

    READY = "ready"
    WARNING = "warning"
    BROKEN = "broken"


@dataclass(frozen=True)
class Finding:
    """One model as AWS sees it from `region`; `words` say what is so and what to do."""

    model: Model
    region: str
    grade: Grade
    words: str


def credentials() -> str | None:
    """Say where boto3 finds the account's credentials, or None; they themselves are not shown. Raises `FAILURES`.

    An API key wins over all others: https://docs.aws.amazon.com/bedrock/latest/userguide/api-keys-use.html
    """
    if os.environ.get("AWS_BEARER_TOKEN_BEDROCK"):
        return "API key of AWS_BEARER_TOKEN_BEDROCK"
    found = within(SECONDS, boto3.session.Session().get_credentials)
    return found.method if found else None


def look_at(model: Model, region: str, today: date) -> Finding:
    """Ask the control plane about one model, within a deadline. Nothing is raised, nothing costs money."""
    region = region_for(model, region) or region
    try:
        return within(SECONDS, lambda: _looked_at(model, region, today))
    except FAILURES as error:
        return Finding(model, region, *_failure(error, model, today))


def _looked_at(model: Model, region: str, today: date) -> Finding:
    client: BedrockClient = boto3.session.Session().client("bedrock", region_name=region, config=_CONFIG)
    plain_id = _PROFILE.sub("", model.id)
    details: Any = client.get_foundation_model(modelIdentifier=plain_id)["modelDetails"]
    availability: Any = client.get_foundation_model_availability(modelId=plain_id)
    if plain_id != model.id:
        client.get_inference_profile(inferenceProfileIdentifier=model.id)
    return Finding(model, region, *_judged(model, details.get("modelLifecycle", {}), availability, today))


def _judged(model: Model, life: Any, availability: Any, today: date) -> tuple[Grade, str]:
    if availability.get("regionAvailability") == "NOT_AVAILABLE":
        return _lost(model, today, "It is not served in this region. Put its regions into CATALOGUE_FILE.")
    if availability.get("authorizationStatus") == "NOT_AUTHORIZED":
        return _lost(model, today, "This account may not use it. Allow it in IAM and in the model's Marketplace terms.")
    agreement = availability.get("agreementAvailability", {}).get("status")
    if agreement != "AVAILABLE":
        return Grade.WARNING, f"Its Marketplace agreement is {agreement}. The first call makes it, if IAM allows that."
    if life.get("status") == "LEGACY":
        ends = life.get("endOfLifeTime")
        return Grade.WARNING, f"AWS calls it LEGACY{f', gone on {ends:%Y-%m-%d}' if ends else ''}. Plan for another."
    if model.retired(today):
        return Grade.WARNING, f"It answers after its end of life, {model.end_of_life}. Correct that in CATALOGUE_FILE."
    return Grade.READY, ""


def _failure(error: Exception, model: Model, today: date) -> tuple[Grade, str]:
    said = verdict(error, model, SECONDS)
    code = "not_accepted" if isinstance(said, Side) else said.problem.code
    match code:
        case "access_denied":
            return Grade.WARNING, "Not allowed to look. Allow bedrock:GetFoundationModel and …Availability to see more."
        case "model_gone" | "not_accepted" | "misconfigured":
            return _lost(model, today, "AWS has no such model here. Take it off: offered = false in CATALOGUE_FILE.")
        case "credentials":
            return Grade.BROKEN, "AWS refuses the credentials. Renew them, and see that the clock is right."
        case "unreachable" | "deadline":
            return Grade.BROKEN, "AWS does not answer. See to the network, the proxy and the region's name."
        case _:
            return Grade.WARNING, f"AWS could not tell ({code}). Ask again later."


def _lost(model: Model, today: date, words: str) -> tuple[Grade, str]:
    """A model past its end of life is gone as everyone knows; only the loss of a living one is a fault."""
    if model.retired(today):
        return Grade.WARNING, f"Its life ended on {model.end_of_life}. Take it off: offered = false in CATALOGUE_FILE."
    return Grade.BROKEN, words
