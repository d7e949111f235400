"""Both dialects: what is answered, and what is refused, field by field."""

import base64
import re

import pytest
from botocore.exceptions import ClientError

from tests.support.bedrock_standin import (
    CORE,
    SD35,
    SDXL,
    ULTRA,
    BedrockStandIn,
    make_image_base64,
    make_sd35_body,
    make_sdxl_body,
    open_base64_image,
)

TEXT_BODY = {"text_prompts": [{"text": "a castle"}], "seed": 5}


def expect_rejection(bedrock_standin: BedrockStandIn, model: str, body: object) -> str:
    with pytest.raises(ClientError) as error:
        bedrock_standin.invoke(model, body)
    assert error.value.response["Error"]["Code"] == "ValidationException"
    return error.value.response["Error"]["Message"]


@pytest.mark.parametrize("model", [SDXL, SDXL + ":0"])
def test_sdxl_answers_with_one_artifact_of_the_size_it_was_given(bedrock_standin: BedrockStandIn, model: str) -> None:
    answer = bedrock_standin.invoke(model, make_sdxl_body(init_image=make_image_base64(1216, 832)))

    assert answer.keys() == {"result", "artifacts"}
    assert answer["result"] == "success"
    (artifact,) = answer["artifacts"]
    assert artifact.keys() == {"seed", "base64", "finishReason"}
    assert (artifact["seed"], artifact["finishReason"]) == (7, "SUCCESS")
    image = open_base64_image(artifact["base64"])
    assert (image.format, image.size) == ("PNG", (1216, 832))


