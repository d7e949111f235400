"""Long pictures in requests, which are not copied, and in responses, which are not decoded to text."""

import base64
import json
import tracemalloc
from random import Random
from typing import Any

import pytest

from worker.bedrock.json_body import InvalidResponseError, build_json_body, decode_picture, parse_json_object

SLICE = 3 << 18
LONG = base64.b64encode(Random(1).randbytes(60_000)).decode()


@pytest.mark.parametrize(
    "template",
    [
        '{"images":["%s"],"seeds":[7]}',
        '{"artifacts":[{"seed":7,"base64":"%s","finishReason":"SUCCESS"}]}',
        '{"images" : [ "%s" ]}',
        '{"message":"a quote \\" and \\u0041","images":["%s"]}',
        '{"images":["%s"],"more":"' + LONG + '"}',
    ],
)
def test_a_long_string_decodes_to_the_same_picture_as_with_json_loads(template: str) -> None:
    data = (template % LONG).encode()

    def get_picture(response: Any) -> Any:
        if "images" in response:
            return next(iter(response["images"]))
        return response["artifacts"][0]["base64"]

    assert (
        decode_picture(get_picture(parse_json_object(data)))
        == decode_picture(get_picture(json.loads(data)))
        == base64.b64decode(LONG)
    )


@pytest.mark.parametrize(
    "template",
    [
        '{"%s":1}',
        '{"a":' + " " * 70_000 + '"b","c":"%s"}',
        '{"a":"\\"%s"}',
        '{"a":"' + LONG.replace("/", "\\/") + '","b":["%s"]}',
        '{"a":"\\\\%s"}',
    ],
)
def test_json_that_only_seems_to_have_a_long_string_is_parsed_as_usual(template: str) -> None:
    data = (template % LONG).encode()

    assert parse_json_object(data) == json.loads(data)


@pytest.mark.parametrize(
    "template", ['{"a":"%s}', '{"a":1"%s"}', '["%s"', '{"a":-"%s"}', '{"a":1e"%s"}', '"%s"', '["%s"]']
)
def test_invalid_json_with_a_long_string_is_rejected(template: str) -> None:
    with pytest.raises(InvalidResponseError):
        parse_json_object((template % LONG).encode())


@pytest.mark.parametrize("size", [1, SLICE - 1, SLICE, SLICE + 1, 3 * SLICE + 2])
@pytest.mark.parametrize("fields", [{}, {"seed": 7}])
def test_pictures_of_any_length_are_whole_in_the_body(fields: dict[str, int], size: int) -> None:
    picture = Random(size).randbytes(size)

    body = json.loads(build_json_body(fields, {"image": picture, "mask": None, "style_image": picture[:5]}))

    assert body.pop("image") == base64.b64encode(picture).decode()
    assert body == fields | {"style_image": base64.b64encode(picture[:5]).decode()}


def test_a_body_is_written_without_a_second_copy_of_its_pictures() -> None:
    picture = bytes(8 * SLICE)
    tracemalloc.start()
    try:
        body = build_json_body({"seed": 7}, {"image": picture, "style_image": picture})
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert peak < 1.5 * len(body)
