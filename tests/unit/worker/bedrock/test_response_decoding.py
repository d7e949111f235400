"""Decoding of responses in both dialects, without trust."""

import base64
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.catalogue import load_catalogue
from shared.outcome import FilteredPart
from worker.bedrock import sdxl, stable_image
from worker.bedrock.json_body import InvalidResponseError, ModelResponse

CATALOGUE = load_catalogue()
SDXL, SD35, FAST = (CATALOGUE.models[key] for key in ("sdxl", "sd3.5-large", "fast-upscale"))

SUCCESS: dict[str, Any] = {"seed": 5, "base64": base64.b64encode(b"picture").decode(), "finishReason": "SUCCESS"}
SDXL_RESPONSE: dict[str, Any] = {"seeds": [5], "finish_reasons": [None], "images": [SUCCESS["base64"]]}


def make_sdxl_response(**changed: Any) -> bytes:
    return json.dumps({"result": "success", "artifacts": [{**SUCCESS, **changed}]}).encode()


def make_stable_image_response(**changed: Any) -> bytes:
    return json.dumps({**SDXL_RESPONSE, **changed}).encode()


def test_a_success_is_decoded_to_a_picture_and_its_seed_in_both_dialects() -> None:
    assert (
        sdxl.decode(make_sdxl_response(), SDXL)
        == stable_image.decode(make_stable_image_response(), SD35)
        == ModelResponse(b"picture", 5)
    )


@given(st.integers(0, 4294967295), st.binary(min_size=1))
def test_a_seed_is_decoded_from_a_number_or_a_string(seed: int, data: bytes) -> None:
    text = base64.b64encode(data).decode()
    for value in (seed, str(seed)):
        assert sdxl.decode(make_sdxl_response(seed=value, base64=text), SDXL) == ModelResponse(data, seed)
        assert stable_image.decode(make_stable_image_response(seeds=[value], images=[text]), SD35) == ModelResponse(
            data, seed
        )


def test_of_several_pictures_the_first_is_decoded() -> None:
    both = {"result": "success", "artifacts": [SUCCESS, {**SUCCESS, "seed": 6}]}
    assert sdxl.decode(json.dumps(both).encode(), SDXL) == ModelResponse(b"picture", 5)
    assert stable_image.decode(
        make_stable_image_response(seeds=[5, 6], images=[SUCCESS["base64"], "!"]), SD35
    ) == ModelResponse(b"picture", 5)


@pytest.mark.parametrize("seed", [None, True, -1, 4294967296, 1.5, "", "-1", "0x10", "٣", "9" * 5000, [1]])
def test_a_picture_without_a_valid_seed_is_still_a_picture(seed: Any) -> None:
    picture = ModelResponse(b"picture", None)
    assert sdxl.decode(make_sdxl_response(seed=seed), SDXL) == picture
    assert stable_image.decode(make_stable_image_response(seeds=[seed]), SD35) == picture


def test_a_picture_without_any_seed_is_still_a_picture() -> None:
    picture = ModelResponse(b"picture", None)
    without = {name: value for name, value in SUCCESS.items() if name != "seed"}
    assert sdxl.decode(json.dumps({"result": "success", "artifacts": [without]}).encode(), SDXL) == picture
    unusable: tuple[Any, ...] = ([], {}, None, 5, "5")
    for seeds in unusable:
        assert stable_image.decode(make_stable_image_response(seeds=seeds), SD35) == picture
    response = {"finish_reasons": [None], "images": [SUCCESS["base64"]]}
    assert stable_image.decode(json.dumps(response).encode(), SD35) == picture


@pytest.mark.parametrize("seeds", [{}, {"seeds": []}, {"seeds": [9]}, {"seeds": [None]}, {"seeds": ["x"]}])
def test_the_seed_of_a_model_that_reads_none_is_ignored(seeds: dict[str, Any]) -> None:
    response = {"finish_reasons": [None], "images": [SUCCESS["base64"]], **seeds}
    assert stable_image.decode(json.dumps(response).encode(), FAST) == ModelResponse(b"picture", None)


@pytest.mark.parametrize(
    "text", [None, "", "!", "YQ", "YQ==\n", "Y Q==", "é", 5, ["YQ=="], "data:image/png;base64,YQ=="]
)
def test_base64_is_decoded_strictly(text: Any) -> None:
    for decode, data, model in (
        (sdxl.decode, make_sdxl_response(base64=text), SDXL),
        (stable_image.decode, make_stable_image_response(images=[text]), SD35),
    ):
        with pytest.raises(InvalidResponseError, match=r"no picture|not base64"):
            decode(data, model)


