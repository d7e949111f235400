"""How each failure of a call is treated: the message, whether to repeat the call, whether to disable the model.

The tables go by AWS's error code, by HTTP status, and by exception where there is no response. Codes and advice:
https://docs.aws.amazon.com/bedrock/latest/userguide/troubleshooting-api-error-codes.html

The rule of money: a call that is known not to have run (429, 503, connection refused) is repeated without limit; one
that may have run and been billed is repeated once at most; one that would end in the same way again is not repeated.
"""

import math
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Final

import botocore.exceptions as botocore
import urllib3.exceptions as urllib3
from botocore.eventstream import ParserError
from botocore.parsers import ResponseParserError

from shared.outcome import FilteredPart
from worker.bedrock.deadline import DeadlineExceededError
from worker.call_result import RetryPolicy


@dataclass(frozen=True)
class ErrorPolicy:
    """How one kind of failure is treated.

    `code` is a problem's in `shared.problems`; `retry_after` the least number of seconds before the call is repeated.
    `is_throttled` slows the calls of all workers, `is_model_unavailable` disables the model for everyone.
    Several calls in a row with `pause_seconds` pause the model for all workers, for that long or the call's deadline,
    whichever is shorter.
    `detail` is a template for the fact of that name, with the placeholders `{message}` and `{id}` (the model's).
    """

    code: str
    retry_policy: RetryPolicy
    retry_after: float = 0
    is_throttled: bool = False
    is_model_unavailable: bool = False
    pause_seconds: float = 0
    detail: str = "{message}"


_ACCESS_DENIED = ErrorPolicy("access_denied", RetryPolicy.NEVER, is_model_unavailable=True)
_AGREEMENT_PENDING = ErrorPolicy("access_denied", RetryPolicy.UNLIMITED, retry_after=60)
_MODEL_GONE = ErrorPolicy("model_gone", RetryPolicy.NEVER, is_model_unavailable=True)
_BAD_CREDENTIALS = ErrorPolicy("credentials", RetryPolicy.UNLIMITED, retry_after=30)
_THROTTLED = ErrorPolicy("busy", RetryPolicy.UNLIMITED, retry_after=2, is_throttled=True)
_MODEL_TIMEOUT = ErrorPolicy("model_timeout", RetryPolicy.ONCE, retry_after=2, pause_seconds=math.inf)
_PROVIDER_ERROR = ErrorPolicy("provider_error", RetryPolicy.ONCE, retry_after=5, pause_seconds=15)
_DEADLINE_EXCEEDED = ErrorPolicy("deadline", RetryPolicy.ONCE, pause_seconds=math.inf)
_UNREACHABLE = ErrorPolicy("unreachable", RetryPolicy.UNLIMITED, retry_after=5)
_TLS_FAILED = replace(_UNREACHABLE, retry_policy=RetryPolicy.ONCE)
_NOT_ACCEPTED = ErrorPolicy("not_accepted", RetryPolicy.NEVER)
_MISCONFIGURED = ErrorPolicy("misconfigured", RetryPolicy.NEVER)
MODEL_ERROR: Final = ErrorPolicy("model_error", RetryPolicy.ONCE, retry_after=2)
INVALID_RESPONSE: Final = ErrorPolicy("invalid_response", RetryPolicy.ONCE)
RESPONSE_TOO_LARGE: Final = ErrorPolicy("response_too_large", RetryPolicy.NEVER)

CODE_POLICIES: Final[Mapping[str, ErrorPolicy]] = MappingProxyType(
    {
        # in botocore's service model, for both operations and the event stream
        "AccessDeniedException": _ACCESS_DENIED,
        "InternalServerException": _PROVIDER_ERROR,
        "ModelErrorException": MODEL_ERROR,
        "ModelNotReadyException": ErrorPolicy("busy", RetryPolicy.UNLIMITED, retry_after=10),
        "ModelStreamErrorException": MODEL_ERROR,
        "ModelTimeoutException": _MODEL_TIMEOUT,
        "ResourceNotFoundException": _MODEL_GONE,
        "ServiceQuotaExceededException": ErrorPolicy("quota_exceeded", RetryPolicy.NEVER, is_throttled=True),
        "ServiceUnavailableException": _THROTTLED,
        "ThrottlingException": _THROTTLED,
        "ValidationException": _NOT_ACCEPTED,
        # common to all services of AWS, documented but not in the service model
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
    }
)

