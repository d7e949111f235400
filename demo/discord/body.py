"""Request bodies: JSON, or multipart/form-data with `payload_json` and `files[n]`.

https://discord.com/developers/docs/reference#uploading-files
"""

import json
import re
from dataclasses import dataclass, field
from typing import Any

from aiohttp import BodyPartReader, web

from demo.discord.errors import Refusal

FILE_FIELD = re.compile(r"files\[(\d+)\]")
REQUEST_LIMIT = 25 << 20
"""Bytes a whole create-message request may have (https://discord.com/developers/docs/resources/message#create-message)."""
FORM_SLACK = 1 << 20
"""Bytes allowed on top of the files for the form around them."""

ASKED: web.RequestKey[Any] = web.RequestKey("asked", object)
"""What a request asks, parsed, for the record."""


@dataclass(frozen=True)
class UploadedFile:
    """One `files[n]` part: its name as sent and its bytes."""

    filename: str
    data: bytes = field(repr=False)


@dataclass(frozen=True)
class Body:
    """The parsed payload, and the files by their n."""

    payload: dict[str, Any]
    files: dict[int, UploadedFile] = field(default_factory=dict)


def parse_json(text: str | bytes) -> Any:
    """Parse a JSON text; raises Refusal 50109 for what is none."""
    try:
        return json.loads(text)
    except ValueError:
        raise Refusal(50109) from None


async def read_any(request: web.Request) -> Any:
    """Read a JSON body of any kind; an empty one is an empty object."""
    raw = await request.read()
    request[ASKED] = parsed = parse_json(raw) if raw else {}
    return parsed


async def read_object(request: web.Request) -> dict[str, Any]:
    """Read a JSON body that must be an object; raises Refusal 50035 otherwise."""
    return _object(await read_any(request))


def _object(parsed: Any) -> dict[str, Any]:
    if not isinstance(parsed, dict):
        fault = {"code": "DICT_TYPE_CONVERT", "message": "Only dictionaries may be used in a DictType"}
        raise Refusal(50035, errors={"_errors": [fault]})
    return parsed


async def read_body(request: web.Request, limit: int) -> Body:
    """Read a message body, JSON or multipart; limit is what one file may have in bytes.

    Raises Refusal 40005 (413) for a request over 25 MiB, or over the limit of one file where that is more.
    """
    total = max(REQUEST_LIMIT, limit + FORM_SLACK)
    if (request.content_length or 0) > total:
        raise Refusal(40005)
    if not request.content_type.startswith("multipart/"):
        return Body(await read_object(request))
    payload: dict[str, Any] = {}
    files: dict[int, UploadedFile] = {}
    size = 0
    async for part in await request.multipart():
        if not isinstance(part, BodyPartReader):
            raise Refusal(50035, message="Nested multipart bodies are not supported")
        data = bytes(await part.read(decode=True))
        size += len(data)
        if size > total:
            raise Refusal(40005)
        name = part.name or ""
        met = FILE_FIELD.fullmatch(name)
        if name == "payload_json":
            payload = _object(parse_json(data))
            request[ASKED] = payload
        elif met or part.filename:
            files[int(met[1]) if met else len(files)] = UploadedFile(part.filename or "unknown", data)
        else:
            payload[name] = data.decode("utf-8", "replace")
    return Body(payload, files)
