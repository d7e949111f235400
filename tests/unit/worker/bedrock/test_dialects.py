"""Both dialects: what may be asked becomes a body that its model takes, what is answered is read without trust."""

import base64
import io
import json
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from demo.standins.bedrock.invoke import parse_request as read_by_stand_in
from demo.standins.bedrock.models import find_model, find_profile_model
from shared.catalogue import Catalogue, FieldSpec, Model, load_catalogue
from shared.outcome import FilteredPart
from shared.problems import RejectedError
from shared.prompts import TextPrompt, format_prompt
from shared.request.builder import build_request, pick_seed
from shared.request.model import OPTION_NAMES, Request
from worker.bedrock import sdxl, stable_image
from worker.bedrock.dialects import DIALECTS
from worker.bedrock.json_body import InvalidResponseError, ModelResponse, decode_picture, parse_json_object

ULTRA = """
[models.ultra]
name = "Stable Image Ultra"
id = "stability.stable-image-ultra-v1:1"
dialect = "stable-image"
regions = ["us-west-2"]
price_usd = 0.14
picture = "optional"
streaming = false
typical_seconds = 10
concurrency = 4
per_minute = 0
sizes = [[1024, 1024]]

[models.ultra.fields]
prompt = { limit = 10000 }
keep = { minimum = 0, maximum = 100, default = 65 }
seed = { minimum = 0, maximum = 4294967295 }
output_format = { choices = ["png", "jpeg"], default = "png" }
aspect_ratio = { choices = ["16:9", "1:1"], default = "1:1" }
"""
CATALOGUE = load_catalogue(ULTRA)
SDXL, SD35, FAST = (CATALOGUE.models[key] for key in ("sdxl", "sd3.5-large", "fast-upscale"))
TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=["C"]), min_size=1, max_size=30).filter(str.strip)


def make_jpeg(size: tuple[int, int]) -> bytes:
    written = io.BytesIO()
    Image.new("L", size).save(written, "JPEG")
    return written.getvalue()


IMAGE = make_jpeg((1024, 1024))


def draw_value(spec: FieldSpec, *, whole: bool) -> st.SearchStrategy[Any]:
    if spec.choices:
        return st.sampled_from(spec.choices)
    low, high = spec.minimum or 0, spec.maximum or 0
    return st.integers(int(low), int(high)) if whole else st.floats(low, high)


@st.composite
def draw_requests(draw: st.DrawFn, catalogue: Catalogue = CATALOGUE) -> tuple[Request, Model]:
    """Any request that the catalogue lets pass."""
    model = draw(st.sampled_from(list(catalogue)))
    weights = st.floats(-10, 10) if model.weighs_prompts else st.sampled_from([1.0, -1.0])
    rest = draw(st.lists(st.builds(TextPrompt, text=TEXTS, weight=weights), max_size=3))
    options: dict[str, Any] = {}
    for name in OPTION_NAMES:
        if name == "extras" and name in model.fields:
            options[name] = draw(st.none() | st.dictionaries(TEXTS, st.integers() | TEXTS, max_size=2))
        elif name in model.fields:
            whole = name in {"seed", "steps", "samples"}
            options[name] = draw(st.none() | draw_value(model.fields[name], whole=whole))
    has_picture = model.picture == "required" or (model.picture == "optional" and draw(st.booleans()))
    prompt = format_prompt([TextPrompt(text=draw(TEXTS)), *rest]) if model.reads_prompts else None
    for name in draw(st.permutations(OPTION_NAMES)):
        try:
            return build_request(catalogue, prompt=prompt, model=model.key, has_picture=has_picture, **options), model
        except RejectedError:
            options.pop(name, None)  # it does not go with the others
    return build_request(catalogue, prompt=prompt, model=model.key, has_picture=has_picture), model


def encode_body(request: Request, model: Model) -> dict[str, Any]:
    seed = pick_seed(request.model_copy(update={"seed": 7}), model, Random(1))
    body = DIALECTS[model.dialect].encode(request, model, IMAGE if request.has_picture else None, seed)
    read: dict[str, Any] = json.loads(body)
    return read


