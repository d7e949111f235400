"""JSON bodies as Bedrock carries them: a picture's base64 spliced in, an answer read without trust."""

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final, Literal

import pybase64

from shared.errors import PentimentoError

MAX_SEED: Final = 4294967295
_LONG_STRING_BYTES: Final = 1 << 16  # bytes from which on a string is not read as text
_MAX_QUOTES: Final = 100


@dataclass(frozen=True)
class ModelResponse:
    """A model's answer as it claims to be: the encoded picture, not yet looked at, and its seed, if any."""

    data: bytes
    seed: int | None


class InvalidResponseError(PentimentoError):
    """An answer that brings no picture; `code` is one of `shared.problems`, `detail` a few words on what it held."""

    def __init__(self, code: Literal["bad_answer", "model_error"], detail: str) -> None:
        super().__init__(f"{code}: {detail}")
        self.code = code
        self.detail = detail


def build_json_body(fields: Mapping[str, Any], picture_field: str, picture: bytes | None) -> bytes:
    """Write a request as JSON, with the picture's base64 under `name`. Raises ValueError for an infinity.

    The base64 is never searched for characters to escape: that is a tenth of what `json.dumps` takes for it.
    """
    written = json.dumps(fields, separators=(",", ":"), allow_nan=False).encode()
    if picture is None:
        return written
    return b"".join((written[:-1], b',"', picture_field.encode(), b'":"', pybase64.b64encode(picture), b'"}'))


def normalize_number(value: Any) -> Any:
    """A whole number as an int, which is how the contracts want steps, samples and seeds; the rest as it is."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def parse_json_object(data: bytes) -> dict[str, Any]:
    """Read an answer; its long string, if any, is a view of `data`, for `picture_of`. Raises `InvalidResponseError`."""
    if not data:
        raise InvalidResponseError("bad_answer", "the answer is empty")
    try:
        answer = _load_json(data)
    except (ValueError, RecursionError) as error:
        raise InvalidResponseError("bad_answer", "the answer is not JSON") from error
    if not isinstance(answer, dict):
        raise InvalidResponseError("bad_answer", f"the answer is a JSON {type(answer).__name__}, not an object")
    return answer


def _load_json(data: bytes) -> Any:
    """Read JSON without its one long string, where there is one: as text it would be copied twice, and searched."""
    start, end = _find_long_string(data)
    if end:
        text = memoryview(data)[start + 1 : end]
        with suppress(ValueError):  # what stands between two quotes may be no string; the rest is no JSON then
            return json.loads(data[:start] + b"-Infinity" + data[end + 1 :], parse_constant=lambda _: text)
    return json.loads(data)


def _find_long_string(data: bytes) -> tuple[int, int]:
    """Where the first quotes stand that have much between them and no backslash; 0, 0 when there are none."""
    start, end = 0, data.find(b'"')
    for _ in range(_MAX_QUOTES):
        start, end = end, data.find(b'"', end + 1)
        if end - start > _LONG_STRING_BYTES:
            return (start, end) if data.find(b"\\", start, end) < 0 else (0, 0)
        if end < 0:
            break
    return 0, 0


def get_first(response: Mapping[str, Any], name: str) -> Any:
    """Take the first element of the list under `name`. Raises `InvalidResponseError`."""
    listed = response.get(name)
    if not isinstance(listed, list) or not listed:
        raise InvalidResponseError("bad_answer", f"no list of “{name}”")
    return listed[0]


def decode_picture(text: Any) -> bytes:
    """Decode base64, strictly. Raises `InvalidResponseError`."""
    if not isinstance(text, str | memoryview) or not text:
        raise InvalidResponseError("bad_answer", "no picture")
    try:
        return pybase64.b64decode(text.encode("ascii") if isinstance(text, str) else text, validate=True)
    except ValueError as error:
        raise InvalidResponseError("bad_answer", "the picture is not base64") from error


def parse_seed(value: Any) -> int:
    """Read a seed of 0 to 4294967295, a number or a string of digits. Raises `InvalidResponseError`."""
    digits = str(value) if isinstance(value, int | str) and not isinstance(value, bool) else ""
    if not digits.isascii() or not digits.isdigit() or len(digits) > len(str(MAX_SEED)) or int(digits) > MAX_SEED:
        raise InvalidResponseError("bad_answer", "no seed")
    return int(digits)


def shorten_value(value: Any) -> str:
    """A value of the answer for a sentence: one line of at most 60 characters."""
    return " ".join(str(value).split())[:60]
