"""The two upscalers: by their inference profiles alone, strict about fields and sizes, and really larger."""

import base64
import io
import json
import re

import pytest
from botocore.exceptions import ClientError
from PIL import Image, ImageChops, ImageStat

from tests.support.bedrock_standin import (
    CONSERVATIVE,
    FAST,
    SD35,
    BedrockStandIn,
    make_image_base64,
    make_sd35_body,
    open_base64_image,
)

ARN = "arn:aws:bedrock:us-west-2:000000000000:inference-profile/"


def expect_rejection(bedrock_standin: BedrockStandIn, model: str, body: object) -> str:
    with pytest.raises(ClientError) as error:
        bedrock_standin.invoke(model, body)
    assert error.value.response["Error"]["Code"] == "ValidationException"
    return error.value.response["Error"]["Message"]


def make_body(**more: object) -> dict[str, object]:
    return {"image": make_image_base64(256, 192), "prompt": "a castle", "seed": 7, **more}


@pytest.mark.parametrize("size", [(32, 32), (100, 37), (64, 1536)])
def test_fast_upscale_answers_with_four_times_the_sides(bedrock_standin: BedrockStandIn, size: tuple[int, int]) -> None:
    answer = bedrock_standin.invoke(FAST, {"image": make_image_base64(*size)})

    assert answer.keys() == {"seeds", "finish_reasons", "images"}
    image = open_base64_image(answer["images"][0])
    assert (image.format, image.size) == ("PNG", (4 * size[0], 4 * size[1]))
    assert answer["finish_reasons"] == [None]


def test_an_upscaled_image_is_its_source_with_added_detail(bedrock_standin: BedrockStandIn) -> None:
    source = open_base64_image(make_image_base64(256, 192, "PNG"))
    answer = bedrock_standin.invoke(FAST, {"image": make_image_base64(256, 192, "PNG"), "output_format": "png"})
    larger = open_base64_image(answer["images"][0]).convert("RGB")

    again = larger.resize(source.size, Image.Resampling.BOX)
    plain = source.resize(larger.size, Image.Resampling.LANCZOS)
    assert max(ImageStat.Stat(ImageChops.difference(again, source.convert("RGB"))).mean) < 3
    assert max(ImageStat.Stat(ImageChops.difference(larger, plain.convert("RGB"))).mean) > 1
    assert bedrock_standin.invoke(FAST, {"image": make_image_base64(256, 192, "PNG"), "output_format": "png"}) == answer


def test_conservative_upscale_grows_with_the_input_and_every_setting_has_a_visible_effect(
    bedrock_standin: BedrockStandIn,
) -> None:
    bodies = [
        make_body(),
        make_body(seed=8),
        make_body(prompt="a boat"),
        make_body(creativity=0.1),
        make_body(negative_prompt="fog"),
    ]

    answers = [bedrock_standin.invoke(CONSERVATIVE, body) for body in bodies]

    assert [answer["seeds"] for answer in answers] == [[7], [8], [7], [7], [7]]
    assert len({answer["images"][0] for answer in answers}) == 5
    assert open_base64_image(answers[0]["images"][0]).size == (2502, 1877)
    assert bedrock_standin.invoke(CONSERVATIVE, make_body()) == answers[0]


@pytest.mark.parametrize("model", [FAST, CONSERVATIVE])
@pytest.mark.parametrize("output_format", ["png", "jpeg", "webp"])
def test_the_format_is_the_one_asked_for(bedrock_standin: BedrockStandIn, model: str, output_format: str) -> None:
    body = make_body(output_format=output_format, image=make_image_base64(64, 64))
    if model == FAST:
        del body["prompt"], body["seed"]

    assert open_base64_image(bedrock_standin.invoke(model, body)["images"][0]).format == output_format.upper()