def test_sdxl_takes_every_documented_field(bedrock_standin: BedrockStandIn) -> None:
    prompts = [{"text": "a castle", "weight": 1.2}, {"text": "crowds", "weight": -0.8}]
    common = {
        "text_prompts": prompts,
        "cfg_scale": 35,
        "clip_guidance_preset": "FAST_BLUE",
        "sampler": "K_DPMPP_2S_ANCESTRAL",
        "samples": 1,
        "seed": 4294967295,
        "steps": 50,
        "style_preset": "anime",
        "extras": {"anything": [1]},
    }
    image = {"init_image": make_image_base64()}

    for body in (
        {**common, "width": 1536, "height": 640},
        {**common, **image, "init_image_mode": "IMAGE_STRENGTH", "image_strength": 1},
        {**common, **image, "init_image_mode": "STEP_SCHEDULE", "step_schedule_start": 0.4, "step_schedule_end": 0.01},
    ):
        assert bedrock_standin.invoke(SDXL, body)["artifacts"][0]["seed"] == 4294967295


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({}, "#: required key [text_prompts] not found"),
        ({"text_prompts": []}, "#/text_prompts: expected minimum item count: 1, found: 0"),
        ({"text_prompts": ["a"]}, "#/text_prompts/0: expected type: JSONObject"),
        ({"text_prompts": [{}]}, "#/text_prompts/0: required key [text] not found"),
        ({"text_prompts": [{"text": ""}]}, "#/text_prompts/0/text: expected minLength: 1, actual: 0"),
        ({"text_prompts": [{"text": "a" * 2001}]}, "expected maxLength: 2000, actual: 2001"),
        ({"text_prompts": [{"text": "a", "weight": "1"}]}, "weight: expected type: Number, found: String"),
        ({"text_prompts": [{"text": "a", "loud": 1}]}, "extraneous key [loud] is not permitted"),
        ({**TEXT_BODY, "prompt": "a"}, "#: extraneous key [prompt] is not permitted"),
        ({**TEXT_BODY, "cfg_scale": 35.5}, "#/cfg_scale: 35.5 is not less or equal to 35"),
        ({**TEXT_BODY, "cfg_scale": True}, "#/cfg_scale: expected type: Number, found: Boolean"),
        ({**TEXT_BODY, "steps": 9}, "#/steps: 9 is not greater or equal to 10"),
        ({**TEXT_BODY, "steps": 51}, "#/steps: 51 is not less or equal to 50"),
        ({**TEXT_BODY, "steps": 30.0}, "#/steps: expected type: Integer, found: BigDecimal"),
        ({**TEXT_BODY, "samples": 2}, "#/samples: 2 is not less or equal to 1"),
        ({**TEXT_BODY, "seed": -1}, "#/seed: -1 is not greater or equal to 0"),
        ({**TEXT_BODY, "seed": 4294967296}, "#/seed: 4294967296 is not less or equal to 4294967295"),
        ({**TEXT_BODY, "seed": None}, "#/seed: expected type: Integer, found: Null"),
        ({**TEXT_BODY, "sampler": "EULER"}, "#/sampler: EULER is not a valid enum value"),
        ({**TEXT_BODY, "clip_guidance_preset": "FAST"}, "FAST is not a valid enum value"),
        ({**TEXT_BODY, "style_preset": "baroque"}, "baroque is not a valid enum value"),
        ({**TEXT_BODY, "extras": []}, "#/extras: expected type: JSONObject, found: JSONArray"),
        ({**TEXT_BODY, "width": 1000, "height": 1024}, "invalid_height_or_width"),
        ({**TEXT_BODY, "width": 512, "height": 512}, "invalid_sdxl_v1_dimensions"),
        ({**TEXT_BODY, "width": 1536, "height": 1024}, "invalid_sdxl_v1_dimensions"),
        ({**TEXT_BODY, "image_strength": 0.5}, "#: extraneous key [image_strength] is not permitted"),
        (make_sdxl_body(width=1024, height=1024), "extraneous key [width]"),
        (make_sdxl_body(init_image_mode="MAYBE"), "MAYBE is not a valid enum value"),
        (make_sdxl_body(image_strength=1.01), "#/image_strength: 1.01 is not less or equal to 1"),
        (make_sdxl_body(step_schedule_start=0.5), "extraneous key [step_schedule_start]"),
        (make_sdxl_body(init_image_mode="STEP_SCHEDULE", image_strength=0.5), "extraneous key [image_strength]"),
        (make_sdxl_body(init_image_mode="STEP_SCHEDULE", step_schedule_end=-0.1), "-0.1 is not greater or equal to 0"),
        (make_sdxl_body(init_image=7), "#/init_image: expected type: String, found: Integer"),
        (make_sdxl_body(init_image=""), "#/init_image: expected minLength: 1, actual: 0"),
        (make_sdxl_body(init_image="data:image/png;base64," + make_image_base64()), "invalid base64"),
        (make_sdxl_body(init_image=make_image_base64()[:-1] + "\n"), "invalid base64"),
        (make_sdxl_body(init_image=base64.b64encode(b"GIF89a").decode()), "not a JPEG, PNG or WebP image"),
        (make_sdxl_body(init_image=make_image_base64(form="GIF")), "not a JPEG, PNG or WebP image"),
        (make_sdxl_body(init_image=base64.b64encode(base64.b64decode(make_image_base64())[:3000]).decode()), "damaged"),
        (make_sdxl_body(init_image=make_image_base64(1000, 1000)), "invalid_height_or_width"),
        (make_sdxl_body(init_image=make_image_base64(512, 512)), "invalid_sdxl_v1_dimensions"),
    ],
)
def test_sdxl_refuses(bedrock_standin: BedrockStandIn, body: object, words: str) -> None:
    assert words in expect_rejection(bedrock_standin, SDXL, body)


def test_sdxl_names_every_violation_at_once(bedrock_standin: BedrockStandIn) -> None:
    message = expect_rejection(bedrock_standin, SDXL, {"steps": 5, "wish": 1})

    assert message == (
        "Malformed input request: #: required key [text_prompts] not found#/steps: 5 is not greater or equal to 10"
        "#: extraneous key [wish] is not permitted, please reformat your input and try again."
    )


def test_sd35_answers_with_one_picture_of_a_megapixel(bedrock_standin: BedrockStandIn) -> None:
    answer = bedrock_standin.invoke(SD35, make_sd35_body(image=make_image_base64(400, 200), output_format="webp"))

    assert answer.keys() == {"seeds", "finish_reasons", "images"}
    assert (answer["seeds"], answer["finish_reasons"]) == ([7], [None])
    image = open_base64_image(answer["images"][0])
    assert image.format == "WEBP"
    assert 0.9 < image.width * image.height / 1024**2 < 1.1
    assert 1.9 < image.width / image.height < 2.1