def make_request(
    key: str, *, has_picture: bool = True, prompt: str | None = "castle", **options: Any
) -> dict[str, Any]:
    request = build_request(CATALOGUE, prompt=prompt, model=key, has_picture=has_picture, **options)
    return encode_body(request, CATALOGUE.models[key])


@given(draw_requests())
@settings(max_examples=120)
def test_what_the_catalogue_lets_pass_is_taken_by_a_service_that_checks_every_field(
    asked: tuple[Request, Model],
) -> None:
    request, model = asked
    body, served = encode_body(request, model), find_profile_model(model.id) or find_model(model.id)
    assert served
    recipe = read_by_stand_in(body, served)
    assert model.dialect != "sdxl" or len(recipe.prompts) == len(request.text_prompts)
    assert recipe.seed == (7 if "seed" in model.fields else 0)
    assert (recipe.source is not None) == request.has_picture
    assert (recipe.creativity is not None) == (model.task == "upscale")
    if (
        "keep" in model.fields
        and request.has_picture
        and request.resolve_value("init_image_mode", model) != "STEP_SCHEDULE"
    ):
        assert recipe.source_weight == pytest.approx(request.resolve_value("keep", model) / 100, abs=1e-6)


@given(draw_requests())
@settings(max_examples=100)
def test_a_body_holds_only_what_the_row_reads_and_what_was_chosen_as_it_was(asked: tuple[Request, Model]) -> None:
    request, model = asked
    body = encode_body(request, model)
    own = {"text_prompts", "init_image", "image_strength", "width", "height"}
    own |= {"prompt", "negative_prompt", "mode", "image", "strength"}
    assert set(body) - own <= set(model.fields)
    for name, value in request.explicit_options().items():
        if name in body and name != "seed":
            assert body[name] == value


@given(st.integers(0, 1000))
def test_keep_means_the_same_for_every_model(tenths: int) -> None:
    keep = tenths / 10
    kept = make_request("sdxl", keep=keep)["image_strength"]
    ignored = make_request("sd3.5-large", keep=keep)["strength"]
    assert kept == tenths / 1000
    assert ignored == round(1 - tenths / 1000, 6)
    assert len(str(ignored)) <= 5  # as a person would write it


def test_sdxl_is_sent_weights_picture_and_every_option_in_force() -> None:
    body = make_request("sdxl", prompt="castle::1.2 | crowds::-0.8", style_preset="anime", steps=40, extras={"a": [1]})
    assert base64.b64decode(body.pop("init_image")) == IMAGE
    assert body == {
        "text_prompts": [{"text": "castle", "weight": 1.2}, {"text": "crowds", "weight": -0.8}],
        "init_image_mode": "IMAGE_STRENGTH",
        "image_strength": 0.35,
        "seed": 7,
        "cfg_scale": 7,
        "clip_guidance_preset": "NONE",
        "samples": 1,
        "steps": 40,
        "style_preset": "anime",
        "extras": {"a": [1]},
    }
    assert [type(body[name]) for name in ("steps", "samples", "seed")] == [int, int, int]


def test_a_step_schedule_takes_the_place_of_the_strength() -> None:
    body = make_request("sdxl", init_image_mode="STEP_SCHEDULE", step_schedule_end=0.2)
    assert (body["init_image_mode"], body["step_schedule_start"], body["step_schedule_end"]) == (
        "STEP_SCHEDULE",
        0.65,
        0.2,
    )
    assert "image_strength" not in body


@pytest.mark.parametrize(
    ("ratio", "size"),
    [("1:1", (1024, 1024)), ("16:9", (1344, 768)), ("21:9", (1536, 640)), ("9:21", (640, 1536)), ("4:5", (896, 1152))],
)
def test_sdxl_without_a_picture_paints_the_nearest_size_and_is_sent_no_picture_field(
    ratio: str, size: tuple[int, int]
) -> None:
    body = make_request("sdxl", has_picture=False, aspect_ratio=ratio)
    assert (body["width"], body["height"]) == size
    assert not {"init_image", "init_image_mode", "image_strength", "aspect_ratio"} & set(body)


