"""The tables of errors: complete, true to the rule of money, and careful with the messages that are passed on."""

from string import Formatter
from typing import Any

import botocore.exceptions
import botocore.session
import pytest
from botocore.exceptions import ClientError, EventStreamError
from botocore.model import Shape, StructureShape

from shared.catalogue import Catalogue, Model
from shared.i18n.messages import describe_problem
from shared.outcome import FilteredPart
from shared.problems import ACTORS
from tests.support.messages import list_problem_facts
from worker.bedrock.deadline import DeadlineExceededError
from worker.bedrock.error_policies import (
    CODE_POLICIES,
    EXCEPTION_POLICIES,
    MESSAGE_RULES,
    STATUS_POLICIES,
    ErrorPolicy,
)
from worker.bedrock.errors import classify_error, get_error_name
from worker.bedrock.json_body import InvalidResponseError
from worker.call_result import BedrockCallError, RetryPolicy

OPERATIONS = ("InvokeModel", "InvokeModelWithResponseStream")
SERVICE = botocore.session.get_session().get_service_model("bedrock-runtime")
NEVER_RAN = {429, 503, 529}


@pytest.fixture
def model(catalogue: Catalogue) -> Model:
    return catalogue.models["sd3.5-large"]


def list_modelled_errors() -> dict[str, int]:
    """Every error of both operations and of the stream's events, with its HTTP status, from botocore's own model."""
    shapes: dict[str, Shape] = {}
    for name in OPERATIONS:
        operation = SERVICE.operation_model(name)
        shapes |= {shape.name: shape for shape in operation.error_shapes}
        if operation.has_event_stream_output:
            events = operation.get_event_stream_output()
            assert isinstance(events, StructureShape)
            shapes |= {s.name: s for s in events.members.values() if s.metadata.get("exception")}
    return {name: int(shape.metadata["error"]["httpStatusCode"]) for name, shape in shapes.items()}


def make_client_error(
    code: str, message: str = "", status: int = 400, *, kind: type[ClientError] = ClientError, retry_after: str = ""
) -> ClientError:
    response: Any = {
        "Error": {"Code": code, "Message": message},
        "ResponseMetadata": {"HTTPStatusCode": status, "HTTPHeaders": {"retry-after": retry_after}},
    }
    return kind(response, "InvokeModel")


def classify(error: Exception, model: Model) -> BedrockCallError:
    classified = classify_error(error, model, 120)
    assert isinstance(classified, BedrockCallError)
    return classified


def test_the_service_model_has_eleven_errors() -> None:
    assert len(list_modelled_errors()) == 11


@pytest.mark.parametrize("name", sorted(list_modelled_errors()))
def test_every_error_of_the_service_model_has_a_policy(name: str) -> None:
    assert name in CODE_POLICIES


@pytest.mark.parametrize("name", sorted(list_modelled_errors()))
def test_a_call_is_repeated_without_limit_only_if_it_is_known_not_to_have_run(name: str) -> None:
    assert (CODE_POLICIES[name].retry_policy is RetryPolicy.UNLIMITED) == (list_modelled_errors()[name] in NEVER_RAN)


@pytest.mark.parametrize(
    "policy",
    [
        *CODE_POLICIES.values(),
        *STATUS_POLICIES.values(),
        *EXCEPTION_POLICIES.values(),
        *(policy for rules in MESSAGE_RULES.values() for _, policy in rules if isinstance(policy, ErrorPolicy)),
    ],
)
def test_every_policy_has_a_message_and_the_facts_that_it_names(policy: ErrorPolicy) -> None:
    assert list_problem_facts()[policy.code] <= {"model", "limit", "detail"}
    assert {name for _, name, _, _ in Formatter().parse(policy.detail) if name} <= {"message", "id"}


@pytest.mark.parametrize(
    "exception",
    sorted(
        n
        for n, e in vars(botocore.exceptions).items()
        if isinstance(e, type) and issubclass(e, botocore.exceptions.BotoCoreError)
    ),
)
def test_every_exception_of_botocore_has_a_policy(exception: str, model: Model) -> None:
    kind = getattr(botocore.exceptions, exception)
    error = kind.__new__(kind)
    Exception.__init__(error, "message")
    assert classify(error, model).problem.code in ACTORS


