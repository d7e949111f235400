"""The thirteen services: whitelists, ranges, masks, sizes, and a visible effect of every option."""

import base64
import json
from typing import Any

import pytest
from botocore.exceptions import ClientError
from PIL import Image, ImageChops, ImageDraw

from demo.standins.bedrock.c2pa import build_empty_manifest
from demo.standins.bedrock.services.rules import FIELDS
from tests.support.bedrock_standin import (
    BedrockStandIn,
    encode_base64,
    make_image_base64,
    make_runtime_client,
    open_base64_image,
)

IDS = {
    "creative-upscale": "creative-upscale",
    "conservative-upscale": "conservative-upscale",
    "fast-upscale": "fast-upscale",
    "inpaint": "image-inpaint",
    "outpaint": "outpaint",
    "search-recolor": "image-search-recolor",
    "search-replace": "image-search-replace",
    "erase-object": "image-erase-object",
    "remove-bg": "image-remove-background",
    "control-sketch": "image-control-sketch",
    "control-structure": "image-control-structure",
    "style-guide": "image-style-guide",
    "style-transfer": "style-transfer",
}
STYLE = make_image_base64(100, 200)
SIZE = (192, 128)
REQUIRED: dict[str, dict[str, object]] = {
    "erase-object": {"mask": ""},
    "inpaint": {"mask": ""},
    "outpaint": {"left": 100},
    "search-recolor": {"select_prompt": "green hill"},
    "search-replace": {"search_prompt": "the boat"},
}


def get_id(service: str) -> str:
    return f"us.stability.stable-{IDS[service]}-v1:0"


def make_source() -> str:
    return make_image_base64(*SIZE, "PNG")


def make_mask(box: tuple[int, int, int, int], size: tuple[int, int] = SIZE, level: int = 255) -> str:
    mask = Image.new("L", size)
    ImageDraw.Draw(mask).rectangle(box, fill=level)
    return encode_base64(mask)


def make_body(service: str, **more: Any) -> dict[str, Any]:
    """Return a body with the required fields, and a seed and a prompt where the service takes them."""
    body: dict[str, Any] = {"image": make_source()}
    if service == "style-transfer":
        body = {"init_image": make_source(), "style_image": make_image_base64(200, 100, "PNG")}
    common = {"prompt": "a red castle", "seed": 7}
    body |= {name: value for name, value in common.items() if name in FIELDS[service]}
    body |= REQUIRED.get(service, {})
    if body.get("mask") == "":
        body["mask"] = make_mask((60, 40, 120, 90))
    return body | more


def make_picture(standin: BedrockStandIn, service: str, **more: Any) -> Image.Image:
    body = make_body(service, **more)
    return open_base64_image(standin.invoke(get_id(service), body)["images"][0])


def expect_detail(standin: BedrockStandIn, service: str, body: object) -> str:
    with pytest.raises(ClientError) as error:
        standin.invoke(get_id(service), body)
    assert error.value.response["Error"]["Code"] == "ValidationException"
    assert error.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400
    return str(json.loads(error.value.response["Error"]["Message"])["detail"])


@pytest.mark.parametrize(
    ("service", "size"),
    [
        ("creative-upscale", (3858, 2572)),
        ("conservative-upscale", (2619, 1746)),
        ("fast-upscale", (768, 512)),
        ("outpaint", (292, 128)),
        ("style-guide", (1024, 1024)),
        *((name, SIZE) for name in ("inpaint", "erase-object", "search-recolor", "search-replace", "remove-bg")),
        *((name, SIZE) for name in ("control-sketch", "control-structure", "style-transfer")),
    ],
)
def test_each_service_answers_by_its_profile_alone_and_with_its_own_size(
    bedrock_standin: BedrockStandIn, service: str, size: tuple[int, int]
) -> None:
    answer = bedrock_standin.invoke(get_id(service), make_body(service, output_format="jpeg"))

    picture = open_base64_image(answer["images"][0])
    assert (picture.format, picture.size) == ("JPEG", size)
    assert answer["finish_reasons"] == [None]
    with pytest.raises(ClientError, match="on-demand throughput"):
        bedrock_standin.invoke(get_id(service).removeprefix("us."), make_body(service))


