"""The JSON bodies of Bedrock's requests and responses: fast for long pictures, and distrustful of responses."""

import io
import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final, Literal

import pybase64

from shared.errors import PentimentoError

MAX_SEED: Final = 4294967295
_LONG_STRING_BYTES: Final = 1 << 16  # longer strings are not decoded to text
_SLICE_BYTES: Final = 3 << 18  # a multiple of 3: the base64 of the slices is that of the whole
_MAX_QUOTES: Final = 100  # how many quotation marks are looked at to find a long string
_MAX_QUOTED_LENGTH: Final = 60


@dataclass(frozen=True)
class ModelResponse:
    """A model's response as it claims to be: the encoded picture, not verified yet, and its seed, if it names one."""

    data: bytes
    seed: int | None


class InvalidResponseError(PentimentoError):
    """A response without a usable picture: `code` is a problem's in `shared.problems`, `detail` says more."""

    def __init__(self, code: Literal["invalid_response", "model_error", "response_too_large"], detail: str) -> None:
        super().__init__(f"{code}: {detail}")
        self.code = code
        self.detail = detail


def build_json_body(fields: Mapping[str, Any], pictures: Mapping[str, bytes | None]) -> bytes:
    """Encode a request as JSON, with the pictures in base64 behind the other fields.

    The base64 is appended without a search for characters to escape, in a tenth of the time of `json.dumps`, and in
    slices, so that a long picture is not there as base64 twice. Raises `ValueError` for NaN and infinities.
    """
    encoded = json.dumps(fields, separators=(",", ":"), allow_nan=False).encode()
    present = {name: picture for name, picture in pictures.items() if picture is not None}
    if not present:
        return encoded
    body, separator = io.BytesIO(), "," if fields else ""
    body.write(encoded[:-1])
    for name, picture in present.items():
        body.write(f'{separator}"{name}":"'.encode())
        view, separator = memoryview(picture), ","
        for start in range(0, len(view), _SLICE_BYTES):
            body.write(pybase64.b64encode(view[start : start + _SLICE_BYTES]))
        body.write(b'"')
    body.write(b"}")
    return body.getvalue()


def normalize_number(value: Any) -> Any:
    """Turn a whole float into an int, which the API requires for steps, samples and seeds; return the rest as it is."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def parse_json_object(data: bytes) -> dict[str, Any]:
    """Parse a response. Its one long string, if any, becomes a view of `data`, which `decode_picture` accepts.

    Raises `InvalidResponseError`.
    """
    if not data:
        raise InvalidResponseError("invalid_response", "the response is empty")
    try:
        response = _load_json(data)
    except (ValueError, RecursionError) as error:
        raise InvalidResponseError("invalid_response", "the response is not JSON") from error
    if not isinstance(response, dict):
        raise InvalidResponseError(
            "invalid_response", f"the response is a JSON {type(response).__name__}, not an object"
        )
    return response


def _load_json(data: bytes) -> Any:
    """Parse JSON without decoding its one long string: as text it would be searched, and copied twice."""
    start, end = _find_long_string(data)
    if end:
        view = memoryview(data)[start + 1 : end]
        with suppress(ValueError):  # the bytes between two quotation marks may be no string: the rest is no JSON then
            return json.loads(data[:start] + b"-Infinity" + data[end + 1 :], parse_constant=lambda _: view)
    return json.loads(data)


def _find_long_string(data: bytes) -> tuple[int, int]:
    """Find the first two quotation marks with many bytes and no backslash between them; 0, 0 if there are none."""
    start, end = 0, data.find(b'"')
    for _ in range(_MAX_QUOTES):
        start, end = end, data.find(b'"', end + 1)
        if end - start > _LONG_STRING_BYTES:
            return (start, end) if data.find(b"\\", start, end) < 0 else (0, 0)
        if end < 0:
            break
    return 0, 0


def get_first(response: Mapping[str, Any], name: str) -> Any:
    """Return the first element of the list under `name`. Raises `InvalidResponseError` if there is none."""
    values = response.get(name)
    if not isinstance(values, list) or not values:
        raise InvalidResponseError("invalid_response", f"no list of “{name}”")
    return values[0]


def decode_picture(text: Any) -> bytes:
    """Decode base64 strictly. Raises `InvalidResponseError`."""
    if not isinstance(text, str | memoryview) or not text:
        raise InvalidResponseError("invalid_response", "no picture")
    try:
        return pybase64.b64decode(text.encode("ascii") if isinstance(text, str) else text, validate=True)
    except ValueError as error:
        raise InvalidResponseError("invalid_response", "the picture is not base64") from error


def parse_seed(value: Any) -> int | None:
    """Parse a seed of 0 to 4294967295, a number or a string of digits. None for anything else.

    A good picture is no worse for it: the seed that was sent is known.
    """
    digits = str(value) if isinstance(value, int | str) and not isinstance(value, bool) else ""
    if not digits.isascii() or not digits.isdigit() or len(digits) > len(str(MAX_SEED)) or int(digits) > MAX_SEED:
        return None
    return int(digits)


def shorten_value(value: Any) -> str:
    """Format a value of a response for a message: on one line, at most 60 characters."""
    return " ".join(str(value).split())[:_MAX_QUOTED_LENGTH]
