"""The table of errors: complete, true to the rule of money, and careful with what it repeats."""

from string import Formatter
from typing import Any

import botocore.exceptions
import botocore.session
import pytest
from botocore.exceptions import ClientError, EventStreamError
from botocore.model import Shape, StructureShape

from shared.catalogue import Catalogue, Model
from shared.errors import SENTENCES
from shared.outcome import Side
from worker.bedrock.deadline import Overdue
from worker.bedrock.errors import SAYINGS, TABLE, Treatment, name_of, verdict
from worker.bedrock.wire import Unusable
from worker.ports import Retry, Trouble

OPERATIONS = ("InvokeModel", "InvokeModelWithResponseStream")
SERVICE = botocore.session.get_session().get_service_model("bedrock-runtime")
NEVER_RAN = {429, 503, 529}


@pytest.fixture
def model(catalogue: Catalogue) -> Model:
    return catalogue.models["sd3.5-large"]


def modelled() -> dict[str, int]:
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


def client_error(
    code: str, message: str = "", status: int = 400, *, kind: type[ClientError] = ClientError, retry_after: str = ""
) -> ClientError:
    response: Any = {
        "Error": {"Code": code, "Message": message},
        "ResponseMetadata": {"HTTPStatusCode": status, "HTTPHeaders": {"retry-after": retry_after}},
    }
    return kind(response, "InvokeModel")


def trouble(error: Exception, model: Model) -> Trouble:
    said = verdict(error, model, 120)
    assert isinstance(said, Trouble)
    return said


def test_the_service_model_knows_the_errors_that_this_test_counts() -> None:
    assert len(modelled()) == 11


@pytest.mark.parametrize("name", sorted(modelled()))
def test_every_error_of_the_service_model_has_a_row(name: str) -> None:
    assert name in TABLE


@pytest.mark.parametrize("name", sorted(modelled()))
def test_an_error_waits_without_limit_only_where_it_is_known_not_to_have_run(name: str) -> None:
    assert (TABLE[name].retry is Retry.WAIT) == (modelled()[name] in NEVER_RAN)


@pytest.mark.parametrize("treatment", [*TABLE.values(), *(said for *_, said in SAYINGS if isinstance(said, Treatment))])
def test_every_row_has_words_and_the_facts_they_name(treatment: Treatment) -> None:
    named = {name for _, name, _, _ in Formatter().parse(SENTENCES[treatment.code]) if name}
    assert named <= {"model", "limit", "detail"}
    assert {name for _, name, _, _ in Formatter().parse(treatment.detail) if name} <= {"message", "id"}


@pytest.mark.parametrize(
    "exception",
    sorted(
        n
        for n, e in vars(botocore.exceptions).items()
        if isinstance(e, type) and issubclass(e, botocore.exceptions.BotoCoreError)
    ),
)
def test_every_exception_of_botocore_finds_a_row(exception: str, model: Model) -> None:
    kind = getattr(botocore.exceptions, exception)
    error = kind.__new__(kind)
    Exception.__init__(error, "words")
    assert trouble(error, model).problem.code in SENTENCES


@pytest.mark.parametrize(
    ("exception", "code", "retry"),
    [
        ("NoCredentialsError", "credentials", Retry.WAIT),
        ("UnauthorizedSSOTokenError", "credentials", Retry.WAIT),
        ("SSOTokenLoadError", "credentials", Retry.WAIT),
        ("LoginTokenLoadError", "credentials", Retry.WAIT),
        ("NoRegionError", "misconfigured", Retry.NEVER),
        ("ParamValidationError", "misconfigured", Retry.NEVER),
        ("ProfileNotFound", "misconfigured", Retry.NEVER),
        ("EndpointConnectionError", "unreachable", Retry.WAIT),
        ("ConnectTimeoutError", "unreachable", Retry.WAIT),
        ("ProxyConnectionError", "unreachable", Retry.WAIT),
        ("SSLError", "unreachable", Retry.ONCE),
        ("ReadTimeoutError", "deadline", Retry.ONCE),
        ("ConnectionClosedError", "provider_error", Retry.ONCE),
        ("ResponseStreamingError", "provider_error", Retry.ONCE),
    ],
)
def test_a_call_without_an_answer_is_repeated_freely_only_if_nothing_was_sent(
    exception: str, code: str, retry: Retry, model: Model
) -> None:
    kind = getattr(botocore.exceptions, exception)
    error = kind.__new__(kind)
    Exception.__init__(error, "words")
    said = trouble(error, model)
    assert (said.problem.code, said.retry) == (code, retry)


@pytest.mark.parametrize(
    ("code", "status", "problem", "retry"),
    [
        ("503", 503, "busy", Retry.WAIT),
        ("429", 429, "busy", Retry.WAIT),
        ("500", 500, "provider_error", Retry.ONCE),
        ("502", 502, "provider_error", Retry.ONCE),
        ("504", 504, "provider_error", Retry.ONCE),
        ("404", 404, "misconfigured", Retry.NEVER),
        ("413", 413, "not_accepted", Retry.NEVER),
        ("BrandNewException", 418, "not_accepted", Retry.NEVER),
        ("BrandNewException", 529, "busy", Retry.WAIT),
        ("BrandNewException", 599, "provider_error", Retry.ONCE),
        ("", 200, "provider_error", Retry.ONCE),
    ],
)
def test_an_error_that_nobody_modelled_is_treated_by_its_status(
    code: str, status: int, problem: str, retry: Retry, model: Model
) -> None:
    said = trouble(client_error(code, status=status), model)
    assert (said.problem.code, said.retry) == (problem, retry)


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
def test_jobs_wait_for_credentials_to_be_mended(code: str, model: Model) -> None:
    said = trouble(client_error(code, status=403), model)
    assert (said.problem.code, said.retry, said.switch_off) == ("credentials", Retry.WAIT, False)
    assert said.after >= 30


