"""What each failure of a call means: one table from the error's name to words, repeats and switches.

Names, statuses and advice: https://docs.aws.amazon.com/bedrock/latest/userguide/troubleshooting-api-error-codes.html
The rule of money: what is known not to have run (429, 503, a connection refused) waits and is sent again, however
often; what may have run, and been billed, is sent once more at most.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, Final

from botocore.eventstream import ParserError
from botocore.exceptions import BotoCoreError, ClientError, EventStreamError
from botocore.parsers import ResponseParserError
from urllib3.exceptions import HTTPError

from shared.catalogue import Model
from shared.outcome import FilteredPart
from shared.problems import make_problem
from worker.bedrock.deadline import DeadlineExceededError
from worker.bedrock.json_body import InvalidResponseError
from worker.ports import BedrockCallError, RetryPolicy

CALL_ERRORS: Final = (
    BotoCoreError,
    ClientError,
    HTTPError,
    OSError,
    DeadlineExceededError,
    ParserError,
    ResponseParserError,
    InvalidResponseError,
)
"""Everything that a call may raise."""

MAX_RETRY_AFTER_SECONDS: Final = 300.0
MAX_DETAIL_LENGTH: Final = 200


@dataclass(frozen=True)
class ErrorPolicy:
    """`code` is a problem's of `shared.problems`, `after` seconds; `detail` is worded from `{message}` and `{id}`."""

    code: str
    retry_policy: RetryPolicy
    retry_after: float = 0
    is_throttled: bool = False
    is_model_unavailable: bool = False
    detail: str = "{message}"


_ACCESS_DENIED = ErrorPolicy("access_denied", RetryPolicy.NEVER, is_model_unavailable=True)
_MODEL_GONE = ErrorPolicy("model_gone", RetryPolicy.NEVER, is_model_unavailable=True)
_BAD_CREDENTIALS = ErrorPolicy("credentials", RetryPolicy.UNLIMITED, retry_after=30)
_THROTTLED = ErrorPolicy("busy", RetryPolicy.UNLIMITED, retry_after=2, is_throttled=True)
_MODEL_TIMEOUT = ErrorPolicy("model_timeout", RetryPolicy.ONCE, retry_after=2)
_MODEL_ERROR = ErrorPolicy("model_error", RetryPolicy.ONCE, retry_after=2)
_PROVIDER_ERROR = ErrorPolicy("provider_error", RetryPolicy.ONCE, retry_after=5)
_DEADLINE_EXCEEDED = ErrorPolicy("deadline", RetryPolicy.ONCE)
_UNREACHABLE = ErrorPolicy("unreachable", RetryPolicy.UNLIMITED, retry_after=5)
_NOT_ACCEPTED = ErrorPolicy("not_accepted", RetryPolicy.NEVER)
_MISCONFIGURED = ErrorPolicy("misconfigured", RetryPolicy.NEVER)