@pytest.mark.parametrize("model", [FAST, CONSERVATIVE])
def test_an_upscaler_is_invoked_by_its_profile_alone(bedrock_standin: BedrockStandIn, model: str) -> None:
    body = {"image": make_image_base64(64, 64)} if model == FAST else make_body(image=make_image_base64(64, 64))
    base = model.removeprefix("us.")

    assert bedrock_standin.invoke(ARN + model, body)["finish_reasons"] == [None]
    assert "with on-demand throughput isn" in expect_rejection(bedrock_standin, base, body)
    assert "with on-demand throughput isn" in expect_rejection(
        bedrock_standin, f"arn:aws:bedrock:us-west-2::foundation-model/{base}", body
    )
    assert (
        expect_rejection(bedrock_standin, "us." + SD35, make_sd35_body()) == "The provided model identifier is invalid."
    )


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({}, "required key [image] not found"),
        ({"image": 7}, "image: expected type: String, found: Integer"),
        ({"image": "AAAA"}, "image: not a JPEG, PNG or WebP image"),
        ({"image": make_image_base64(31, 64)}, "each side must be at least 32 pixels, got 31x64"),
        ({"image": make_image_base64(1537, 64)}, "each side must be at most 1536 pixels, got 1537x64"),
        ({"image": make_image_base64(1025, 1024)}, "the total pixel count must be at most 1048576, got 1025x1024"),
        ({"image": make_image_base64(64, 64), "output_format": "gif"}, "gif is not a valid enum value"),
    ],
)
def test_fast_upscale_refuses(bedrock_standin: BedrockStandIn, body: object, words: str) -> None:
    assert words in json.loads(expect_rejection(bedrock_standin, FAST, body))["detail"]


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"prompt": "a"}, "required key [image] not found"),
        ({"image": make_image_base64(64, 64)}, "required key [prompt] not found"),
        (make_body(creativity=0.05), "creativity: 0.05 is not greater or equal to 0.1"),
        (make_body(creativity=0.51), "creativity: 0.51 is not less or equal to 0.5"),
        (make_body(seed=4294967295), "seed: 4294967295 is not less or equal to 4294967294"),
        (make_body(negative_prompt="a" * 10_001), "negative_prompt: expected maxLength"),
        (make_body(image=make_image_base64(63, 64)), "each side must be at least 64 pixels, got 63x64"),
        (
            make_body(image=make_image_base64(3073, 3072)),
            "the total pixel count must be at most 9437184, got 3073x3072",
        ),
        (make_body(image=make_image_base64(501, 200)), "the aspect ratio must be between 1:2.5 and 2.5:1, got 501x200"),
        (make_body(image=base64.b64encode(b"GIF89a").decode()), "not a JPEG, PNG or WebP image"),
    ],
)
def test_conservative_upscale_refuses(bedrock_standin: BedrockStandIn, body: object, words: str) -> None:
    assert words in json.loads(expect_rejection(bedrock_standin, CONSERVATIVE, body))["detail"]


def test_an_answer_over_16_mib_is_refused_after_the_picture_was_made(bedrock_standin: BedrockStandIn) -> None:
    out = io.BytesIO()
    Image.effect_noise((1024, 1024), 90).convert("RGB").save(out, "JPEG", quality=95)
    noise = base64.b64encode(out.getvalue()).decode()

    message = json.loads(expect_rejection(bedrock_standin, FAST, {"image": noise, "output_format": "png"}))["detail"]

    found = re.fullmatch(
        r"Response payload size (\d+) bytes exceeds the maximum allowed size of 16777216 bytes", message
    )
    assert found is not None
    assert int(found[1]) > 16_777_216
    call = bedrock_standin.list_calls()[-1]
    assert (call["status"], call["outcome"], call["billed"]) == (400, "ValidationException", True)


def test_both_list_their_fields_when_an_unknown_one_is_sent(bedrock_standin: BedrockStandIn) -> None:
    assert expect_rejection(bedrock_standin, FAST, {"image": make_image_base64(64, 64), "seed": 1}) == (
        '{"detail":"Invalid field \'seed\' in request. Available fields for fast-upscale are: image, output_format"}'
    )
    assert "Available fields for conservative-upscale are: image, prompt, creativity, negative_prompt, seed, " in (
        expect_rejection(bedrock_standin, CONSERVATIVE, make_body(strength=0.5))
    )


def test_the_control_plane_knows_the_profiles_and_the_models_behind_them(bedrock_standin: BedrockStandIn) -> None:
    plane = bedrock_standin.control_plane
    profile = plane.get_inference_profile(inferenceProfileIdentifier=FAST)

    assert (profile["status"], profile["inferenceProfileId"]) == ("ACTIVE", FAST)
    assert [model["modelArn"].split(":")[3] for model in profile["models"]] == ["us-east-1", "us-east-2", "us-west-2"]
    details = plane.get_foundation_model(modelIdentifier=FAST.removeprefix("us."))["modelDetails"]
    assert list(details["inferenceTypesSupported"]) == ["INFERENCE_PROFILE"]
    on_demand = plane.list_foundation_models(byInferenceType="ON_DEMAND")["modelSummaries"]
    assert not any("upscale" in model["modelId"] for model in on_demand)
    for unknown in ("us." + SD35, FAST.removeprefix("us.")):
        with pytest.raises(ClientError, match="ResourceNotFoundException"):
            plane.get_inference_profile(inferenceProfileIdentifier=unknown)