@pytest.mark.parametrize("service", IDS)
def test_an_unknown_field_is_refused_with_a_list_of_those_that_are_known(
    bedrock_standin: BedrockStandIn, service: str
) -> None:
    message = expect_detail(bedrock_standin, service, make_body(service, text_prompts=[]))

    listed = message.removeprefix(
        f"Invalid field 'text_prompts' in request. Available fields for {service} are: "
    ).split(", ")
    assert listed == list(FIELDS[service])
    if service == "control-sketch":
        assert listed == [
            "image",
            "prompt",
            "control_strength",
            "negative_prompt",
            "seed",
            "output_format",
            "style_preset",
        ]


def test_what_the_services_lack_is_refused(bedrock_standin: BedrockStandIn) -> None:
    for service, field in (
        ("outpaint", "negative_prompt"),
        ("remove-bg", "seed"),
        ("erase-object", "prompt"),
        ("conservative-upscale", "style_preset"),
        ("style-transfer", "image"),
        ("style-guide", "control_image"),
    ):
        assert f"Invalid field '{field}'" in expect_detail(bedrock_standin, service, make_body(service, **{field: 1}))


def list_range_cases() -> list[tuple[str, str, float]]:
    return [
        (service, name, value)
        for service, fields in FIELDS.items()
        for name, rule in fields.items()
        if rule.minimum is not None and rule.maximum is not None
        for value in (
            (rule.minimum - 1, rule.maximum + 1)
            if rule.type == "Integer"
            else (round(rule.minimum - 0.01, 2), round(rule.maximum + 0.01, 2))
        )
    ]


@pytest.mark.parametrize(("service", "field", "value"), list_range_cases())
def test_a_value_beyond_either_end_of_its_range_is_refused(
    bedrock_standin: BedrockStandIn, service: str, field: str, value: float
) -> None:
    assert expect_detail(bedrock_standin, service, make_body(service, **{field: value})).startswith(f"{field}: {value}")


@pytest.mark.parametrize(
    ("service", "changes", "words"),
    [
        ("outpaint", {"left": 0}, "at least one of left, right, up, down"),
        ("inpaint", {"mask": None}, "mask: expected type: String, found: Null"),
        ("inpaint", {"mask": "AAAA"}, "mask: not a JPEG, PNG or WebP image"),
        ("inpaint", {"image": make_image_base64(63, 64)}, "image: each side must be at least 64 pixels, got 63x64"),
        ("erase-object", {"image": make_image_base64(501, 200)}, "image: the aspect ratio must be between 1:2.5"),
        ("style-transfer", {"style_image": make_image_base64(501, 200)}, "style_image: the aspect ratio"),
        ("creative-upscale", {"image": make_image_base64(1025, 1024)}, "must be at most 1048576, got 1025x1024"),
        ("style-guide", {"style_preset": "baroque"}, "baroque is not a valid enum value"),
        ("control-sketch", {"output_format": "PNG"}, "PNG is not a valid enum value"),
    ],
)
def test_what_a_service_cannot_use_is_refused(
    bedrock_standin: BedrockStandIn, service: str, changes: dict[str, Any], words: str
) -> None:
    assert words in expect_detail(bedrock_standin, service, make_body(service, **changes))


def test_without_mask_and_alpha_nothing_is_repainted(bedrock_standin: BedrockStandIn) -> None:
    body = make_body("inpaint")
    del body["mask"]
    assert "no alpha channel" in expect_detail(bedrock_standin, "inpaint", body)