def test_sd35_is_sent_its_mode_and_the_strength_turned_round() -> None:
    body = make_request("sd3.5-large", prompt="castle", negative="crowds")
    assert base64.b64decode(body.pop("image")) == IMAGE
    assert body == {
        "prompt": "castle",
        "negative_prompt": "crowds",
        "mode": "image-to-image",
        "strength": 0.65,
        "seed": 7,
        "output_format": "png",
    }


def test_sd35_without_a_picture_is_sent_the_aspect_ratio() -> None:
    body = make_request("sd3.5-large", has_picture=False, aspect_ratio="16:9")
    assert body == {
        "prompt": "castle",
        "mode": "text-to-image",
        "seed": 7,
        "output_format": "png",
        "aspect_ratio": "16:9",
    }


def test_fast_upscale_is_sent_the_picture_and_its_format_alone() -> None:
    body = make_request("fast-upscale", prompt=None)
    assert base64.b64decode(body.pop("image")) == IMAGE
    assert body == {"output_format": "jpeg"}


def test_conservative_upscale_is_sent_what_it_reads() -> None:
    body = make_request(
        "conservative-upscale", prompt="castle", negative="crowds", creativity=0.2, output_format="webp"
    )
    assert base64.b64decode(body.pop("image")) == IMAGE
    assert body == {
        "prompt": "castle",
        "negative_prompt": "crowds",
        "creativity": 0.2,
        "seed": 7,
        "output_format": "webp",
    }


@pytest.mark.parametrize(("key", "has_picture"), [("stable-image-core", False), ("ultra", False), ("ultra", True)])
def test_core_and_ultra_are_sent_no_mode(key: str, has_picture: bool) -> None:
    assert "mode" not in make_request(key, has_picture=has_picture)


def test_an_operators_default_is_sent() -> None:
    catalogue = load_catalogue(
        '[models.sdxl.fields.cfg_scale]\ndefault = 12.5\n[models."sd3.5-large".fields.keep]\ndefault = 50'
    )
    by_key = {
        key: encode_body(build_request(catalogue, prompt="x", model=key, has_picture=True), catalogue.models[key])
        for key in ("sdxl", "sd3.5-large")
    }
    assert by_key["sdxl"]["cfg_scale"] == 12.5
    assert by_key["sd3.5-large"]["strength"] == 0.5


# answers

SUCCESS: dict[str, Any] = {"seed": 5, "base64": base64.b64encode(b"picture").decode(), "finishReason": "SUCCESS"}
SDXL_RESPONSE: dict[str, Any] = {"seeds": [5], "finish_reasons": [None], "images": [SUCCESS["base64"]]}


def make_sdxl_response(**changed: Any) -> bytes:
    return json.dumps({"result": "success", "artifacts": [{**SUCCESS, **changed}]}).encode()


def make_stable_image_response(**changed: Any) -> bytes:
    return json.dumps({**SDXL_RESPONSE, **changed}).encode()


def test_a_success_is_a_picture_and_its_seed_in_both_dialects() -> None:
    assert (
        sdxl.decode(make_sdxl_response(), SDXL)
        == stable_image.decode(make_stable_image_response(), SD35)
        == ModelResponse(b"picture", 5)
    )


@given(st.integers(0, 4294967295), st.binary(min_size=1))
def test_seed_and_bytes_come_through_as_number_or_digits(seed: int, data: bytes) -> None:
    text = base64.b64encode(data).decode()
    for written in (seed, str(seed)):
        assert sdxl.decode(make_sdxl_response(seed=written, base64=text), SDXL) == ModelResponse(data, seed)
        assert stable_image.decode(make_stable_image_response(seeds=[written], images=[text]), SD35) == ModelResponse(
            data, seed
        )