@pytest.mark.parametrize(("ratio", "size"), [("1:1", (1024, 1024)), ("21:9", (1536, 640)), ("2:3", (832, 1216))])
def test_sd35_makes_a_picture_from_text_in_the_aspect_asked_for(
    bedrock_standin: BedrockStandIn, ratio: str, size: tuple[int, int]
) -> None:
    body = {"prompt": "", "negative_prompt": "crowds", "aspect_ratio": ratio, "output_format": "jpeg"}

    image = open_base64_image(bedrock_standin.invoke(SD35, body)["images"][0])

    assert (image.format, image.size) == ("JPEG", size)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({}, "required key [prompt] not found"),
        ({"prompt": 3}, "prompt: expected type: String, found: Integer"),
        ({"prompt": "a" * 10_001}, "prompt: expected maxLength: 10000, actual: 10001"),
        ({"prompt": "a", "negative_prompt": "a" * 10_001}, "negative_prompt: expected maxLength"),
        ({"prompt": "a", "seed": 4294967295}, "seed: 4294967295 is not less or equal to 4294967294"),
        ({"prompt": "a", "seed": False}, "seed: expected type: Integer, found: Boolean"),
        ({"prompt": "a", "aspect_ratio": "7:3"}, "aspect_ratio: 7:3 is not a valid enum value"),
        ({"prompt": "a", "output_format": "gif"}, "output_format: gif is not a valid enum value"),
        ({"prompt": "a", "mode": "inpaint"}, "mode: inpaint is not a valid enum value"),
        ({"prompt": "a", "strength": 0.5}, "strength: only valid for image-to-image"),
        ({"prompt": "a", "image": make_image_base64(64, 64), "strength": 0.5}, "image: only valid for image-to-image"),
        ({"prompt": "a", "mode": "image-to-image", "strength": 0.5}, "image: required for image-to-image"),
        ({"prompt": "a", "mode": "image-to-image", "image": make_image_base64(64, 64)}, "strength: required"),
        (make_sd35_body(strength=1.1), "strength: 1.1 is not less or equal to 1"),
        (make_sd35_body(strength="0.5"), "strength: expected type: Number, found: String"),
        (make_sd35_body(aspect_ratio="1:1"), "aspect_ratio: only valid for text-to-image"),
        (make_sd35_body(image=make_image_base64(63, 64)), "image: each side must be at least 64 pixels, got 63x64"),
        (make_sd35_body(image="data:image/png;base64,AAAA"), "image: invalid base64"),
        (make_sd35_body(image="AAAA"), "image: not a JPEG, PNG or WebP image"),
    ],
)
def test_sd35_refuses_in_a_detail(bedrock_standin: BedrockStandIn, body: object, words: str) -> None:
    message = expect_rejection(bedrock_standin, SD35, body)

    assert re.fullmatch(r'\{"detail":".*"\}', message)
    assert words in message


def test_sd35_lists_its_fields_when_an_unknown_one_is_sent(bedrock_standin: BedrockStandIn) -> None:
    assert expect_rejection(bedrock_standin, SD35, make_sd35_body(cfg_scale=7)) == (
        '{"detail":"Invalid field \'cfg_scale\' in request. Available fields for sd3-5-large are: prompt, mode, image, '
        'strength, aspect_ratio, negative_prompt, seed, output_format"}'
    )


@pytest.mark.parametrize("model", [CORE, ULTRA])
def test_core_and_ultra_generate_images_from_text_alone(bedrock_standin: BedrockStandIn, model: str) -> None:
    body = {"prompt": "a castle", "seed": 4294967294, "output_format": "jpeg", "aspect_ratio": "21:9"}

    answer = bedrock_standin.invoke(model, body)

    assert (answer["seeds"], answer["finish_reasons"]) == ([4294967294], [None])
    assert open_base64_image(answer["images"][0]).size == (1536, 640)


@pytest.mark.parametrize("model", [CORE, ULTRA])
@pytest.mark.parametrize(
    ("field", "words"),
    [
        ({"image": make_image_base64(640, 640)}, "Invalid field 'image' in request"),
        ({"mode": "text-to-image"}, "Invalid field 'mode' in request"),
        ({"strength": 0.5}, "Invalid field 'strength' in request"),
        ({"style_preset": "anime"}, "Invalid field 'style_preset' in request"),
        ({"output_format": "webp"}, "output_format: webp is not a valid enum value"),
        ({"seed": 4294967295}, "seed: 4294967295 is not less or equal to 4294967294"),
    ],
)
def test_core_and_ultra_refuse(
    bedrock_standin: BedrockStandIn, model: str, field: dict[str, object], words: str
) -> None:
    assert words in expect_rejection(bedrock_standin, model, {"prompt": "a castle", **field})