@pytest.mark.parametrize(
    "message",
    [
        "invalid_prompts\nsagemaker_inference.errors.BaseInferenceToolkitError: (400, 'invalid_prompts', 'Oh.')",
        "One or more of the prompts contains filtered words",
    ],
)
def test_a_prompt_refused_by_exception_is_no_error(message: str, model: Model) -> None:
    assert verdict(client_error("ValidationException", message), model, 120) is Side.PROMPT


@pytest.mark.parametrize(
    ("code", "message", "treatment"),
    [
        ("Validation", '{"detail":"Invalid field \'cfg_scale\' in request."}', ("misconfigured", Retry.NEVER, False)),
        ("Validation", "Malformed input request: #: extraneous key [x]", ("misconfigured", Retry.NEVER, False)),
        ("Validation", "… on-demand throughput isn\u2019t supported.", ("misconfigured", Retry.NEVER, True)),
        ("Validation", "The provided model identifier is invalid.", ("misconfigured", Retry.NEVER, True)),
        ("Validation", "The model is unsupported for streaming.", ("misconfigured", Retry.NEVER, False)),
        ("Validation", "Image is too dark", ("not_accepted", Retry.NEVER, False)),
        ("AccessDenied", "You don't have access to the model", ("access_denied", Retry.NEVER, True)),
        ("AccessDenied", "You are not authorized to perform: InvokeModel", ("access_denied", Retry.NEVER, True)),
        ("AccessDenied", "not authorized to make a Marketplace subscription", ("access_denied", Retry.NEVER, True)),
        ("AccessDenied", "Please make sure your API Key is valid.", ("credentials", Retry.WAIT, False)),
        ("AccessDenied", "denied due to MPAgreementBeingCreated", ("access_denied", Retry.WAIT, False)),
        ("AccessDenied", "This Model is marked by provider as Legacy", ("model_gone", Retry.NEVER, True)),
        ("ResourceNotFound", "has reached the end of its life.", ("model_gone", Retry.NEVER, True)),
    ],
)
def test_what_the_message_says_decides_where_the_name_does_not(
    code: str, message: str, treatment: tuple[str, Retry, bool], model: Model
) -> None:
    said = trouble(client_error(f"{code}Exception", message), model)
    assert (said.problem.code, said.retry, said.switch_off) == treatment
    assert said.problem.sentence()


def test_an_agreement_that_is_being_made_is_waited_for_a_minute_at_least(model: Model) -> None:
    assert trouble(client_error("AccessDeniedException", "agreement pending"), model).after >= 60


def test_the_operator_is_told_the_inference_profile_to_name(model: Model) -> None:
    said = trouble(client_error("ValidationException", "on-demand throughput isn't supported"), model)
    assert 'id = "us.stability.sd3-5-large-v1:0"' in said.problem.sentence()


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
def test_the_vendors_words_are_passed_on_unwrapped_trimmed_and_without_secrets(
    message: str, detail: str, model: Model
) -> None:
    said = trouble(client_error("ValidationException", message), model)
    assert said.problem.facts["detail"] == detail
    assert detail in said.problem.sentence()


def test_the_name_of_a_streams_exception_is_the_tables(model: Model) -> None:
    error = client_error("modelStreamErrorException", kind=EventStreamError)
    assert name_of(error) == "ModelStreamErrorException"
    assert trouble(error, model).problem.code == "model_error"


@pytest.mark.parametrize(
    "code", ["throttlingException", "serviceUnavailableException", "internalFailure", "internalServerException"]
)
def test_what_breaks_a_stream_came_after_the_start_and_is_repeated_once_at_most(code: str, model: Model) -> None:
    assert trouble(client_error(code, kind=EventStreamError), model).retry is Retry.ONCE


def test_throttling_slows_the_pace_and_other_failures_do_not(model: Model) -> None:
    slowing = {name for name in modelled() if trouble(client_error(name), model).throttled}
    assert slowing == {"ThrottlingException", "ServiceUnavailableException", "ServiceQuotaExceededException"}


@pytest.mark.parametrize(("written", "after"), [("7", 7), ("0", 2), ("86400", 300), ("soon", 2), ("-5", 2)])
def test_a_services_wish_to_be_left_alone_is_honoured_within_reason(written: str, after: float, model: Model) -> None:
    error = client_error("overloaded_error", status=529, retry_after=written)
    assert trouble(error, model).after == after


def test_an_unusable_answer_and_a_deadline_are_rows_like_any_other(model: Model) -> None:
    bad = trouble(Unusable("bad_answer", "no seed"), model)
    assert (bad.problem.code, bad.problem.facts["detail"], bad.retry) == ("bad_answer", "no seed", Retry.ONCE)
    assert trouble(Unusable("model_error", "ERROR"), model).problem.code == "model_error"
    late = trouble(Overdue(), model)
    assert (late.retry, "within 120 s" in late.problem.sentence()) == (Retry.ONCE, True)
