"""Encoding of requests in both dialects: every valid request becomes a body that its model accepts."""

import base64
import io
import json
from random import Random
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from PIL import Image

from demo.standins.bedrock.invoke import parse_request as parse_by_standin
from demo.standins.bedrock.models import find_model, find_profile_model
from shared.catalogue import Catalogue, FieldSpec, Model, load_catalogue
from shared.problems import RejectedError
from shared.prompts import TextPrompt, format_prompt
from shared.request.builder import build_request, pick_seed
from shared.request.effective import get_effective_value
from shared.request.model import OPTION_NAMES, SIDES, MaskKind, Request
from shared.request.pictures import Pictures
from shared.typed_text import has_visible_text
from worker.bedrock.dialects import get_dialect

# Such as AWS documents Ultra, though the service refuses an image.
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
TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=["C"]), min_size=1, max_size=30).filter(
    has_visible_text
)


def make_jpeg(size: tuple[int, int]) -> bytes:
    encoded = io.BytesIO()
    Image.new("L", size).save(encoded, "JPEG")
    return encoded.getvalue()


IMAGE = make_jpeg((1024, 1024))


def draw_value(spec: FieldSpec, *, whole: bool) -> st.SearchStrategy[Any]:
    if spec.choices:
        return st.sampled_from(spec.choices)
    if spec.limit is not None:
        return TEXTS
    low, high = spec.minimum or 0, spec.maximum or 0
    return st.integers(int(low), int(high)) if whole else st.floats(low, high)


@st.composite
def draw_requests(draw: st.DrawFn, catalogue: Catalogue = CATALOGUE) -> tuple[Request, Model]:
    """Draw any valid request and its model."""
    model = draw(st.sampled_from(list(catalogue)))
    weights = st.floats(-10, 10) if model.weighs_prompts else st.sampled_from([1.0, -1.0])
    if model.reads_prompts and not model.reads_negative_prompts:
        weights = st.just(1.0)
    more_prompts = draw(st.lists(st.builds(TextPrompt, text=TEXTS, weight=weights), max_size=3))
    options: dict[str, Any] = {}
    for name in OPTION_NAMES:
        if name == "extras" and name in model.fields:
            options[name] = draw(st.none() | st.dictionaries(TEXTS, st.integers() | TEXTS, max_size=2))
        elif name in model.fields:
            whole = name in {"seed", "steps", "samples", "grow_mask", *SIDES}
            options[name] = draw(st.none() | draw_value(model.fields[name], whole=whole))
    has_picture = model.picture == "required" or (model.picture == "optional" and draw(st.booleans()))
    prompt = format_prompt([TextPrompt(text=draw(TEXTS)), *more_prompts]) if model.reads_prompts else None
    inputs: dict[str, Any] = {
        "has_picture": has_picture,
        "mask": MaskKind.PICTURE if model.mask != "none" else None,
        "has_style_picture": model.style_picture != "none",
    }
    required: dict[str, Any] = {name: draw(TEXTS) for name, spec in model.fields.items() if spec.required}
    required |= {"left": draw(st.integers(1, 2000))} if "left" in model.fields else {}
    options |= {name: value for name, value in required.items() if not options.get(name)}
    for name in draw(st.permutations(OPTION_NAMES)):
        try:
            return build_request(catalogue, prompt=prompt, model=model.key, **inputs, **options).request, model
        except RejectedError:
            if name not in required:
                options.pop(name, None)  # it conflicts with the others
    return build_request(catalogue, prompt=prompt, model=model.key, **inputs, **required).request, model


def make_pictures(request: Request) -> Pictures:
    return Pictures(
        IMAGE if request.has_picture else None,
        IMAGE if request.mask else None,
        IMAGE if request.has_style_picture else None,
    )


def encode_body(request: Request, model: Model) -> dict[str, Any]:
    seed = pick_seed(request.model_copy(update={"seed": 7}), model, Random(1))
    encoded = get_dialect(model.dialect).encode(request, model, make_pictures(request), seed)
    body: dict[str, Any] = json.loads(encoded)
    return body


def make_body(key: str, *, has_picture: bool = True, prompt: str | None = "castle", **options: Any) -> dict[str, Any]:
    request = build_request(CATALOGUE, prompt=prompt, model=key, has_picture=has_picture, **options).request
    return encode_body(request, CATALOGUE.models[key])


@given(draw_requests())
@settings(max_examples=120)
def test_the_stand_in_accepts_every_valid_request(
    drawn: tuple[Request, Model],
) -> None:
    request, model = drawn
    assume(model.key != "ultra")
    body, served = encode_body(request, model), find_profile_model(model.id) or find_model(model.id)
    assert served
    parsed = parse_by_standin(body, served)
    assert model.dialect != "sdxl" or len(parsed.prompts) == len(request.text_prompts)
    assert parsed.seed == (7 if "seed" in model.fields else 0)
    assert (parsed.source is not None) == request.has_picture
    assert (parsed.service is not None) == (model.task != "generate")
    assert (parsed.mask is not None) == (request.mask is not None)
    assert (parsed.style_source is not None) == request.has_style_picture
    if "keep" in model.fields and request.has_picture and not request.is_scheduled(model):
        assert parsed.source_weight == pytest.approx(request.resolve_value("keep", model) / 100, abs=1e-6)


@given(draw_requests())
@settings(max_examples=100)
def test_a_body_has_only_fields_of_the_row_and_the_chosen_values_unchanged(drawn: tuple[Request, Model]) -> None:
    request, model = drawn
    body = encode_body(request, model)
    own = {"text_prompts", "init_image", "image_strength", "width", "height"}
    own |= {"prompt", "negative_prompt", "mode", "image", "strength", "mask", "style_image"}
    assert set(body) - own <= set(model.fields)
    for name, value in request.explicit_options().items():
        if name in body and name != "seed":
            assert body[name] == value


