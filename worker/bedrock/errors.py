"""Classification of the errors of a call: what to tell the requester, and whether to repeat the call."""

import json
import re
from typing import Final, assert_never

from botocore.eventstream import ParserError
from botocore.exceptions import BotoCoreError, ClientError, EventStreamError
from botocore.parsers import ResponseParserError
from urllib3.exceptions import HTTPError

from shared.catalogue import Model
from shared.outcome import FilteredPart
from shared.problems import make_problem
from worker.bedrock.deadline import DeadlineExceededError
from worker.bedrock.error_policies import (
    CODE_POLICIES,
    EXCEPTION_POLICIES,
    INVALID_RESPONSE,
    MESSAGE_RULES,
    MODEL_ERROR,
    RESPONSE_TOO_LARGE,
    STATUS_POLICIES,
    TOO_LARGE_WORDS,
    ErrorPolicy,
)
from worker.bedrock.json_body import InvalidResponseError
from worker.call_result import BedrockCallError, RetryPolicy

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
"""Every exception that a call may raise."""

MAX_RETRY_AFTER_SECONDS: Final = 300.0
MAX_DETAIL_LENGTH: Final = 200

_SDXL_CONTAINER_MESSAGE = re.compile(r"\(\d{3}, '[^']*', '(.*)'\)", re.DOTALL)
_SECRET_PATTERN = re.compile(r"\b(?:AKIA|ASIA)[A-Z0-9]{12,}|[A-Za-z0-9+/=_-]{48,}")


def classify_error(error: Exception, model: Model, deadline_seconds: float) -> BedrockCallError | FilteredPart:
    """Translate one of `CALL_ERRORS` into the error that the worker acts on.

    A prompt that the content filter refused is no error but the part that was filtered.
    `deadline_seconds` is the deadline that the call had, for the message.
    """
    message = _get_message(error)
    policy = find_error_policy(error)
    if isinstance(policy, FilteredPart):
        return policy
    detail = policy.detail.format(message=_trim_message(_unwrap_message(message)), id=model.id)
    facts = {"model": model.name, "limit": f"{deadline_seconds:g}", "detail": detail}
    # an error inside a stream comes after the model began to work, whatever its code
    has_run = isinstance(error, EventStreamError) and policy.retry_policy is RetryPolicy.UNLIMITED
    return BedrockCallError(
        make_problem(policy.code, **facts),
        RetryPolicy.ONCE if has_run else policy.retry_policy,
        retry_after=max(policy.retry_after, parse_retry_after(error)),
        is_throttled=policy.is_throttled,
        is_model_unavailable=policy.is_model_unavailable,
        pause_seconds=min(policy.pause_seconds, deadline_seconds),
    )


def get_error_name(error: Exception) -> str:
    """Return AWS's code of an error, or the exception's class name if there was no response.

    Inside a stream AWS writes its codes with a small first letter; the name has a capital all the same.
    """
    if isinstance(error, ClientError):
        code = str(error.response.get("Error", {}).get("Code", ""))
        return code[:1].upper() + code[1:] if code.endswith("Exception") else code
    return error.code if isinstance(error, InvalidResponseError) else type(error).__name__


def find_error_policy(error: Exception) -> ErrorPolicy | FilteredPart:
    """Find how one of `CALL_ERRORS` is treated; the part that was filtered, if it says that."""
    message = _get_message(error)
    if isinstance(error, InvalidResponseError):
        return _get_response_policy(error)
    if not isinstance(error, ClientError):
        return next(EXCEPTION_POLICIES[kind] for kind in type(error).__mro__ if kind in EXCEPTION_POLICIES)
    if TOO_LARGE_WORDS in message.lower():
        return RESPONSE_TOO_LARGE
    code = get_error_name(error)
    for words, policy in MESSAGE_RULES.get(code, ()):
        if words in message.lower():
            return policy
    return CODE_POLICIES.get(code) or _find_status_policy(error)


def _get_response_policy(error: InvalidResponseError) -> ErrorPolicy:
    match error.code:
        case "invalid_response":
            return INVALID_RESPONSE
        case "model_error":
            return MODEL_ERROR
        case "response_too_large":
            return RESPONSE_TOO_LARGE
        case _:
            assert_never(error.code)


def _find_status_policy(error: ClientError) -> ErrorPolicy:
    status = str(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", ""))
    is_client_fault = status.startswith("4") and not isinstance(error, EventStreamError)
    return STATUS_POLICIES.get(status) or STATUS_POLICIES["4xx" if is_client_fault else "5xx"]


def _get_message(error: Exception) -> str:
    if isinstance(error, ClientError):
        return str(error.response.get("Error", {}).get("Message", ""))
    return error.detail if isinstance(error, InvalidResponseError) else str(error)


def _unwrap_message(message: str) -> str:
    """Extract the sentence: SDXL's container puts it into a Python tuple, newer models into JSON under `detail`."""
    if inner := _SDXL_CONTAINER_MESSAGE.search(message):
        return inner[1]
    try:
        parsed = json.loads(message)
    except ValueError:
        return message
    return str(parsed["detail"]) if isinstance(parsed, dict) and "detail" in parsed else message


def _trim_message(message: str) -> str:
    """Put a message on one short line, without anything that may be a key or a picture."""
    line = _SECRET_PATTERN.sub("…", " ".join(message.split()))
    return line if len(line) <= MAX_DETAIL_LENGTH else line[: MAX_DETAIL_LENGTH - 1] + "…"


def parse_retry_after(error: Exception) -> float:
    """Return after how many seconds AWS asks to repeat a call, at most 300; 0 if it does not say."""
    if not isinstance(error, ClientError):
        return 0.0
    value = str(error.response.get("ResponseMetadata", {}).get("HTTPHeaders", {}).get("retry-after", ""))
    return min(float(value), MAX_RETRY_AFTER_SECONDS) if re.fullmatch(r"\d{1,9}", value) else 0.0
