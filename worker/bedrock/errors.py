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
from shared.errors import problem
from shared.outcome import Side
from worker.bedrock.deadline import Overdue
from worker.bedrock.wire import Unusable
from worker.ports import Retry, Trouble

FAILURES: Final = (BotoCoreError, ClientError, HTTPError, OSError, Overdue, ParserError, ResponseParserError, Unusable)
"""Everything that a call may raise."""

MAX_RETRY_AFTER: Final = 300.0
MAX_DETAIL: Final = 200


@dataclass(frozen=True)
class Treatment:
    """`code` is a problem's of `shared.errors`, `after` seconds; `detail` is worded from `{message}` and `{id}`."""

    code: str
    retry: Retry
    after: float = 0
    throttled: bool = False
    switch_off: bool = False
    detail: str = "{message}"


_DENIED = Treatment("access_denied", Retry.NEVER, switch_off=True)
_GONE = Treatment("model_gone", Retry.NEVER, switch_off=True)
_CREDENTIALS = Treatment("credentials", Retry.WAIT, after=30)
_THROTTLED = Treatment("busy", Retry.WAIT, after=2, throttled=True)
_TIMED_OUT = Treatment("model_timeout", Retry.ONCE, after=2)
_FAILED = Treatment("model_error", Retry.ONCE, after=2)
_FAULT = Treatment("provider_error", Retry.ONCE, after=5)
_OVERDUE = Treatment("deadline", Retry.ONCE)
_UNREACHABLE = Treatment("unreachable", Retry.WAIT, after=5)
_REFUSED = Treatment("not_accepted", Retry.NEVER)
_UNFIT = Treatment("misconfigured", Retry.NEVER)

TABLE: Final[Mapping[str, Treatment]] = MappingProxyType(
    {
        # the service model's own, of both operations and of the event stream
        "AccessDeniedException": _DENIED,
        "InternalServerException": _FAULT,
        "ModelErrorException": _FAILED,
        "ModelNotReadyException": Treatment("busy", Retry.WAIT, after=10),
        "ModelStreamErrorException": _FAILED,
        "ModelTimeoutException": _TIMED_OUT,
        "ResourceNotFoundException": _GONE,
        "ServiceQuotaExceededException": Treatment("quota_exceeded", Retry.NEVER, throttled=True),
        "ServiceUnavailableException": _THROTTLED,
        "ThrottlingException": _THROTTLED,
        "ValidationException": _REFUSED,
        # documented for all of AWS, in no service model
        "AccessDenied": _DENIED,
        "ExpiredToken": _CREDENTIALS,
        "ExpiredTokenException": _CREDENTIALS,
        "IncompleteSignature": _CREDENTIALS,
        "IncompleteSignatureException": _CREDENTIALS,
        "InternalFailure": _FAULT,
        "InvalidClientTokenId": _CREDENTIALS,
        "InvalidSignatureException": _CREDENTIALS,
        "MissingAuthenticationToken": _CREDENTIALS,
        "MissingAuthenticationTokenException": _CREDENTIALS,
        "NotAuthorized": _CREDENTIALS,
        "OptInRequired": _CREDENTIALS,
        "RequestExpired": _CREDENTIALS,
        "SignatureDoesNotMatch": _CREDENTIALS,
        "ThrottledException": _THROTTLED,
        "TooManyRequestsException": _THROTTLED,
        "UnrecognizedClientException": _CREDENTIALS,
        "overloaded_error": _THROTTLED,
        # an answer without an error's name, from a load balancer or a proxy: its status, or its status' family
        "401": _CREDENTIALS,
        "403": replace(_DENIED, switch_off=False),
        "404": replace(_UNFIT, detail="the address of Bedrock answers 404"),
        "408": _TIMED_OUT,
        "429": _THROTTLED,
        "503": _THROTTLED,
        "529": _THROTTLED,
        "4xx": _REFUSED,
        "5xx": _FAULT,
        # no answer: the exceptions of botocore, urllib3 and the operating system, the nearest ancestor's row counts
        "NoCredentialsError": _CREDENTIALS,
        "PartialCredentialsError": _CREDENTIALS,
        "CredentialRetrievalError": _CREDENTIALS,
        "MetadataRetrievalError": _CREDENTIALS,
        "NoAuthTokenError": _CREDENTIALS,
        "SSOError": _CREDENTIALS,
        "TokenRetrievalError": _CREDENTIALS,
        "LoginError": _CREDENTIALS,
        "EndpointConnectionError": _UNREACHABLE,
        "ConnectTimeoutError": _UNREACHABLE,
        "ProxyConnectionError": _UNREACHABLE,
        "ReadTimeoutError": _OVERDUE,
        "Overdue": _OVERDUE,
        "HTTPClientError": _FAULT,
        "ResponseStreamingError": _FAULT,
        "IncompleteReadError": _FAULT,
        "SSLError": replace(_UNREACHABLE, retry=Retry.ONCE),
        "HTTPError": _FAULT,
        "OSError": _FAULT,
        "ParserError": Treatment("bad_answer", Retry.ONCE, detail="the stream of events is damaged"),
        "ResponseParserError": Treatment("bad_answer", Retry.ONCE, detail="the answer is damaged"),
        "BotoCoreError": _UNFIT,
        # an answer that brings no picture
        "bad_answer": Treatment("bad_answer", Retry.ONCE),
        "model_error": _FAILED,
    }
)