STATUS_POLICIES: Final[Mapping[str, ErrorPolicy]] = MappingProxyType(
    {
        # for a response without a known code, from a load balancer or a proxy
        "401": _BAD_CREDENTIALS,
        "403": replace(_ACCESS_DENIED, is_model_unavailable=False),
        "404": replace(_MISCONFIGURED, detail="the address of Bedrock answers 404"),
        "408": _MODEL_TIMEOUT,
        "429": _THROTTLED,
        "503": _THROTTLED,
        "529": _THROTTLED,
        "4xx": _NOT_ACCEPTED,
        "5xx": _PROVIDER_ERROR,
    }
)

EXCEPTION_POLICIES: Final[Mapping[type[Exception], ErrorPolicy]] = MappingProxyType(
    {
        # for calls without a response; an exception that is not listed is treated as its nearest base class
        botocore.NoCredentialsError: _BAD_CREDENTIALS,
        botocore.PartialCredentialsError: _BAD_CREDENTIALS,
        botocore.CredentialRetrievalError: _BAD_CREDENTIALS,
        botocore.MetadataRetrievalError: _BAD_CREDENTIALS,
        botocore.NoAuthTokenError: _BAD_CREDENTIALS,
        botocore.SSOError: _BAD_CREDENTIALS,
        botocore.TokenRetrievalError: _BAD_CREDENTIALS,
        botocore.LoginError: _BAD_CREDENTIALS,
        botocore.EndpointConnectionError: _UNREACHABLE,
        botocore.ConnectTimeoutError: _UNREACHABLE,
        botocore.ProxyConnectionError: _UNREACHABLE,
        botocore.ReadTimeoutError: _DEADLINE_EXCEEDED,
        botocore.HTTPClientError: _PROVIDER_ERROR,
        botocore.ResponseStreamingError: _PROVIDER_ERROR,
        botocore.IncompleteReadError: _PROVIDER_ERROR,
        botocore.SSLError: _TLS_FAILED,
        botocore.BotoCoreError: _MISCONFIGURED,
        urllib3.ConnectTimeoutError: _UNREACHABLE,
        urllib3.ReadTimeoutError: _DEADLINE_EXCEEDED,
        urllib3.SSLError: _TLS_FAILED,
        urllib3.HTTPError: _PROVIDER_ERROR,
        ssl.SSLError: _TLS_FAILED,
        OSError: _PROVIDER_ERROR,
        DeadlineExceededError: _DEADLINE_EXCEEDED,
        ParserError: replace(INVALID_RESPONSE, detail="the stream of events is damaged"),
        ResponseParserError: replace(INVALID_RESPONSE, detail="the response is damaged"),
    }
)

_UNKNOWN_ID_DETAIL = "Bedrock knows no model {id} here: see its id and regions in CATALOGUE_FILE"
_INFERENCE_PROFILE_DETAIL = '{id} is called through an inference profile: set id = "us.{id}" for it in CATALOGUE_FILE'
_STREAMING_DETAIL = "{id} cannot be streamed: take it out of BEDROCK_STREAMING"

TOO_LARGE_WORDS: Final = "response payload size"
"""Lower-case words of the refusal of a picture that was made but is too large, whatever its code and status are.

They are not documented: https://github.com/kalleeh/bedrock-image-mcp-server
"""

MessageRules = tuple[tuple[str, ErrorPolicy | FilteredPart], ...]

MESSAGE_RULES: Final[Mapping[str, MessageRules]] = MappingProxyType(
    {
        # for codes that stand for several failures: the first rule whose words are in the lower-cased message wins
        "ValidationException": (
            ("invalid_prompts", FilteredPart.PROMPT),
            ("filtered words", FilteredPart.PROMPT),
            ("invalid field", _MISCONFIGURED),
            ("extraneous key", _MISCONFIGURED),
            (
                "on-demand throughput",
                replace(_MISCONFIGURED, is_model_unavailable=True, detail=_INFERENCE_PROFILE_DETAIL),
            ),
            (
                "model identifier is invalid",
                replace(_MISCONFIGURED, is_model_unavailable=True, detail=_UNKNOWN_ID_DETAIL),
            ),
            ("unsupported for streaming", replace(_MISCONFIGURED, detail=_STREAMING_DETAIL)),
        ),
        "AccessDeniedException": (
            ("api key", _BAD_CREDENTIALS),
            ("bearer token", _BAD_CREDENTIALS),
            ("marked by provider as legacy", _MODEL_GONE),
            ("not authorized", _ACCESS_DENIED),  # also "not authorized to make a Marketplace subscription"
            ("mpagreementbeingcreated", _AGREEMENT_PENDING),
            ("agreement pending", _AGREEMENT_PENDING),
            ("subscription", _AGREEMENT_PENDING),
        ),
    }
)
