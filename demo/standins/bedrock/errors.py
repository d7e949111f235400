"""How Bedrock says no: an error's name in a header, its sentence in a JSON body."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from aiohttp import web

ERROR_TYPE_HEADER = "{}:http://internal.amazon.com/coral/com.amazon.bedrock/"


@dataclass(eq=False)
class ServiceError(Exception):
    """An error as the service words it: its name, HTTP status and message, and what else its body and headers carry.

    Names and statuses: https://docs.aws.amazon.com/bedrock/latest/userguide/troubleshooting-api-error-codes.html
    """

    status: int
    code: str
    message: str
    extra_fields: Mapping[str, object] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    html_body: str | None = None  # sent in place of the service's own form, with no name of an error

    def copy(self) -> "ServiceError":
        """Copy the error, so that one kept in a table can be raised by many calls."""
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
    """HTTP 400, the request itself is wrong."""
    return ServiceError(400, "ValidationException", message)


def malformed_request_error(problems: str) -> ServiceError:
    """The sentence of Bedrock's own schema check, which names every violation at once."""
    return validation_error(f"Malformed input request: {problems}, please reformat your input and try again.")


def detail_error(problem: str) -> ServiceError:
    """The newer Stability models' refusal: the message is itself a JSON object with one key, `detail`."""
    return validation_error(json.dumps({"detail": problem}, separators=(",", ":")))