@given(st.integers(0, 1000))
def test_keep_is_image_strength_or_one_minus_strength(tenths: int) -> None:
    keep = tenths / 10
    strength = make_body("sdxl", keep=keep)["image_strength"]
    inverted = make_body("sd3.5-large", keep=keep)["strength"]
    assert strength == tenths / 1000
    assert inverted == round(1 - tenths / 1000, 6)
    assert len(str(inverted)) <= 5  # as a person would write it


def test_sdxl_gets_weights_picture_chosen_options_and_defaults() -> None:
    body = make_body("sdxl", prompt="castle::1.2 | crowds::-0.8", style_preset="anime", steps=40, extras={"a": [1]})
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


def test_a_step_schedule_replaces_the_strength() -> None:
    body = make_body("sdxl", init_image_mode="STEP_SCHEDULE", step_schedule_end=0.2)
    assert (body["init_image_mode"], body["step_schedule_start"], body["step_schedule_end"]) == (
        "STEP_SCHEDULE",
        0.65,
        0.2,
    )
    assert "image_strength" not in body


SCHEDULED_BY_DEFAULT = load_catalogue('[models.sdxl.fields.init_image_mode]\ndefault = "STEP_SCHEDULE"')


@pytest.mark.parametrize(
    ("options", "sent"),
    [
        ({"keep": 80}, {"init_image_mode": "IMAGE_STRENGTH", "image_strength": 0.8}),
        ({"step_schedule_end": 0.2}, {"step_schedule_start": 0.65, "step_schedule_end": 0.2}),
        ({}, {"init_image_mode": "STEP_SCHEDULE", "step_schedule_start": 0.65}),
    ],
)
def test_where_an_operator_makes_the_schedule_the_default_keep_chooses_the_strength(
    options: dict[str, Any], sent: dict[str, Any]
) -> None:
    model = SCHEDULED_BY_DEFAULT.models["sdxl"]
    request = build_request(SCHEDULED_BY_DEFAULT, prompt="castle", model="sdxl", has_picture=True, **options).request

    body = encode_body(request, model)

    assert {name: body[name] for name in sent} == sent
    assert ("image_strength" in body) == ("keep" in options)
    assert get_effective_value(request, "init_image_mode", model) == body["init_image_mode"]
    assert get_effective_value(request, "keep", model) == options.get("keep")


def test_where_the_schedule_is_the_default_keep_and_the_schedule_exclude_each_other() -> None:
    with pytest.raises(RejectedError, match="mode_conflict"):
        build_request(SCHEDULED_BY_DEFAULT, prompt="x", model="sdxl", has_picture=True, keep=80, step_schedule_end=0.2)


@pytest.mark.parametrize(
    ("ratio", "size"),
    [("1:1", (1024, 1024)), ("16:9", (1344, 768)), ("21:9", (1536, 640)), ("9:21", (640, 1536)), ("4:5", (896, 1152))],
)
def test_sdxl_without_a_picture_gets_the_nearest_size_and_no_picture_field(ratio: str, size: tuple[int, int]) -> None:
    body = make_body("sdxl", has_picture=False, aspect_ratio=ratio)
    assert (body["width"], body["height"]) == size
    assert not {"init_image", "init_image_mode", "image_strength", "aspect_ratio"} & set(body)


def test_sd35_gets_its_mode_and_the_inverted_strength() -> None:
    body = make_body("sd3.5-large", prompt="castle", negative="crowds")
    assert base64.b64decode(body.pop("image")) == IMAGE
    assert body == {
        "prompt": "castle",
        "negative_prompt": "crowds",
        "mode": "image-to-image",
        "strength": 0.65,
        "seed": 7,
        "output_format": "png",
    }


def test_sd35_without_a_picture_gets_the_aspect_ratio() -> None:
    body = make_body("sd3.5-large", has_picture=False, aspect_ratio="16:9")
    assert body == {
        "prompt": "castle",
        "mode": "text-to-image",
        "seed": 7,
        "output_format": "png",
        "aspect_ratio": "16:9",
    }


def test_fast_upscale_gets_only_the_picture_and_its_format() -> None:
    body = make_body("fast-upscale", prompt=None)
    assert base64.b64decode(body.pop("image")) == IMAGE
    assert body == {"output_format": "jpeg"}


def test_conservative_upscale_gets_every_field_that_it_reads() -> None:
    body = make_body("conservative-upscale", prompt="castle", negative="crowds", creativity=0.2, output_format="webp")
    assert base64.b64decode(body.pop("image")) == IMAGE
    assert body == {
        "prompt": "castle",
        "negative_prompt": "crowds",
        "creativity": 0.2,
        "seed": 7,
        "output_format": "webp",
    }


@pytest.mark.parametrize(
    ("key", "has_picture"), [("stable-image-core", False), ("stable-image-ultra", False), ("ultra", True)]
)
def test_core_and_ultra_get_no_mode(key: str, has_picture: bool) -> None:
    assert "mode" not in make_body(key, has_picture=has_picture)


def test_a_default_of_the_operator_is_sent() -> None:
    catalogue = load_catalogue(
        '[models.sdxl.fields.cfg_scale]\ndefault = 12.5\n[models."sd3.5-large".fields.keep]\ndefault = 50'
    )
    by_key = {
        key: encode_body(
            build_request(catalogue, prompt="x", model=key, has_picture=True).request, catalogue.models[key]
        )
        for key in ("sdxl", "sd3.5-large")
    }
    assert by_key["sdxl"]["cfg_scale"] == 12.5
    assert by_key["sd3.5-large"]["strength"] == 0.5