def test_of_several_pictures_the_first_counts() -> None:
    both = {"result": "success", "artifacts": [SUCCESS, {**SUCCESS, "seed": 6}]}
    assert sdxl.decode(json.dumps(both).encode(), SDXL) == ModelResponse(b"picture", 5)
    assert stable_image.decode(
        make_stable_image_response(seeds=[5, 6], images=[SUCCESS["base64"], "!"]), SD35
    ) == ModelResponse(b"picture", 5)


@pytest.mark.parametrize("seed", [None, True, -1, 4294967296, 1.5, "", "-1", "0x10", "٣", "9" * 5000, [1]])
def test_an_answer_without_a_sound_seed_is_not_taken(seed: Any) -> None:
    for decode, data, model in (
        (sdxl.decode, make_sdxl_response(seed=seed), SDXL),
        (stable_image.decode, make_stable_image_response(seeds=[seed]), SD35),
    ):
        with pytest.raises(InvalidResponseError, match="no seed") as raised:
            decode(data, model)
        assert raised.value.code == "bad_answer"


@pytest.mark.parametrize("seeds", [{}, {"seeds": []}, {"seeds": [9]}, {"seeds": [None]}, {"seeds": ["x"]}])
def test_a_model_without_a_seed_answers_with_any_or_none_and_it_is_not_told(seeds: dict[str, Any]) -> None:
    answer = {"finish_reasons": [None], "images": [SUCCESS["base64"]], **seeds}
    assert stable_image.decode(json.dumps(answer).encode(), FAST) == ModelResponse(b"picture", None)


@pytest.mark.parametrize(
    "text", [None, "", "!", "YQ", "YQ==\n", "Y Q==", "é", 5, ["YQ=="], "data:image/png;base64,YQ=="]
)
def test_base64_is_read_strictly(text: Any) -> None:
    for decode, data, model in (
        (sdxl.decode, make_sdxl_response(base64=text), SDXL),
        (stable_image.decode, make_stable_image_response(images=[text]), SD35),
    ):
        with pytest.raises(InvalidResponseError, match=r"no picture|not base64"):
            decode(data, model)


@pytest.mark.parametrize(
    ("data", "code", "words"),
    [
        (b"", "bad_answer", "empty"),
        (b"<!doctype html>", "bad_answer", "not JSON"),
        (b"\xff", "bad_answer", "not JSON"),
        (b"[" * 100_000, "bad_answer", "not JSON"),
        (b"[]", "bad_answer", "not an object"),
        (b"{}", "model_error", "result “None”"),
        (b'{"result": "success"}', "bad_answer", "artifacts"),
        (b'{"result": "success", "artifacts": []}', "bad_answer", "artifacts"),
        (b'{"result": "success", "artifacts": [7]}', "bad_answer", "not an object"),
        (b'{"result": "error", "error": {"name": "oom", "message": "x"}}', "model_error", "oom"),
        (b'{"result": "error", "error": "oom"}', "model_error", "result “error”"),
        (make_sdxl_response(finishReason="ERROR"), "model_error", "ERROR"),
        (make_sdxl_response(finishReason="NOBODY_KNOWS"), "bad_answer", "NOBODY_KNOWS"),
        (make_sdxl_response(finishReason=None), "bad_answer", "finish reason"),
    ],
)
def test_what_sdxl_should_not_answer_is_named(data: bytes, code: str, words: str) -> None:
    with pytest.raises(InvalidResponseError) as raised:
        sdxl.decode(data, SDXL)
    assert (raised.value.code, words in raised.value.detail) == (code, True)