ERROR_POLICIES: Final[Mapping[str, ErrorPolicy]] = MappingProxyType(
    {
        # the service model's own, of both operations and of the event stream
        "AccessDeniedException": _ACCESS_DENIED,
        "InternalServerException": _PROVIDER_ERROR,
        "ModelErrorException": _MODEL_ERROR,
        "ModelNotReadyException": ErrorPolicy("busy", RetryPolicy.UNLIMITED, retry_after=10),
        "ModelStreamErrorException": _MODEL_ERROR,
        "ModelTimeoutException": _MODEL_TIMEOUT,
        "ResourceNotFoundException": _MODEL_GONE,
        "ServiceQuotaExceededException": ErrorPolicy("quota_exceeded", RetryPolicy.NEVER, is_throttled=True),
        "ServiceUnavailableException": _THROTTLED,
        "ThrottlingException": _THROTTLED,
        "ValidationException": _NOT_ACCEPTED,
        # documented for all of AWS, in no service model
        "AccessDenied": _ACCESS_DENIED,
        "ExpiredToken": _BAD_CREDENTIALS,
        "ExpiredTokenException": _BAD_CREDENTIALS,
        "IncompleteSignature": _BAD_CREDENTIALS,
        "IncompleteSignatureException": _BAD_CREDENTIALS,
        "InternalFailure": _PROVIDER_ERROR,
        "InvalidClientTokenId": _BAD_CREDENTIALS,
        "InvalidSignatureException": _BAD_CREDENTIALS,
        "MissingAuthenticationToken": _BAD_CREDENTIALS,
        "MissingAuthenticationTokenException": _BAD_CREDENTIALS,
        "NotAuthorized": _BAD_CREDENTIALS,
        "OptInRequired": _BAD_CREDENTIALS,
        "RequestExpired": _BAD_CREDENTIALS,
        "SignatureDoesNotMatch": _BAD_CREDENTIALS,
        "ThrottledException": _THROTTLED,
        "TooManyRequestsException": _THROTTLED,
        "UnrecognizedClientException": _BAD_CREDENTIALS,
        "overloaded_error": _THROTTLED,
        # an answer without an error's name, from a load balancer or a proxy: its status, or its status' family
        "401": _BAD_CREDENTIALS,
        "403": replace(_ACCESS_DENIED, is_model_unavailable=False),
        "404": replace(_MISCONFIGURED, detail="the address of Bedrock answers 404"),
        "408": _MODEL_TIMEOUT,
        "429": _THROTTLED,
        "503": _THROTTLED,
        "529": _THROTTLED,
        "4xx": _NOT_ACCEPTED,
        "5xx": _PROVIDER_ERROR,
        # no answer: the exceptions of botocore, urllib3 and the operating system, the nearest ancestor's row counts
        "NoCredentialsError": _BAD_CREDENTIALS,
        "PartialCredentialsError": _BAD_CREDENTIALS,
        "CredentialRetrievalError": _BAD_CREDENTIALS,
        "MetadataRetrievalError": _BAD_CREDENTIALS,
        "NoAuthTokenError": _BAD_CREDENTIALS,
        "SSOError": _BAD_CREDENTIALS,
        "TokenRetrievalError": _BAD_CREDENTIALS,
        "LoginError": _BAD_CREDENTIALS,
        "EndpointConnectionError": _UNREACHABLE,
        "ConnectTimeoutError": _UNREACHABLE,
        "ProxyConnectionError": _UNREACHABLE,
        "ReadTimeoutError": _DEADLINE_EXCEEDED,
        "DeadlineExceededError": _DEADLINE_EXCEEDED,
        "HTTPClientError": _PROVIDER_ERROR,
        "ResponseStreamingError": _PROVIDER_ERROR,
        "IncompleteReadError": _PROVIDER_ERROR,
        "SSLError": replace(_UNREACHABLE, retry_policy=RetryPolicy.ONCE),
        "HTTPError": _PROVIDER_ERROR,
        "OSError": _PROVIDER_ERROR,
        "ParserError": ErrorPolicy("bad_answer", RetryPolicy.ONCE, detail="the stream of events is damaged"),
        "ResponseParserError": ErrorPolicy("bad_answer", RetryPolicy.ONCE, detail="the answer is damaged"),
        "BotoCoreError": _MISCONFIGURED,
        # an answer that brings no picture
        "bad_answer": ErrorPolicy("bad_answer", RetryPolicy.ONCE),
        "model_error": _MODEL_ERROR,
    }
)

_UNKNOWN_ID_DETAIL = "Bedrock knows no model {id} here: see its id and regions in CATALOGUE_FILE"
_INFERENCE_PROFILE_DETAIL = '{id} is called through an inference profile: set id = "us.{id}" for it in CATALOGUE_FILE'
_STREAMING_DETAIL = "{id} cannot be streamed: take it out of BEDROCK_STREAMING"
_AGREEMENT_PENDING = ErrorPolicy("access_denied", RetryPolicy.UNLIMITED, retry_after=60)

MESSAGE_RULES: Final[tuple[tuple[str, str, ErrorPolicy | FilteredPart], ...]] = (
    # an error's name and lower-case words of its message that change the treatment; the first that fits counts
    ("ValidationException", "invalid_prompts", FilteredPart.PROMPT),
    ("ValidationException", "filtered words", FilteredPart.PROMPT),
    ("ValidationException", "invalid field", _MISCONFIGURED),
    ("ValidationException", "extraneous key", _MISCONFIGURED),
    (
        "ValidationException",
        "on-demand throughput",
        replace(_MISCONFIGURED, is_model_unavailable=True, detail=_INFERENCE_PROFILE_DETAIL),
    ),
    (
        "ValidationException",
        "model identifier is invalid",
        replace(_MISCONFIGURED, is_model_unavailable=True, detail=_UNKNOWN_ID_DETAIL),
    ),
    ("ValidationException", "unsupported for streaming", replace(_MISCONFIGURED, detail=_STREAMING_DETAIL)),
    ("AccessDeniedException", "api key", _BAD_CREDENTIALS),
    ("AccessDeniedException", "bearer token", _BAD_CREDENTIALS),
    ("AccessDeniedException", "marked by provider as legacy", _MODEL_GONE),
    # a subscription that somebody must first be allowed to make, or one that is being made
    ("AccessDeniedException", "not authorized", _ACCESS_DENIED),
    ("AccessDeniedException", "mpagreementbeingcreated", _AGREEMENT_PENDING),
    ("AccessDeniedException", "agreement pending", _AGREEMENT_PENDING),
    ("AccessDeniedException", "subscription", _AGREEMENT_PENDING),
)

