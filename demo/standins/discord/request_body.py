"""Request bodies: JSON, or a form with `payload_json` and, if it is multipart/form-data, `files[n]`.

https://discord.com/developers/docs/reference#uploading-files
"""

import json
import re
from dataclasses import dataclass, field
from typing import Any

from aiohttp import BodyPartReader, web

from demo.standins.discord.errors import DiscordApiError

FILE_FIELD_PATTERN = re.compile(r"files\[(\d+)\]")
REQUEST_LIMIT = 25 << 20
"""The size limit, in bytes, of a whole create-message request (https://discord.com/developers/docs/resources/message#create-message)."""
FORM_OVERHEAD = 1 << 20
"""Bytes allowed in addition to the files, for the form around them."""

REQUEST_BODY: web.RequestKey[Any] = web.RequestKey("request_body", object)
"""The parsed request body, for the recorder."""


@dataclass(frozen=True)
class UploadedFile:
    """One `files[n]` part: its name as sent and its bytes."""

    filename: str
    data: bytes = field(repr=False)


@dataclass(frozen=True)
class RequestBody:
    """The parsed payload, and the files by the n of `files[n]`."""

    payload: dict[str, Any]
    files: dict[int, UploadedFile] = field(default_factory=dict)


def parse_json(text: str | bytes) -> Any:
    """Parse JSON; raises DiscordApiError 50109 if it is invalid."""
    try:
        return json.loads(text)
    except ValueError:
        raise DiscordApiError(50109) from None


async def read_json(request: web.Request) -> Any:
    """Read a JSON body of any type; an empty body counts as `{}`."""
    raw = await request.read()
    request[REQUEST_BODY] = parsed = parse_json(raw) if raw else {}
    return parsed


async def read_json_object(request: web.Request) -> dict[str, Any]:
    """Read a JSON body that must be an object; raises DiscordApiError 50035 otherwise."""
    return _require_object(await read_json(request))


def _require_object(parsed: Any) -> dict[str, Any]:
    if not isinstance(parsed, dict):
        error = {"code": "DICT_TYPE_CONVERT", "message": "Only dictionaries may be used in a DictType"}
        raise DiscordApiError(50035, errors={"_errors": [error]})
    return parsed


async def read_message_body(request: web.Request, limit: int) -> RequestBody:
    """Read a message body, JSON or a form; `limit` is the size limit of one file in bytes.

    Some libraries, such as py-cord, send a form without files as `application/x-www-form-urlencoded`.

    Raises DiscordApiError 40005 (413) for a request over 25 MiB, or over the file limit if that is larger.
    """
    total = max(REQUEST_LIMIT, limit + FORM_OVERHEAD)
    if (request.content_length or 0) > total:
        raise DiscordApiError(40005)
    if request.content_type == "application/x-www-form-urlencoded":
        return _parse_form(request, {name: str(value) for name, value in (await request.post()).items()})
    if not request.content_type.startswith("multipart/"):
        return RequestBody(await read_json_object(request))
    payload: dict[str, Any] = {}
    files: dict[int, UploadedFile] = {}
    size = 0
    async for part in await request.multipart():
        if not isinstance(part, BodyPartReader):
            raise DiscordApiError(50035, message="Nested multipart bodies are not supported")
        data = bytes(await part.read(decode=True))
        size += len(data)
        if size > total:
            raise DiscordApiError(40005)
        name = part.name or ""
        match = FILE_FIELD_PATTERN.fullmatch(name)
        if name == "payload_json":
            payload = _require_object(parse_json(data))
            request[REQUEST_BODY] = payload
        elif match or part.filename:
            files[int(match[1]) if match else len(files)] = UploadedFile(part.filename or "unknown", data)
        else:
            payload[name] = data.decode("utf-8", "replace")
    return RequestBody(payload, files)


def _parse_form(request: web.Request, fields: dict[str, str]) -> RequestBody:
    """Parse a form without files: its `payload_json`, or else its fields themselves."""
    payload = _require_object(parse_json(fields.pop("payload_json"))) if "payload_json" in fields else {}
    request[REQUEST_BODY] = payload = payload | fields
    return RequestBody(payload)