@pytest.mark.parametrize(
    ("data", "code", "words"),
    [
        (b"", "bad_answer", "empty"),
        (b"null", "bad_answer", "not an object"),
        (b"{}", "bad_answer", "finish_reasons"),
        (make_stable_image_response(finish_reasons=[]), "bad_answer", "finish_reasons"),
        (make_stable_image_response(finish_reasons="SUCCESS"), "bad_answer", "finish_reasons"),
        (make_stable_image_response(finish_reasons=["Inference error"]), "model_error", "Inference error"),
        (make_stable_image_response(finish_reasons=["Reason of no one's"]), "bad_answer", "Reason of no one's"),
        (make_stable_image_response(finish_reasons=[["Filter reason: prompt"]]), "bad_answer", "finish reason"),
        (make_stable_image_response(images=[]), "bad_answer", "images"),
        (make_stable_image_response(images={}), "bad_answer", "images"),
        (make_stable_image_response(seeds=[]), "bad_answer", "seeds"),
        (b'{"finish_reasons": [null], "images": ["YQ=="]}', "bad_answer", "seeds"),
    ],
)
def test_what_stable_image_should_not_answer_is_named(data: bytes, code: str, words: str) -> None:
    with pytest.raises(InvalidResponseError) as raised:
        stable_image.decode(data, SD35)
    assert (raised.value.code, words in raised.value.detail) == (code, True)


def test_the_side_that_was_filtered_is_told_and_its_blurred_picture_is_not_read() -> None:
    assert sdxl.decode(make_sdxl_response(finishReason="CONTENT_FILTERED"), SDXL) is FilteredPart.OUTPUT
    assert sdxl.decode(b'{"result": "error", "error": {"name": "invalid_prompts"}}', SDXL) is FilteredPart.PROMPT
    sides = {"prompt": FilteredPart.PROMPT, "input image": FilteredPart.INPUT, "output image": FilteredPart.OUTPUT}
    for words, side in sides.items():
        assert stable_image.decode(json.dumps({"finish_reasons": [f"Filter reason: {words}"]}).encode(), SD35) is side
        assert stable_image.decode(make_stable_image_response(finish_reasons=[f"Filter reason: {words}"]), SD35) is side


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
def test_no_answer_whatever_brings_more_than_a_picture_a_side_or_words(data: bytes) -> None:
    for decode, model in ((sdxl.decode, SDXL), (stable_image.decode, SD35), (stable_image.decode, FAST)):
        try:
            assert isinstance(decode(data, model), ModelResponse | FilteredPart)
        except InvalidResponseError as unusable:
            assert 0 < len(unusable.detail) < 200


LONG = base64.b64encode(Random(1).randbytes(60_000)).decode()


@pytest.mark.parametrize(
    "written",
    [
        '{"images":["%s"],"seeds":[7]}',
        '{"artifacts":[{"seed":7,"base64":"%s","finishReason":"SUCCESS"}]}',
        '{"images" : [ "%s" ]}',
        '{"said":"a quote \\" and \\u0041","images":["%s"]}',
        '{"images":["%s"],"more":"' + LONG + '"}',
    ],
)
def test_a_long_string_is_the_picture_that_it_is_as_text(written: str) -> None:
    data = (written % LONG).encode()

    def found(answer: Any) -> Any:
        return next(iter(answer["images"])) if "images" in answer else answer["artifacts"][0]["base64"]

    assert (
        decode_picture(found(parse_json_object(data)))
        == decode_picture(found(json.loads(data)))
        == base64.b64decode(LONG)
    )


@pytest.mark.parametrize(
    "written",
    [
        '{"%s":1}',
        '{"a":' + " " * 70_000 + '"b","c":"%s"}',
        '{"a":"\\"%s"}',
        '{"a":"' + LONG.replace("/", "\\/") + '","b":["%s"]}',
        '{"a":"\\\\%s"}',
    ],
)
def test_what_only_looks_like_a_long_string_is_read_as_ever(written: str) -> None:
    data = (written % LONG).encode()

    assert parse_json_object(data) == json.loads(data)


@pytest.mark.parametrize(
    "written", ['{"a":"%s}', '{"a":1"%s"}', '["%s"', '{"a":-"%s"}', '{"a":1e"%s"}', '"%s"', '["%s"]']
)
def test_a_long_string_makes_no_answer_of_what_is_none(written: str) -> None:
    with pytest.raises(InvalidResponseError):
        parse_json_object((written % LONG).encode())