@pytest.mark.parametrize("service", ["inpaint", "erase-object"])
def test_white_is_repainted_black_is_kept_and_grow_mask_widens_the_white(
    bedrock_standin: BedrockStandIn, service: str
) -> None:
    source = open_base64_image(make_source()).convert("RGB")
    boxes = {}
    for grow in (0, 20):
        picture = make_picture(bedrock_standin, service, mask=make_mask((80, 60, 111, 79)), grow_mask=grow)
        boxes[grow] = ImageChops.difference(picture, source).getbbox()
    assert boxes[0] == (80, 60, 112, 80)
    left, top, right, bottom = boxes[20] or (0, 0, 0, 0)
    assert 52 <= left <= 62
    assert 32 <= top <= 42
    assert 130 <= right <= 140
    assert 98 <= bottom <= 108


def test_a_mask_of_another_size_is_scaled_and_grey_repaints_in_part(bedrock_standin: BedrockStandIn) -> None:
    source = open_base64_image(make_source()).convert("RGB")
    small = make_mask((48, 0, 96, 64), (96, 64))
    picture = make_picture(bedrock_standin, "inpaint", mask=small, grow_mask=0)
    assert ImageChops.difference(picture, source).getbbox() in {(95, 0, 192, 128), (96, 0, 192, 128)}

    white, grey = (
        make_picture(bedrock_standin, "inpaint", mask=make_mask((0, 0, 191, 127), level=level), grow_mask=0)
        for level in (255, 100)
    )
    blended = Image.blend(source, white, 100 / 255)
    assert not ImageChops.difference(grey, blended).point(([0] * 3 + [255] * 253) * 3).getbbox()


def test_transparency_is_the_mask_when_there_is_none(bedrock_standin: BedrockStandIn) -> None:
    image = open_base64_image(make_source()).convert("RGBA")
    image.putalpha(255)
    image.paste((0, 0, 0, 0), (0, 0, 96, 128))
    body = make_body("inpaint", image=encode_base64(image), grow_mask=0)
    del body["mask"]
    picture = open_base64_image(bedrock_standin.invoke(get_id("inpaint"), body)["images"][0])

    source = open_base64_image(make_source()).convert("RGB")
    assert ImageChops.difference(picture, source).getbbox() == (0, 0, 96, 128)


def test_search_changes_what_the_words_find_and_nothing_when_they_find_nothing(bedrock_standin: BedrockStandIn) -> None:
    source = open_base64_image(make_source()).convert("RGB")
    picture = make_picture(bedrock_standin, "search-recolor", grow_mask=0)
    box = ImageChops.difference(picture, source).getbbox()
    assert box is not None
    assert box[1] > SIZE[1] // 2  # the green lies below
    for service, field in (("search-recolor", "select_prompt"), ("search-replace", "search_prompt")):
        unchanged = make_picture(bedrock_standin, service, **{field: "nothing"})
        assert ImageChops.difference(unchanged, source).getbbox() is None


def test_outpaint_extends_by_the_given_pixels_and_keeps_the_source(bedrock_standin: BedrockStandIn) -> None:
    source = open_base64_image(make_source()).convert("RGB")
    picture = make_picture(bedrock_standin, "outpaint", left=10, right=20, up=30, down=40)
    assert picture.size == (222, 198)
    assert ImageChops.difference(picture.crop((10, 30, 202, 158)), source).getbbox() is None


def test_remove_background_gives_alpha_and_a_jpeg_has_none(bedrock_standin: BedrockStandIn) -> None:
    picture = make_picture(bedrock_standin, "remove-bg")
    assert picture.mode == "RGBA"
    assert picture.getchannel("A").getextrema() == (0, 255)
    assert make_picture(bedrock_standin, "remove-bg", output_format="jpeg").mode == "RGB"


