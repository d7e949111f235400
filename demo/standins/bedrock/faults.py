"""What can be asked to go wrong: by a word in brackets in any prompt, `a castle [throttle]`, or by the control API.

The words stay in the prompt; it is only inspected. A word may carry seconds, `[slow:20]`. Every word of ERRORS, and
`[drop]`, may end in `-once`: the first request with this very body meets the fault, the same body sent again does not.
A call may meet one fault of each kind: refused at the door (ERRORS), another answer (ANSWERS), another delivery
(DELIVERIES); and `[slow]` beside any.

FAULTS maps every name to one sentence. What is refused at the door is never billed; each other sentence says which.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from demo.standins.bedrock.errors import ServiceError

FAULT_PATTERN = re.compile(r"\[([a-z][a-z0-9-]*)(?::(\d{1,4}(?:\.\d+)?))?\]")
ONCE_SUFFIX = "-once"
DRIP_SECONDS = 30.0
SLOW_SECONDS = 10.0
UNAVAILABLE_HTML = "<html><body><h1>503 Service Unavailable</h1></body></html>"


@dataclass(frozen=True)
class Fault:
    """One fault that a call is to meet; `seconds` only where its word takes them."""

    name: str
    seconds: float | None = None
    once: bool = False


@dataclass(frozen=True)
class ErrorFault:
    """A refusal as data: its sentence for people, and what is raised."""

    description: str
    error: ServiceError


def _define_error(description: str, status: int, code: str, message: str, **more: object) -> ErrorFault:
    return ErrorFault(description, ServiceError(status, code, message, more))


ERROR_FAULTS: Mapping[str, ErrorFault] = {
    "access-denied": _define_error(
        "403 AccessDeniedException: the account has no access to the model.",
        *(403, "AccessDeniedException", "You don't have access to the model with the specified model ID."),
    ),
    "marketplace-pending": _define_error(
        "403 AccessDeniedException: the Marketplace agreement is still being made.",
        *(403, "AccessDeniedException"),
        "Model access is denied due to MPAgreementBeingCreated: the AWS Marketplace agreement pending for this model "
        "is not complete. Try again after 15 minutes.",
    ),
    "eol": _define_error(
        "404 ResourceNotFoundException: the model has reached the end of its life.",
        *(404, "ResourceNotFoundException"),
        "This model version has reached the end of its life. Please refer to the AWS documentation for more details.",
    ),
    "not-found": _define_error(
        "404 ResourceNotFoundException: no such model.",
        *(404, "ResourceNotFoundException"),
        "Could not resolve the foundation model from the provided model identifier.",
    ),
    "legacy": _define_error(
        "404 ResourceNotFoundException: a Legacy model that this account has not used for too long.",
        *(404, "ResourceNotFoundException"),
        "Access denied. This Model is marked by provider as Legacy and you have not been actively using the model in "
        "the last 15 days. Please upgrade to an active model on Amazon Bedrock",
    ),
    "validation": _define_error(
        "400 ValidationException: a field is refused.",
        *(400, "ValidationException"),
        "Malformed input request: #: extraneous key [wishes] is not permitted, please reformat your input and try "
        "again.",
    ),
    "profile": _define_error(
        "400 ValidationException: the model wants an inference profile.",
        *(400, "ValidationException"),
        "Invocation of this model ID with on-demand throughput isn\u2019t supported. Retry your request with the ID or "
        "ARN of an inference profile that contains this model.",
    ),
    "quota": _define_error(
        "400 ServiceQuotaExceededException: the account has reached a limit.",
        *(400, "ServiceQuotaExceededException", "Your request exceeds the service quota for your account."),
    ),
    "throttle": _define_error(
        "429 ThrottlingException: too many requests.",
        *(429, "ThrottlingException", "Too many requests, please wait before trying again."),
    ),
    "not-ready": _define_error(
        "429 ModelNotReadyException: the model is warming up.",
        *(429, "ModelNotReadyException", "The model is not ready to serve inference requests. Retry your request."),
    ),
    "timeout": _define_error(
        "408 ModelTimeoutException: the model took too long.",
        *(408, "ModelTimeoutException", "Model has timed out in processing the request. Try your request again."),
    ),
    "model-error": _define_error(
        "424 ModelErrorException: the model failed while at work.",
        *(424, "ModelErrorException"),
        "The system encountered an unexpected error during processing. Try your request again.",
        originalStatusCode=500,
        resourceName="stability",
    ),
    "internal": _define_error(
        "500 InternalServerException: the service failed.",
        *(500, "InternalServerException"),
        "The system encountered an unexpected error during processing. Try your request again.",
    ),
    "unavailable": _define_error(
        "503 ServiceUnavailableException: no capacity.",
        *(503, "ServiceUnavailableException", "Bedrock is unable to process your request."),
    ),
    "unavailable-html": ErrorFault(
        "503 with a page of HTML and no error name, as a load balancer answers.",
        ServiceError(503, "503", "", html_body=UNAVAILABLE_HTML),
    ),
    "overloaded": ErrorFault(
        "529 overloaded_error with Retry-After: 2, an error that the SDK does not model.",
        ServiceError(529, "overloaded_error", "The service is temporarily overloaded.", headers={"Retry-After": "2"}),
    ),
    "expired-token": _define_error(
        "403 ExpiredTokenException: temporary credentials have run out.",
        *(403, "ExpiredTokenException", "The security token included in the request is expired"),
    ),
    "invalid-token": _define_error(
        "403 InvalidClientTokenId: the access key does not exist.",
        *(403, "InvalidClientTokenId", "The security token included in the request is invalid."),
    ),
    "incomplete-signature": _define_error(
        "400 IncompleteSignature: the request is not signed as AWS asks.",
        *(400, "IncompleteSignature", "The request signature does not conform to AWS standards."),
    ),
    "request-expired": _define_error(
        "400 RequestExpired: the caller's clock is wrong.",
        *(400, "RequestExpired", "Request has expired."),
    ),
    "not-authorized": _define_error(
        "400 NotAuthorized: the caller may not do this.",
        *(400, "NotAuthorized", "You do not have permission to perform this action."),
    ),
}

RESPONSE_FAULTS: Mapping[str, str] = {
    "filtered": "The picture is made and withheld (SDXL: CONTENT_FILTERED, blurred; others: no picture); billed.",
    "filter-input": "The source picture is refused; not billed (SDXL has no such reason: as `filtered`).",
    "refused": "The prompt is refused (SDXL: 400 invalid_prompts; others: Filter reason: prompt); not billed.",
    "error": "The answer says that generating failed (SDXL: ERROR; others: Inference error); not billed.",
    "result-error": "The model's container gives up (SDXL: result error; others: Inference error); not billed.",
    "unknown-reason": "The answer gives a finish reason that nobody documented, and no usable picture; billed.",
    "garbage": "The answer is not JSON; billed.",
    "empty": "The answer has no body; billed.",
    "bad-base64": "The picture is not base64; billed.",
    "not-a-picture": "The picture is text; billed.",
    "no-seed": "The answer has no seed; billed.",
    "seed-string": "The seed is a numeric string; billed.",
    "no-images": "The list of pictures is empty; billed.",
    "huge-picture": "The picture claims 50000 x 50000 pixels; billed.",
    "tiny-picture": "The picture is one pixel; billed.",
}

TRANSPORT_FAULTS: Mapping[str, str] = {
    "slow": "The answer takes SECONDS longer, 10 unless given: `[slow:SECONDS]`; billed.",
    "drip": "The body comes in small pieces over SECONDS, 30 unless given: `[drip:SECONDS]`; billed.",
    "drop": "The connection is closed after the picture was made, before a byte of the answer; billed.",
    "drop-mid": "The connection is closed in the middle of the body; billed.",
    "hang": "The picture is made and the answer never comes, until the client leaves; billed.",
    "stream-error": "Half a stream, then modelStreamErrorException (only where the answer is streamed); billed.",
    "stream-throttle": "Half a stream, then throttlingException (only where the answer is streamed); billed.",
}

FAULTS: Mapping[str, str] = {
    **{name: row.description for name, row in ERROR_FAULTS.items()},
    **RESPONSE_FAULTS,
    **TRANSPORT_FAULTS,
}


def parse_fault(word: str, seconds: str | None = None) -> Fault | None:
    """Read a fault's name, with `-once` where that is allowed; None for a word that is no fault."""
    once = word.endswith(ONCE_SUFFIX)
    name = word.removesuffix(ONCE_SUFFIX)
    if name not in FAULTS or (once and name not in ERROR_FAULTS and name != "drop"):
        return None
    return Fault(name, float(seconds) if seconds else None, once)


def find_faults(texts: Iterable[str]) -> list[Fault]:
    """Every fault named in brackets in the prompts, in order."""
    found = (parse_fault(match[1], match[2]) for text in texts for match in FAULT_PATTERN.finditer(text))
    return [fault for fault in found if fault]


def pick_fault(faults: Iterable[Fault], kind: Mapping[str, object]) -> Fault | None:
    """Pick the first fault of a kind, `slow` apart (it goes with any other delivery)."""
    return next((fault for fault in faults if fault.name in kind and fault.name != "slow"), None)


def sum_extra_seconds(faults: Iterable[Fault]) -> float:
    """How much longer the faults make the call."""
    return sum(SLOW_SECONDS if f.seconds is None else f.seconds for f in faults if f.name == "slow")
