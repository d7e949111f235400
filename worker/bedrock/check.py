"""Checks that calls would work: the credentials, each model's life cycle and this account's access to it, a guardrail.

https://docs.aws.amazon.com/bedrock/latest/APIReference/API_GetFoundationModelAvailability.html
https://docs.aws.amazon.com/bedrock/latest/APIReference/API_GetFoundationModel.html
"""

import os
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from boto3.session import Session
from botocore.config import Config

from shared.catalogue import Model
from shared.outcome import FilteredPart
from worker.bedrock.client import choose_region
from worker.bedrock.deadline import run_with_deadline
from worker.bedrock.errors import CALL_ERRORS, classify_error
from worker.imaging.check_copies import make_grey_picture
from worker.ports import CheckedSide, Guardrail, GuardrailError

if TYPE_CHECKING:
    from mypy_boto3_bedrock.client import BedrockClient

CHECK_TIMEOUT_SECONDS: Final = 15.0
_CLIENT_CONFIG: Final = Config(
    connect_timeout=5, read_timeout=10, retries={"total_max_attempts": 2, "mode": "standard"}
)
_PROFILE_PREFIX: Final = re.compile(r"^(us|eu|apac|jp|au|global)\.")


class Severity(StrEnum):
    """How much a finding matters to the worker."""

    OK = "ready"
    WARNING = "warning"
    ERROR = "broken"


@dataclass(frozen=True)
class Finding:
    """The state of one model in a region; `message` says how it is and what to do, "" if all is well."""

    model: Model
    region: str
    severity: Severity
    message: str


def check_guardrail(guardrail: Guardrail) -> tuple[Severity, str]:
    """Have a grey picture checked, which costs as much as any check. Return how the guardrail is, and what to do."""
    try:
        if guardrail.check_pictures([make_grey_picture()], CheckedSide.INPUT, CHECK_TIMEOUT_SECONDS):
            return Severity.WARNING, "It blocks a plain grey picture. Review its filters."
    except GuardrailError as error:
        advice = "Check GUARDRAIL_ID, GUARDRAIL_VERSION and AWS_REGION, and allow bedrock:ApplyGuardrail in IAM."
        if error.is_temporary:
            advice = "Check again later. Until it answers, no picture is made or shown."
        return Severity.ERROR, f"It does not check pictures: {error}. {advice}"
    return Severity.OK, "It checks sources and results."


def find_credentials_source() -> str | None:
    """Return the name of the source where boto3 finds credentials, or None. Raises `CALL_ERRORS`.

    An API key takes precedence over all other credentials: https://docs.aws.amazon.com/bedrock/latest/userguide/api-keys-use.html
    """
    if os.environ.get("AWS_BEARER_TOKEN_BEDROCK"):
        return "API key in AWS_BEARER_TOKEN_BEDROCK"
    credentials = run_with_deadline(CHECK_TIMEOUT_SECONDS, Session().get_credentials)
    return credentials.method if credentials else None


def check_models(models: Iterable[Model], region: str, today: date) -> list[Finding]:
    """Query the control plane about each model, within a deadline each. Raises nothing and costs no money.

    One session serves all of them, as a new one reads the description of the service again. After an error another one
    does: a thread that missed its deadline may still use the first, and boto3's sessions are not to be shared.
    """
    session, findings = Session(), list[Finding]()
    for model in models:
        place = choose_region(model, region) or region
        query = partial(_query_model, model, place, today, session)
        try:
            findings.append(run_with_deadline(CHECK_TIMEOUT_SECONDS, query))
        except CALL_ERRORS as error:
            findings.append(Finding(model, place, *_assess_error(error, model, today)))
            session = Session()
    return findings


def _query_model(model: Model, region: str, today: date, session: Session) -> Finding:
    client: BedrockClient = session.client("bedrock", region_name=region, config=_CLIENT_CONFIG)
    plain_id = _PROFILE_PREFIX.sub("", model.id)
    details: Any = client.get_foundation_model(modelIdentifier=plain_id)["modelDetails"]
    availability: Any = client.get_foundation_model_availability(modelId=plain_id)
    if plain_id != model.id:
        client.get_inference_profile(inferenceProfileIdentifier=model.id)
    return Finding(model, region, *_assess_availability(model, details.get("modelLifecycle", {}), availability, today))


def _assess_availability(model: Model, lifecycle: Any, availability: Any, today: date) -> tuple[Severity, str]:
    if availability.get("regionAvailability") == "NOT_AVAILABLE":
        return _assess_missing_model(
            model, today, "It is not available in this region. List its regions in CATALOGUE_FILE."
        )
    if availability.get("authorizationStatus") == "NOT_AUTHORIZED":
        return _assess_missing_model(
            model, today, "This account may not use it. Allow it in IAM and accept its Marketplace terms."
        )
    agreement = availability.get("agreementAvailability", {}).get("status")
    if agreement != "AVAILABLE":
        return (
            Severity.WARNING,
            f"Its Marketplace agreement is {agreement}. The first call creates it, if IAM allows that.",
        )
    if lifecycle.get("status") == "LEGACY":
        ends = lifecycle.get("endOfLifeTime")
        return (
            Severity.WARNING,
            f"AWS lists it as LEGACY{f', until {ends:%Y-%m-%d}' if ends else ''}. Plan for another model.",
        )
    if model.is_retired(today):
        return (
            Severity.WARNING,
            f"It still works after its end of life, {model.end_of_life}. Correct the date in CATALOGUE_FILE.",
        )
    return Severity.OK, ""


def _assess_error(error: Exception, model: Model, today: date) -> tuple[Severity, str]:
    classified = classify_error(error, model, CHECK_TIMEOUT_SECONDS)
    code = "not_accepted" if isinstance(classified, FilteredPart) else classified.problem.code
    match code:
        case "access_denied":
            return (
                Severity.WARNING,
                "Access cannot be checked. Allow bedrock:GetFoundationModel and …Availability in IAM.",
            )
        case "model_gone" | "not_accepted" | "misconfigured":
            return _assess_missing_model(
                model, today, "AWS has no such model in this region. Withdraw it: offered = false in CATALOGUE_FILE."
            )
        case "credentials":
            return Severity.ERROR, "AWS rejects the credentials. Renew them, and check this machine's clock."
        case "unreachable" | "deadline":
            return Severity.ERROR, "AWS is not responding. Check the network, the proxy and the name of the region."
        case _:
            return Severity.WARNING, f"AWS could not say ({code}). Check again later."


def _assess_missing_model(model: Model, today: date, message: str) -> tuple[Severity, str]:
    """Warn if the model is past its end of life, since it was to go; the loss of any other is an error."""
    if model.is_retired(today):
        return (
            Severity.WARNING,
            f"Its life ended on {model.end_of_life}. Withdraw it: remove offered = true from CATALOGUE_FILE.",
        )
    return Severity.ERROR, message
