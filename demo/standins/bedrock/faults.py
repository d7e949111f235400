"""Faults on request: by a word in brackets in any prompt, such as `a castle [throttle]`, or by the control API.

The words stay in the prompt. A word can have seconds, `[slow:20]`. Every word of ERROR_FAULTS, and `[drop]`, can end in
`-once`: only the first request with this exact body has the fault. A call can have one fault of each kind: an error
instead of a response (ERROR_FAULTS), a different response (RESPONSE_FAULTS), a different transfer (TRANSPORT_FAULTS);
and `[slow]` in addition to any of them.

FAULTS maps every name to a description. ERROR_FAULTS are never billed; the other descriptions say whether they are.
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
    """One fault of a call; `seconds` only for faults that take them."""

    name: str
    seconds: float | None = None
    once: bool = False


@dataclass(frozen=True)
class ErrorFault:
    """An error response, with a description for the documentation."""

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
        "403 AccessDeniedException: the Marketplace agreement is still being created.",
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
        "400 ValidationException: a field is invalid.",
        *(400, "ValidationException"),
        "Malformed input request: #: extraneous key [wishes] is not permitted, please reformat your input and try "
        "again.",
    ),
    "profile": _define_error(
        "400 ValidationException: the model requires an inference profile.",
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
        "424 ModelErrorException: the model failed during inference.",
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
        "503 with an HTML page and no error name, as from a load balancer.",
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
        "400 IncompleteSignature: the request is not signed as AWS requires.",
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
    "filtered": "The image is generated and withheld (SDXL: CONTENT_FILTERED, blurred; others: no image); billed.",
    "filtered-with-image": "As `filtered`, but the response holds the image and its seed all the same; billed.",
    "filter-input": "The source image is rejected; not billed (SDXL has no such reason: as `filtered`).",
    "refused": "The prompt is rejected (SDXL: 400 invalid_prompts; others: Filter reason: prompt); not billed.",
    "error": "The response says that generation failed (SDXL: ERROR; others: Inference error); not billed.",
    "result-error": "The model's container fails (SDXL: result error; others: Inference error); not billed.",
    "unknown-reason": "The response has an undocumented finish reason and no usable image; billed.",
    "garbage": "The response is not JSON; billed.",
    "empty": "The response has no body; billed.",
    "bad-base64": "The image is not base64; billed.",
    "not-a-picture": "The image is text; billed.",
    "no-seed": "The response has no seed; billed.",
    "seed-string": "The seed is a numeric string; billed.",
    "no-images": "The list of images is empty; billed.",
    "huge-picture": "The image's header claims 50000 x 50000 pixels; billed.",
    "tiny-picture": "The image is one pixel; billed.",
    "too-large": "The image is generated, but the response is over 16 MiB: 400, Response payload size; billed.",
}

TRANSPORT_FAULTS: Mapping[str, str] = {
    "slow": "The response takes SECONDS longer, 10 by default: `[slow:SECONDS]`; billed.",
    "drip": "The body arrives in small pieces over SECONDS, 30 by default: `[drip:SECONDS]`; billed.",
    "drop": "The connection is closed after the image was generated, before the first byte of the response; billed.",
    "drop-mid": "The connection is closed halfway through the body; billed.",
    "hang": "The image is generated and the response never arrives; billed.",
    "stream-error": "Half the stream, then modelStreamErrorException (streamed responses only); billed.",
    "stream-throttle": "Half the stream, then throttlingException (streamed responses only); billed.",
}

FAULTS: Mapping[str, str] = {
    **{name: row.description for name, row in ERROR_FAULTS.items()},
    **RESPONSE_FAULTS,
    **TRANSPORT_FAULTS,
}


def parse_fault(word: str, seconds: str | None = None) -> Fault | None:
    """Parse a fault's name with an optional `-once`; return None for an unknown one."""
    once = word.endswith(ONCE_SUFFIX)
    name = word.removesuffix(ONCE_SUFFIX)
    if name not in FAULTS or (once and name not in ERROR_FAULTS and name != "drop"):
        return None
    return Fault(name, float(seconds) if seconds else None, once)


def find_faults(texts: Iterable[str]) -> list[Fault]:
    """Return the faults named in brackets in the prompts, in order."""
    found = (parse_fault(match[1], match[2]) for text in texts for match in FAULT_PATTERN.finditer(text))
    return [fault for fault in found if fault]


def pick_fault(faults: Iterable[Fault], kind: Mapping[str, object]) -> Fault | None:
    """Return the first fault of a kind, except `slow`, which combines with any other."""
    return next((fault for fault in faults if fault.name in kind and fault.name != "slow"), None)


def sum_extra_seconds(faults: Iterable[Fault]) -> float:
    """Return the seconds by which the faults prolong the call."""
    return sum(SLOW_SECONDS if f.seconds is None else f.seconds for f in faults if f.name == "slow")