@pytest.mark.parametrize(
    ("exception", "code", "retry"),
    [
        ("NoCredentialsError", "credentials", RetryPolicy.UNLIMITED),
        ("UnauthorizedSSOTokenError", "credentials", RetryPolicy.UNLIMITED),
        ("SSOTokenLoadError", "credentials", RetryPolicy.UNLIMITED),
        ("LoginTokenLoadError", "credentials", RetryPolicy.UNLIMITED),
        ("NoRegionError", "misconfigured", RetryPolicy.NEVER),
        ("ParamValidationError", "misconfigured", RetryPolicy.NEVER),
        ("ProfileNotFound", "misconfigured", RetryPolicy.NEVER),
        ("EndpointConnectionError", "unreachable", RetryPolicy.UNLIMITED),
        ("ConnectTimeoutError", "unreachable", RetryPolicy.UNLIMITED),
        ("ProxyConnectionError", "unreachable", RetryPolicy.UNLIMITED),
        ("SSLError", "unreachable", RetryPolicy.ONCE),
        ("ReadTimeoutError", "deadline", RetryPolicy.ONCE),
        ("ConnectionClosedError", "provider_error", RetryPolicy.ONCE),
        ("ResponseStreamingError", "provider_error", RetryPolicy.ONCE),
    ],
)
def test_a_call_without_a_response_is_repeated_without_limit_only_if_nothing_was_sent(
    exception: str, code: str, retry: RetryPolicy, model: Model
) -> None:
    kind = getattr(botocore.exceptions, exception)
    error = kind.__new__(kind)
    Exception.__init__(error, "message")
    classified = classify(error, model)
    assert (classified.problem.code, classified.retry_policy) == (code, retry)


@pytest.mark.parametrize(
    ("code", "status", "problem", "retry"),
    [
        ("503", 503, "busy", RetryPolicy.UNLIMITED),
        ("429", 429, "busy", RetryPolicy.UNLIMITED),
        ("500", 500, "provider_error", RetryPolicy.ONCE),
        ("502", 502, "provider_error", RetryPolicy.ONCE),
        ("504", 504, "provider_error", RetryPolicy.ONCE),
        ("404", 404, "misconfigured", RetryPolicy.NEVER),
        ("413", 413, "not_accepted", RetryPolicy.NEVER),
        ("BrandNewException", 418, "not_accepted", RetryPolicy.NEVER),
        ("BrandNewException", 529, "busy", RetryPolicy.UNLIMITED),
        ("BrandNewException", 599, "provider_error", RetryPolicy.ONCE),
        ("", 200, "provider_error", RetryPolicy.ONCE),
    ],
)
def test_an_unknown_error_is_treated_by_its_http_status(
    code: str, status: int, problem: str, retry: RetryPolicy, model: Model
) -> None:
    error = classify(make_client_error(code, status=status), model)
    assert (error.problem.code, error.retry_policy) == (problem, retry)


@pytest.mark.parametrize(
    "code",
    [
        "InvalidClientTokenId",
        "UnrecognizedClientException",
        "ExpiredToken",
        "ExpiredTokenException",
        "InvalidSignatureException",
        "IncompleteSignature",
        "RequestExpired",
        "NotAuthorized",
        "SignatureDoesNotMatch",
        "MissingAuthenticationToken",
    ],
)
def test_jobs_wait_until_the_credentials_are_renewed(code: str, model: Model) -> None:
    error = classify(make_client_error(code, status=403), model)
    assert (error.problem.code, error.retry_policy, error.is_model_unavailable) == (
        "credentials",
        RetryPolicy.UNLIMITED,
        False,
    )
    assert error.retry_after >= 30


@pytest.mark.parametrize(
    "message",
    [
        "invalid_prompts\nsagemaker_inference.errors.BaseInferenceToolkitError: (400, 'invalid_prompts', 'Oh.')",
        "One or more of the prompts contains filtered words",
    ],
)
def test_a_prompt_that_is_refused_by_an_exception_is_a_filtered_prompt(message: str, model: Model) -> None:
    assert classify_error(make_client_error("ValidationException", message), model, 120) is FilteredPart.PROMPT


@pytest.mark.parametrize(
    ("code", "message", "policy"),
    [
        (
            "Validation",
            '{"detail":"Invalid field \'cfg_scale\' in request."}',
            ("misconfigured", RetryPolicy.NEVER, False),
        ),
        ("Validation", "Malformed input request: #: extraneous key [x]", ("misconfigured", RetryPolicy.NEVER, False)),
        ("Validation", "… on-demand throughput isn\u2019t supported.", ("misconfigured", RetryPolicy.NEVER, True)),
        ("Validation", "The provided model identifier is invalid.", ("misconfigured", RetryPolicy.NEVER, True)),
        ("Validation", "The model is unsupported for streaming.", ("misconfigured", RetryPolicy.NEVER, False)),
        ("Validation", "Image is too dark", ("not_accepted", RetryPolicy.NEVER, False)),
        ("AccessDenied", "You don't have access to the model", ("access_denied", RetryPolicy.NEVER, True)),
        ("AccessDenied", "You are not authorized to perform: InvokeModel", ("access_denied", RetryPolicy.NEVER, True)),
        (
            "AccessDenied",
            "not authorized to make a Marketplace subscription",
            ("access_denied", RetryPolicy.NEVER, True),
        ),
        ("AccessDenied", "Please make sure your API Key is valid.", ("credentials", RetryPolicy.UNLIMITED, False)),
        ("AccessDenied", "denied due to MPAgreementBeingCreated", ("access_denied", RetryPolicy.UNLIMITED, False)),
        ("AccessDenied", "This Model is marked by provider as Legacy", ("model_gone", RetryPolicy.NEVER, True)),
        ("ResourceNotFound", "has reached the end of its life.", ("model_gone", RetryPolicy.NEVER, True)),
    ],
)
def test_the_message_decides_where_the_code_stands_for_several_failures(
    code: str, message: str, policy: tuple[str, RetryPolicy, bool], model: Model
) -> None:
    error = classify(make_client_error(f"{code}Exception", message), model)
    assert (error.problem.code, error.retry_policy, error.is_model_unavailable) == policy
    assert describe_problem(error.problem)


