"""Parsing of the `extras` object."""

import pytest

from shared.problems import RejectedError
from shared.request.extras import parse_extras


@pytest.mark.parametrize("text", ["[1]", "1", "{", '{"a": NaN}', "[" * 1500, '{"a":' * 300 + "1" + "}" * 300 + "x"])
def test_extras_must_be_a_json_object(text: str) -> None:
    with pytest.raises(RejectedError) as rejection:
        parse_extras(text)

    assert rejection.value.problems[0].code == "extras_not_object"


def test_extras_are_parsed_and_limited_in_length() -> None:
    assert parse_extras('{"a": [1, "b"]}') == {"a": [1, "b"]}
    with pytest.raises(RejectedError):
        parse_extras('{"a": "' + "x" * 2000 + '"}')


def test_extras_with_half_a_surrogate_pair_are_rejected() -> None:
    with pytest.raises(RejectedError):
        parse_extras('{"a": "\\ud800"}')