@pytest.mark.parametrize(
    ("data", "code", "words"),
    [
        (b"", "invalid_response", "empty"),
        (b"<!doctype html>", "invalid_response", "not JSON"),
        (b"\xff", "invalid_response", "not JSON"),
        (b"[" * 100_000, "invalid_response", "not JSON"),
        (b"[]", "invalid_response", "not an object"),
        (b"{}", "model_error", "result “None”"),
        (b'{"result": "success"}', "invalid_response", "artifacts"),
        (b'{"result": "success", "artifacts": []}', "invalid_response", "artifacts"),
        (b'{"result": "success", "artifacts": [7]}', "invalid_response", "not an object"),
        (b'{"result": "error", "error": {"name": "oom", "message": "x"}}', "model_error", "oom"),
        (b'{"result": "error", "error": "oom"}', "model_error", "result “error”"),
        (make_sdxl_response(finishReason="ERROR"), "model_error", "ERROR"),
        (make_sdxl_response(finishReason="NOBODY_KNOWS"), "invalid_response", "NOBODY_KNOWS"),
        (make_sdxl_response(finishReason=None), "invalid_response", "finish reason"),
    ],
)
def test_an_invalid_response_of_sdxl_is_described(data: bytes, code: str, words: str) -> None:
    with pytest.raises(InvalidResponseError) as raised:
        sdxl.decode(data, SDXL)
    assert (raised.value.code, words in raised.value.detail) == (code, True)


@pytest.mark.parametrize(
    ("data", "code", "words"),
    [
        (b"", "invalid_response", "empty"),
        (b"null", "invalid_response", "not an object"),
        (b"{}", "invalid_response", "finish_reasons"),
        (make_stable_image_response(finish_reasons=[]), "invalid_response", "finish_reasons"),
        (make_stable_image_response(finish_reasons="SUCCESS"), "invalid_response", "finish_reasons"),
        (make_stable_image_response(finish_reasons=["Inference error"]), "model_error", "Inference error"),
        (make_stable_image_response(finish_reasons=["Reason of no one's"]), "invalid_response", "Reason of no one's"),
        (make_stable_image_response(finish_reasons=[["Filter reason: prompt"]]), "invalid_response", "finish reason"),
        (make_stable_image_response(images=[]), "invalid_response", "images"),
        (make_stable_image_response(images={}), "invalid_response", "images"),
    ],
)
def test_an_invalid_response_of_stable_image_is_described(data: bytes, code: str, words: str) -> None:
    with pytest.raises(InvalidResponseError) as raised:
        stable_image.decode(data, SD35)
    assert (raised.value.code, words in raised.value.detail) == (code, True)


def test_the_filtered_part_is_decoded_and_the_blurred_picture_is_ignored() -> None:
    assert sdxl.decode(make_sdxl_response(finishReason="CONTENT_FILTERED"), SDXL) is FilteredPart.OUTPUT
    assert sdxl.decode(b'{"result": "error", "error": {"name": "invalid_prompts"}}', SDXL) is FilteredPart.PROMPT
    parts = {"prompt": FilteredPart.PROMPT, "input image": FilteredPart.INPUT, "output image": FilteredPart.OUTPUT}
    for words, part in parts.items():
        assert stable_image.decode(json.dumps({"finish_reasons": [f"Filter reason: {words}"]}).encode(), SD35) is part
        assert stable_image.decode(make_stable_image_response(finish_reasons=[f"Filter reason: {words}"]), SD35) is part


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=9)
    | st.just("success")
    | st.just("SUCCESS"),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from([*SUCCESS, *SDXL_RESPONSE, "result", "artifacts"]), inner)
    ),
    max_leaves=12,
)


@given(
    st.binary()
    | st.dictionaries(st.sampled_from([*SDXL_RESPONSE, "result", "artifacts", "error"]), JSON).map(
        lambda v: json.dumps(v).encode()
    )
)
@settings(max_examples=300)
def test_any_response_is_a_picture_a_filtered_part_or_an_error(data: bytes) -> None:
    for decode, model in ((sdxl.decode, SDXL), (stable_image.decode, SD35), (stable_image.decode, FAST)):
        try:
            assert isinstance(decode(data, model), ModelResponse | FilteredPart)
        except InvalidResponseError as error:
            assert 0 < len(error.detail) < 200