@pytest.mark.parametrize(
    ("code", "status"),
    [("ValidationException", 400), ("ModelErrorException", 424), ("", 413), ("InternalFailure", 500)],
)
def test_a_response_that_bedrock_finds_too_large_is_never_repeated_whatever_its_code(
    code: str, status: int, model: Model
) -> None:
    message = '{"detail":"Response payload size 46000000 bytes exceeds the maximum allowed size of 16777216 bytes"}'
    error = classify(make_client_error(code, message, status), model)
    assert (error.problem.code, error.retry_policy) == ("response_too_large", RetryPolicy.NEVER)
    assert "too large for Amazon Bedrock to return" in describe_problem(error.problem)


def test_a_pending_agreement_delays_the_next_call_by_a_minute_at_least(model: Model) -> None:
    assert classify(make_client_error("AccessDeniedException", "agreement pending"), model).retry_after >= 60


def test_the_message_names_the_inference_profile_to_configure(model: Model) -> None:
    error = classify(make_client_error("ValidationException", "on-demand throughput isn't supported"), model)
    assert 'id = "us.stability.sd3-5-large-v1:0"' in describe_problem(error.problem)


@pytest.mark.parametrize(
    ("message", "detail"),
    [
        ("Image is too dark", "Image is too dark"),
        ('{"detail":"image: \\"x\\" is\\n too dark"}', 'image: "x" is too dark'),
        ("oh\nsagemaker_inference.errors.E: (400, 'oh', 'Image is too dark.')", "Image is too dark."),
        ("[1]", "[1]"),
        ("signed by AKIAIOSFODNN7EXAMPLE with " + "a1/" * 40, "signed by … with …"),
        ("word " * 100, ("word " * 100)[:199] + "…"),
    ],
)
def test_awss_messages_are_passed_on_unwrapped_trimmed_and_without_secrets(
    message: str, detail: str, model: Model
) -> None:
    error = classify(make_client_error("ValidationException", message), model)
    assert error.problem.facts["detail"] == detail
    assert detail in describe_problem(error.problem)


def test_the_code_of_an_error_in_a_stream_is_capitalised(model: Model) -> None:
    error = make_client_error("modelStreamErrorException", kind=EventStreamError)
    assert get_error_name(error) == "ModelStreamErrorException"
    assert classify(error, model).problem.code == "model_error"


@pytest.mark.parametrize(
    "code", ["throttlingException", "serviceUnavailableException", "internalFailure", "internalServerException"]
)
def test_an_error_in_a_stream_is_repeated_once_at_most(code: str, model: Model) -> None:
    assert classify(make_client_error(code, kind=EventStreamError), model).retry_policy is RetryPolicy.ONCE


def test_only_throttling_slows_the_calls_of_all_workers(model: Model) -> None:
    throttling = {name for name in list_modelled_errors() if classify(make_client_error(name), model).is_throttled}
    assert throttling == {"ThrottlingException", "ServiceUnavailableException", "ServiceQuotaExceededException"}


def test_calls_without_a_response_in_time_and_errors_of_the_service_pause_the_model(model: Model) -> None:
    assert classify(DeadlineExceededError(), model).pause_seconds == 120
    assert classify(make_client_error("ModelTimeoutException", status=408), model).pause_seconds == 120
    assert classify(make_client_error("", status=502), model).pause_seconds == 15
    assert classify(make_client_error("", status=503), model).pause_seconds == 0
    assert classify(ConnectionResetError(), model).pause_seconds == 15
    pausing = {name for name in list_modelled_errors() if classify(make_client_error(name), model).pause_seconds}
    assert pausing == {"ModelTimeoutException", "InternalServerException"}


@pytest.mark.parametrize(("header", "seconds"), [("7", 7), ("0", 2), ("86400", 300), ("soon", 2), ("-5", 2)])
def test_a_retry_after_header_is_honoured_up_to_five_minutes(header: str, seconds: float, model: Model) -> None:
    error = make_client_error("overloaded_error", status=529, retry_after=header)
    assert classify(error, model).retry_after == seconds


def test_an_invalid_response_and_a_missed_deadline_have_policies(model: Model) -> None:
    bad = classify(InvalidResponseError("invalid_response", "no seed"), model)
    assert (bad.problem.code, bad.problem.facts["detail"], bad.retry_policy) == (
        "invalid_response",
        "no seed",
        RetryPolicy.ONCE,
    )
    assert classify(InvalidResponseError("model_error", "ERROR"), model).problem.code == "model_error"
    late = classify(DeadlineExceededError(), model)
    assert (late.retry_policy, "within 120\u00a0s" in describe_problem(late.problem)) == (RetryPolicy.ONCE, True)
