"""Stable Diffusion 3.5 Large, Stable Image Ultra and Core: `prompt` in, `images` and `finish_reasons` out.

https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-diffusion-3-5-large.html
https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-diffusion-stable-ultra-text-image-request-response.html
https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-diffusion-stable-image-core-text-image-request-response.html
"""

import base64
from collections.abc import Iterator, Mapping
from math import sqrt
from typing import Any

from PIL import Image

from demo.standins.bedrock import image_codec
from demo.standins.bedrock.errors import detail_error
from demo.standins.bedrock.field_rules import FieldRule, find_violations
from demo.standins.bedrock.generation_settings import GenerationSettings
from demo.standins.bedrock.models import Model

MEGAPIXEL = 1024 * 1024
MIN_SIDE = 64
SIZES = {
    "16:9": (1344, 768),
    "1:1": (1024, 1024),
    "21:9": (1536, 640),
    "2:3": (832, 1216),
    "3:2": (1216, 832),
    "4:5": (896, 1088),
    "5:4": (1088, 896),
    "9:16": (768, 1344),
    "9:21": (640, 1536),
}


def build_field_rules(model: Model) -> dict[str, FieldRule]:
    """Return a model's fields, in the order in which its error message lists them."""
    shortest = None if model.image_input else 1
    rules = {"prompt": FieldRule("String", required=True, min_length=shortest, max_length=10_000)}
    if model.image_input:
        rules |= {
            "mode": FieldRule("String", values=("text-to-image", "image-to-image")),
            "image": FieldRule("String", min_length=1),
            "strength": FieldRule("Number", minimum=0, maximum=1),
        }
    return rules | {
        "aspect_ratio": FieldRule("String", values=tuple(SIZES)),
        "negative_prompt": FieldRule("String", max_length=10_000),
        "seed": FieldRule("Integer", minimum=0, maximum=model.seed_max),
        "output_format": FieldRule("String", values=model.output_formats),
    }


def iter_prompt_texts(body: Mapping[str, Any]) -> Iterator[str]:
    """Yield every prompt in a body that may be invalid."""
    yield from (body[name] for name in ("prompt", "negative_prompt") if isinstance(body.get(name), str))


def parse_request(body: Mapping[str, Any], model: Model) -> GenerationSettings:
    """Validate a request field by field; raises a ServiceError that names the first violation."""
    check_fields(body, build_field_rules(model), model)
    _check_mode(body)
    source = decode_image("image", body["image"], MIN_SIDE) if "image" in body else None
    return GenerationSettings(
        prompts=collect_prompts(body),
        size=_fit_to_megapixel(source.size) if source else SIZES[body.get("aspect_ratio", "1:1")],
        seed=body.get("seed", 0),
        source=source,
        source_weight=1 - body.get("strength", 1),
        output_format=body.get("output_format", "png"),
    )


def check_fields(body: Mapping[str, Any], rules: Mapping[str, FieldRule], model: Model) -> None:
    """Raise a ServiceError that names the first unknown or invalid field."""
    for name in body:
        if name not in rules:
            raise detail_error(
                f"Invalid field '{name}' in request. Available fields for {model.short_name} are: {', '.join(rules)}"
            )
    for path, problem in find_violations(body, rules):
        raise detail_error(f"{path.removeprefix('#').removeprefix('/') or 'request'}: {problem}")


def collect_prompts(body: Mapping[str, Any]) -> tuple[tuple[str, float], ...]:
    """Return the prompt with weight 1 and the negative prompt with weight -1, if present."""
    weighted_fields = (("prompt", 1.0), ("negative_prompt", -1.0))
    return tuple((body[name], weight) for name, weight in weighted_fields if body.get(name))


def decode_image(field: str, text: str, min_side: int = 1, *, keep_alpha: bool = False) -> Image.Image:
    """Decode the image in a field, whose sides must be at least `min_side` pixels; raises ServiceError."""
    try:
        image = image_codec.decode_image(text, keep_alpha=keep_alpha)
    except image_codec.UnreadableImageError as error:
        raise detail_error(f"{field}: {error}") from error
    if min(image.size) < min_side:
        raise detail_error(f"{field}: each side must be at least {min_side} pixels, got {image.width}x{image.height}")
    return image


def build_response(seed: int, image: bytes) -> dict[str, Any]:
    return {"seeds": [seed], "finish_reasons": [None], "images": [base64.b64encode(image).decode()]}


def build_empty_response(reason: str) -> dict[str, Any]:
    """Return the response without an image: it has neither `images` nor `seeds`."""
    return {"finish_reasons": [reason]}


def _check_mode(body: Mapping[str, Any]) -> None:
    if body.get("mode") == "image-to-image":
        for name in sorted({"image", "strength"} - set(body)):
            raise detail_error(f"{name}: required for image-to-image")
        if "aspect_ratio" in body:
            raise detail_error("aspect_ratio: only valid for text-to-image")
    else:
        for name in sorted({"image", "strength"} & set(body)):
            raise detail_error(f"{name}: only valid for image-to-image")


def _fit_to_megapixel(size: tuple[int, int]) -> tuple[int, int]:
    """Return a size of about one megapixel with the same aspect ratio, in multiples of 16."""
    scale = sqrt(MEGAPIXEL / (size[0] * size[1]))
    width, height = (max(MIN_SIDE, round(side * scale / 16) * 16) for side in size)
    return width, height
