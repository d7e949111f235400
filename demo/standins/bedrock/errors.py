"""Bedrock's error responses: the error's name in a header, its message in a JSON body."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from aiohttp import web

RESPONSE_LIMIT = 16_777_216
ERROR_TYPE_HEADER = "{}:http://internal.amazon.com/coral/com.amazon.bedrock/"


@dataclass(eq=False)
class ServiceError(Exception):
    """An error response: HTTP status, error name and message, with extra fields of the body and headers.

    Names and statuses: https://docs.aws.amazon.com/bedrock/latest/userguide/troubleshooting-api-error-codes.html
    """

    status: int
    code: str
    message: str
    extra_fields: Mapping[str, object] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    html_body: str | None = None  # replaces the JSON body and the error name

    def copy(self) -> "ServiceError":
        """Return a copy, so that the same error can be raised by many calls."""
        return replace(self)

    def to_response(self) -> web.Response:
        if self.html_body is not None:
            return web.Response(text=self.html_body, content_type="text/html", status=self.status)
        return web.json_response(
            {"message": self.message, **self.extra_fields},
            status=self.status,
            headers={"x-amzn-ErrorType": ERROR_TYPE_HEADER.format(self.code), **self.headers},
        )


def validation_error(message: str) -> ServiceError:
    """Return a ValidationException (HTTP 400): the request is invalid."""
    return ServiceError(400, "ValidationException", message)


def malformed_request_error(problems: str) -> ServiceError:
    """Return the error of Bedrock's schema check, which lists every violation."""
    return validation_error(f"Malformed input request: {problems}, please reformat your input and try again.")


def response_size_error(size: int) -> ServiceError:
    """HTTP 400 for a response over 16 MiB, after the image was generated. Code and status are not documented."""
    return detail_error(
        f"Response payload size {size} bytes exceeds the maximum allowed size of {RESPONSE_LIMIT} bytes"
    )


def detail_error(problem: str) -> ServiceError:
    """Return an error of the newer Stability models, whose message is itself a JSON object with one key, `detail`."""
    return validation_error(json.dumps({"detail": problem}, separators=(",", ":")))