_SDXL_CONTAINER_MESSAGE = re.compile(r"\(\d{3}, '[^']*', '(.*)'\)", re.DOTALL)
_SECRET_PATTERN = re.compile(r"\b(?:AKIA|ASIA)[A-Z0-9]{12,}|[A-Za-z0-9+/=_-]{48,}")


def classify_error(error: Exception, model: Model, deadline_seconds: float) -> BedrockCallError | FilteredPart:
    """Translate one of `FAILURES` into what the worker acts on; a refused prompt is no error but the filter's side.

    `limit` is the deadline in seconds that the words name.
    """
    name, treatment = _find_policy(error)
    whole = _get_message(error)
    said = next((t for n, words, t in MESSAGE_RULES if n == name and words in whole.lower()), treatment)
    if isinstance(said, FilteredPart):
        return said
    detail = said.detail.format(message=_trim_message(_unwrap_message(whole)), id=model.id)
    facts = {"model": model.name, "limit": f"{deadline_seconds:g}", "detail": detail}
    # an exception inside a stream comes after the work had begun, whatever its name
    begun = isinstance(error, EventStreamError) and said.retry_policy is RetryPolicy.UNLIMITED
    return BedrockCallError(
        make_problem(said.code, **facts),
        RetryPolicy.ONCE if begun else said.retry_policy,
        retry_after=max(said.retry_after, _parse_retry_after(error)),
        is_throttled=said.is_throttled,
        is_model_unavailable=said.is_model_unavailable,
    )


def get_error_name(error: Exception) -> str:
    """The error's name in the table's spelling: AWS's, with a capital as outside of streams, or the exception's own."""
    if isinstance(error, ClientError):
        code = str(error.response.get("Error", {}).get("Code", ""))
        return code[:1].upper() + code[1:] if code.endswith("Exception") else code
    return error.code if isinstance(error, InvalidResponseError) else type(error).__name__


def _find_policy(error: Exception) -> tuple[str, ErrorPolicy]:
    name = get_error_name(error)
    if isinstance(error, ClientError):
        status = str(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", ""))
        family = "5xx" if isinstance(error, EventStreamError) or not status.startswith("4") else "4xx"
        names = [name, status, family]
    else:
        names = [name, *(kind.__name__ for kind in type(error).__mro__)]
    found = next(n for n in names if n in ERROR_POLICIES)
    return found, ERROR_POLICIES[found]


def _get_message(error: Exception) -> str:
    if isinstance(error, ClientError):
        return str(error.response.get("Error", {}).get("Message", ""))
    return error.detail if isinstance(error, InvalidResponseError) else str(error)


def _unwrap_message(message: str) -> str:
    """The sentence alone: SDXL's container words it as a tuple of Python, the newer models as JSON with one key."""
    if inner := _SDXL_CONTAINER_MESSAGE.search(message):
        return inner[1]
    try:
        wrapped = json.loads(message)
    except ValueError:
        return message
    return str(wrapped["detail"]) if isinstance(wrapped, dict) and "detail" in wrapped else message


def _trim_message(message: str) -> str:
    """One line without anything that might be a key or a picture."""
    line = _SECRET_PATTERN.sub("…", " ".join(message.split()))
    return line if len(line) <= MAX_DETAIL_LENGTH else line[: MAX_DETAIL_LENGTH - 1] + "…"


def _parse_retry_after(error: Exception) -> float:
    headers: Mapping[str, Any] = {}
    if isinstance(error, ClientError):
        headers = error.response.get("ResponseMetadata", {}).get("HTTPHeaders", {})
    written = str(headers.get("retry-after", ""))
    return min(float(written), MAX_RETRY_AFTER_SECONDS) if re.fullmatch(r"\d{1,9}", written) else 0.0