_UNKNOWN_ID = "Bedrock knows no model {id} here: see its id and regions in CATALOGUE_FILE"
_PROFILE = '{id} is called through an inference profile: set id = "us.{id}" for it in CATALOGUE_FILE'
_STREAM = "{id} cannot be streamed: take it out of BEDROCK_STREAMING"
_PENDING = Treatment("access_denied", Retry.WAIT, after=60)

SAYINGS: Final[tuple[tuple[str, str, Treatment | Side], ...]] = (
    # an error's name and lower-case words of its message that change the treatment; the first that fits counts
    ("ValidationException", "invalid_prompts", Side.PROMPT),
    ("ValidationException", "filtered words", Side.PROMPT),
    ("ValidationException", "invalid field", _UNFIT),
    ("ValidationException", "extraneous key", _UNFIT),
    ("ValidationException", "on-demand throughput", replace(_UNFIT, switch_off=True, detail=_PROFILE)),
    ("ValidationException", "model identifier is invalid", replace(_UNFIT, switch_off=True, detail=_UNKNOWN_ID)),
    ("ValidationException", "unsupported for streaming", replace(_UNFIT, detail=_STREAM)),
    ("AccessDeniedException", "api key", _CREDENTIALS),
    ("AccessDeniedException", "bearer token", _CREDENTIALS),
    ("AccessDeniedException", "marked by provider as legacy", _GONE),
    # a subscription that somebody must first be allowed to make, or one that is being made
    ("AccessDeniedException", "not authorized", _DENIED),
    ("AccessDeniedException", "mpagreementbeingcreated", _PENDING),
    ("AccessDeniedException", "agreement pending", _PENDING),
    ("AccessDeniedException", "subscription", _PENDING),
)

_CONTAINER = re.compile(r"\(\d{3}, '[^']*', '(.*)'\)", re.DOTALL)
_SECRET = re.compile(r"\b(?:AKIA|ASIA)[A-Z0-9]{12,}|[A-Za-z0-9+/=_-]{48,}")


def verdict(error: Exception, model: Model, limit: float) -> Trouble | Side:
    """Translate one of `FAILURES` into what the worker acts on; a refused prompt is no error but the filter's side.

    `limit` is the deadline in seconds that the words name.
    """
    name, treatment = _row(error)
    whole = _message(error)
    said = next((t for n, words, t in SAYINGS if n == name and words in whole.lower()), treatment)
    if isinstance(said, Side):
        return said
    detail = said.detail.format(message=_trimmed(_unwrapped(whole)), id=model.id)
    facts = {"model": model.name, "limit": f"{limit:g}", "detail": detail}
    # an exception inside a stream comes after the work had begun, whatever its name
    begun = isinstance(error, EventStreamError) and said.retry is Retry.WAIT
    return Trouble(
        problem(said.code, **facts),
        Retry.ONCE if begun else said.retry,
        after=max(said.after, _retry_after(error)),
        throttled=said.throttled,
        switch_off=said.switch_off,
    )


def name_of(error: Exception) -> str:
    """The error's name in the table's spelling: AWS's, with a capital as outside of streams, or the exception's own."""
    if isinstance(error, ClientError):
        code = str(error.response.get("Error", {}).get("Code", ""))
        return code[:1].upper() + code[1:] if code.endswith("Exception") else code
    return error.code if isinstance(error, Unusable) else type(error).__name__


def _row(error: Exception) -> tuple[str, Treatment]:
    name = name_of(error)
    if isinstance(error, ClientError):
        status = str(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", ""))
        family = "5xx" if isinstance(error, EventStreamError) or not status.startswith("4") else "4xx"
        names = [name, status, family]
    else:
        names = [name, *(kind.__name__ for kind in type(error).__mro__)]
    found = next(n for n in names if n in TABLE)
    return found, TABLE[found]


def _message(error: Exception) -> str:
    if isinstance(error, ClientError):
        return str(error.response.get("Error", {}).get("Message", ""))
    return error.detail if isinstance(error, Unusable) else str(error)


def _unwrapped(message: str) -> str:
    """The sentence alone: SDXL's container words it as a tuple of Python, the newer models as JSON with one key."""
    if inner := _CONTAINER.search(message):
        return inner[1]
    try:
        wrapped = json.loads(message)
    except ValueError:
        return message
    return str(wrapped["detail"]) if isinstance(wrapped, dict) and "detail" in wrapped else message


def _trimmed(message: str) -> str:
    """One line without anything that might be a key or a picture."""
    line = _SECRET.sub("…", " ".join(message.split()))
    return line if len(line) <= MAX_DETAIL else line[: MAX_DETAIL - 1] + "…"


def _retry_after(error: Exception) -> float:
    headers: Mapping[str, Any] = {}
    if isinstance(error, ClientError):
        headers = error.response.get("ResponseMetadata", {}).get("HTTPHeaders", {})
    written = str(headers.get("retry-after", ""))
    return min(float(written), MAX_RETRY_AFTER) if re.fullmatch(r"\d{1,9}", written) else 0.0