VISIBLE = [
    (service, name, value)
    for service, name, value in (
        ("creative-upscale", "creativity", 0.1),
        ("inpaint", "grow_mask", 20),
        ("inpaint", "style_preset", "anime"),
        ("outpaint", "creativity", 1),
        ("outpaint", "prompt", "a blue sea"),
        ("search-recolor", "prompt", "deep blue"),
        ("search-replace", "search_prompt", "blue sky"),
        ("erase-object", "seed", 8),
        ("control-sketch", "control_strength", 0),
        ("control-structure", "control_strength", 1),
        ("style-guide", "fidelity", 1),
        ("style-guide", "aspect_ratio", "16:9"),
        ("style-guide", "image", STYLE),
        ("style-transfer", "style_image", STYLE),
        ("style-transfer", "composition_fidelity", 0),
        ("style-transfer", "style_strength", 0),
        ("style-transfer", "change_strength", 0.1),
        ("style-transfer", "negative_prompt", "red"),
    )
]


@pytest.mark.parametrize(("service", "field", "value"), VISIBLE)
def test_every_option_can_be_seen_in_the_result(
    bedrock_standin: BedrockStandIn, service: str, field: str, value: object
) -> None:
    body = make_body(service, output_format="jpeg")
    plain, same, other = (
        bedrock_standin.invoke(get_id(service), each)["images"] for each in (body, body, body | {field: value})
    )
    assert plain == same
    assert plain != other


def test_a_region_without_the_model_is_refused(bedrock_standin: BedrockStandIn) -> None:
    client = make_runtime_client(bedrock_standin.url, region="eu-west-1")
    arguments: dict[str, Any] = {"modelId": get_id("inpaint"), "body": json.dumps(make_body("inpaint"))}
    arguments["contentType"] = "application/json"
    with pytest.raises(ClientError, match="The provided model identifier is invalid"):
        client.invoke_model(**arguments)
    east = make_runtime_client(bedrock_standin.url, region="us-east-2")
    assert east.invoke_model(**arguments)["body"].read()


def test_a_creative_png_is_too_large_for_a_response(bedrock_standin: BedrockStandIn) -> None:
    noise = encode_base64(Image.effect_noise((128, 128), 90).convert("RGB"))
    body = make_body("creative-upscale", image=noise)
    assert "Response payload size" in expect_detail(bedrock_standin, "creative-upscale", body)


def test_a_filtered_reply_may_hold_the_picture(bedrock_standin: BedrockStandIn) -> None:
    bedrock_standin.call_control("POST", "/control/faults", {"fault": "filtered-with-image"})
    answer = bedrock_standin.invoke(get_id("erase-object"), make_body("erase-object"))
    assert answer["finish_reasons"] == ["Filter reason: output image"]
    assert answer["images"]


def test_a_manifest_is_put_into_png_and_jpeg(bedrock_standin: BedrockStandIn) -> None:
    bedrock_standin.call_control("PUT", "/control/c2pa", {"manifest": True})
    try:
        found = {}
        for form in ("png", "jpeg", "webp"):
            answer = bedrock_standin.invoke(get_id("inpaint"), make_body("inpaint", output_format=form))
            data = base64.b64decode(answer["images"][0])
            open_base64_image(answer["images"][0])
            found[form] = build_empty_manifest()[8:] in data
            assert (b"caBX" in data) == (form == "png")
        assert found == {"png": True, "jpeg": True, "webp": False}
    finally:
        bedrock_standin.call_control("PUT", "/control/c2pa", {"manifest": None})


def test_request_metadata_is_recorded_and_limited(bedrock_standin: BedrockStandIn) -> None:
    body = json.dumps(make_body("erase-object"))
    arguments: dict[str, Any] = {"modelId": get_id("erase-object"), "body": body, "contentType": "application/json"}
    reply = bedrock_standin.runtime.invoke_model(**arguments, requestMetadata='{"job":"7"}')
    reply["body"].read()
    assert bedrock_standin.list_calls()[-1]["request_metadata"] == {"job": "7"}
    too_many = json.dumps({str(number): "x" for number in range(17)})
    with pytest.raises(ClientError, match="requestMetadata"):
        bedrock_standin.runtime.invoke_model(**arguments, requestMetadata=too_many)
