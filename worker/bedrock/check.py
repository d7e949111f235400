"""Checks that calls would work: the region, each model's life cycle and this account's access to it, a guardrail.

https://docs.aws.amazon.com/bedrock/latest/APIReference/API_GetFoundationModelAvailability.html
https://docs.aws.amazon.com/bedrock/latest/APIReference/API_GetFoundationModel.html
"""

import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from functools import partial
from typing import TYPE_CHECKING, Any, Final, cast

from botocore.config import Config
from botocore.session import Session

from shared.catalogue import Model
from shared.doctor.clock import check_date_header
from shared.doctor.findings import Finding, Status
from shared.outcome import FilteredPart
from worker.bedrock.client import choose_region
from worker.bedrock.deadline import run_with_deadline
from worker.bedrock.errors import CALL_ERRORS, classify_error
from worker.bedrock.profiles import get_foundation_model_id
from worker.bedrock.sessions import create_session
from worker.imaging.check_copies import make_grey_picture
from worker.ports import CheckedSide, Guardrail, GuardrailError

if TYPE_CHECKING:
    from mypy_boto3_bedrock.client import BedrockClient

CHECK_TIMEOUT_SECONDS: Final = 15.0
_CLIENT_CONFIG: Final = Config(
    connect_timeout=5, read_timeout=10, retries={"total_max_attempts": 2, "mode": "standard"}
)
_NO_RESPONSE: Final = (
    Status.ERROR,
    "AWS is not responding.",
    "Check the network, the proxy and the name of the region.",
)


def check_guardrail(guardrail: Guardrail) -> Finding:
    """Have a grey picture checked, which costs as much as any check."""
    name = "guardrail"
    try:
        if guardrail.check_pictures([make_grey_picture()], CheckedSide.INPUT, CHECK_TIMEOUT_SECONDS):
            return Finding(name, Status.WARNING, "It blocks a plain grey picture.", "Review its filters.")
    except GuardrailError as error:
        advice = "Check GUARDRAIL_ID, GUARDRAIL_VERSION and AWS_REGION, and allow bedrock:ApplyGuardrail in IAM."
        if error.is_temporary:
            advice = "Check again later. Until it answers, no picture is made or shown."
        return Finding(name, Status.ERROR, f"It does not check pictures: {error}.", advice)
    return Finding(name, Status.OK, "It checks sources and results.")


def check_region(models: Sequence[Model], region: str) -> Finding:
    """Check that the region has models on offer; the others are called elsewhere."""
    elsewhere = Counter(place for model in models if (place := choose_region(model, region) or region) != region)
    if not elsewhere:
        return Finding("aws.region", Status.OK, f"{region} has all {len(models)} models on offer.")
    places = ", ".join(f"{count} in {place}" for place, count in sorted(elsewhere.items()))
    what = f"{region} has {len(models) - elsewhere.total()} of {len(models)} models on offer; {places} are called."
    if elsewhere.total() < len(models):
        return Finding("aws.region", Status.OK, what)
    return Finding("aws.region", Status.WARNING, what, "Set AWS_REGION to where the models are, such as us-west-2.")


def check_accounts(
    accounts: Mapping[str, str | None], models: Sequence[Model], region: str, today: date
) -> list[Finding]:
    """Assume the role of each account, and check the models in it.

    What keeps a model from one account only is a warning, as it is called in another one.
    """
    findings, working = list[Finding](), set[str]()
    for account, role_arn in accounts.items():
        if role_arn is not None:
            findings.append(_check_role(account, role_arn, region))
            if findings[-1].status is Status.ERROR:
                continue
        found = check_models(models, region, today, role_arn)
        working |= {finding.name for finding in found if finding.status is not Status.ERROR}
        findings += [replace(finding, name=f"account.{account}.{finding.name}") for finding in found]
    return [
        replace(finding, status=Status.WARNING)
        if finding.status is Status.ERROR and finding.name.split(".", 2)[-1] in working
        else finding
        for finding in findings
    ]


def _check_role(account: str, role_arn: str, region: str) -> Finding:
    name, credentials = f"account.{account}", create_session(region, role_arn).get_credentials()
    try:
        if credentials is not None:
            run_with_deadline(CHECK_TIMEOUT_SECONDS, credentials.get_frozen_credentials)
    except CALL_ERRORS as error:
        return Finding(
            name,
            Status.ERROR,
            f"Its role cannot be assumed: {error}.",
            "Check BEDROCK_ACCOUNTS, the role's trust policy, and that the credentials may call sts:AssumeRole.",
        )
    return Finding(name, Status.OK, f"{role_arn} can be assumed.")


def check_models(models: Iterable[Model], region: str, today: date, role_arn: str | None = None) -> list[Finding]:
    """Query the control plane about each model, within a deadline each, and compare the clocks. Costs no money.

    The account is that of the role, or of the credentials.
    One session serves all of them, as a new one reads the description of the service again. After an error another one
    does: a thread that missed its deadline may still use the first, and botocore's sessions are not to be shared.
    A region that does not respond is not asked again.
    """
    session, findings, clocks = create_session(region, role_arn), list[Finding](), list[Finding]()
    silent = dict[str, tuple[Status, str, str]]()
    for model in models:
        place = choose_region(model, region) or region
        asked_at = time.time()
        query = partial(_query_model, model, place, today, session)
        headers: Any = {}
        try:
            state, headers = (silent[place], {}) if place in silent else run_with_deadline(CHECK_TIMEOUT_SECONDS, query)
        except CALL_ERRORS as error:
            state = _assess_error(error, model, today)
            if state == _NO_RESPONSE:
                silent[place] = state
            headers = getattr(error, "response", {}).get("ResponseMetadata", {}).get("HTTPHeaders", {})
            session = create_session(region, role_arn)
        status, what, advice = state
        findings.append(Finding(f"model.{model.key}", status, f"{model.id} in {place}: {what}", advice))
        clocks = clocks or check_date_header("clock.aws", "AWS", headers.get("date"), asked_at, time.time())
    return [*clocks, *findings]


def _query_model(
    model: Model, region: str, today: date, session: Session
) -> tuple[tuple[Status, str, str], Mapping[str, str]]:
    """Return the state of a model, and the headers of a response."""
    client = cast("BedrockClient", session.create_client("bedrock", region_name=region, config=_CLIENT_CONFIG))
    plain_id = get_foundation_model_id(model)
    answer: Any = client.get_foundation_model(modelIdentifier=plain_id)
    availability: Any = client.get_foundation_model_availability(modelId=plain_id)
    if plain_id != model.id:
        client.get_inference_profile(inferenceProfileIdentifier=model.id)
    lifecycle = answer["modelDetails"].get("modelLifecycle", {})
    return _assess_availability(model, lifecycle, availability, today), answer["ResponseMetadata"]["HTTPHeaders"]


def _assess_availability(model: Model, lifecycle: Any, availability: Any, today: date) -> tuple[Status, str, str]:
    if availability.get("regionAvailability") == "NOT_AVAILABLE":
        return _assess_missing_model(
            model, today, "it is not available in this region.", "List its regions in CATALOGUE_FILE."
        )
    if availability.get("authorizationStatus") == "NOT_AUTHORIZED":
        return _assess_missing_model(
            model, today, "this account may not use it.", "Allow it in IAM and accept its Marketplace terms."
        )
    agreement = availability.get("agreementAvailability", {}).get("status")
    if agreement != "AVAILABLE":
        what = f"its Marketplace agreement is {agreement}."
        return Status.WARNING, what, "The first call creates it, if IAM allows that."
    if lifecycle.get("status") == "LEGACY":
        ends = lifecycle.get("endOfLifeTime")
        what = f"AWS lists it as LEGACY{f', until {ends:%Y-%m-%d}' if ends else ''}."
        return Status.WARNING, what, "Plan for another model."
    if model.is_retired(today):
        what = f"it still works after its end of life, {model.end_of_life}."
        return Status.WARNING, what, "Correct the date in CATALOGUE_FILE."
    return Status.OK, "ready.", ""


def _assess_error(error: Exception, model: Model, today: date) -> tuple[Status, str, str]:
    classified = classify_error(error, model, CHECK_TIMEOUT_SECONDS)
    code = "not_accepted" if isinstance(classified, FilteredPart) else classified.problem.code
    match code:
        case "access_denied":
            advice = "Allow what `python -m worker policy` prints, in IAM."
            return Status.WARNING, "its access cannot be checked.", advice
        case "model_gone" | "not_accepted" | "misconfigured":
            what, advice = "AWS has no such model in this region.", "Withdraw it: offered = false in CATALOGUE_FILE."
            return _assess_missing_model(model, today, what, advice)
        case "credentials":
            return Status.ERROR, "AWS rejects the credentials.", "Renew them, and check this machine's clock."
        case "unreachable" | "deadline":
            return _NO_RESPONSE
        case _:
            return Status.WARNING, f"AWS could not say ({code}).", "Check again later."


def _assess_missing_model(model: Model, today: date, what: str, advice: str) -> tuple[Status, str, str]:
    """Warn if the model is past its end of life, since it was to go; the loss of any other is an error."""
    if model.is_retired(today):
        ended = f"its life ended on {model.end_of_life}."
        return Status.WARNING, ended, "Withdraw it: remove offered = true from CATALOGUE_FILE."
    return Status.ERROR, what, advice
