"""Validates a request for a service, and decodes its images."""

from collections.abc import Mapping
from math import sqrt
from typing import Any

from PIL import Image, ImageOps

from demo.standins.bedrock.dialects import sd35
from demo.standins.bedrock.errors import detail_error
from demo.standins.bedrock.generation_settings import GenerationSettings
from demo.standins.bedrock.models import Model
from demo.standins.bedrock.services.rules import FIELDS, LIMITS, STANDARD_LIMITS, SourceLimits

FAST_FACTOR = 4
CREATIVE_PIXELS = 3150 * 3150
CONSERVATIVE_BASE_PIXELS = 4_451_000
CONSERVATIVE_GROWTH = 5
MAX_PIXELS = 4096 * 4096
"""Conservative Upscale makes about 3112 x 3112 pixels of a megapixel, and 4.8 megapixels of 256 x 256."""

_SIDES = ("left", "right", "up", "down")
_IMAGE_FIELDS = ("image", "init_image", "style_image", "mask")


def parse_request(body: Mapping[str, Any], model: Model) -> GenerationSettings:
    """Validate a request field by field; raises a ServiceError that names the first violation."""
    service = model.short_name
    sd35.check_fields(body, FIELDS[service], model)
    name = "init_image" if "init_image" in body else "image"
    source = _decode_image(name, body[name], LIMITS.get(service, STANDARD_LIMITS))
    options = {key: value for key, value in body.items() if key not in _IMAGE_FIELDS}
    mask = None
    if "mask" in FIELDS[service]:
        mask = _decode_mask(body["mask"], source.size) if "mask" in body else _extract_alpha_mask(source)
    if service == "outpaint" and not any(body.get(side) for side in _SIDES):
        raise detail_error("at least one of left, right, up, down must be greater than 0")
    has_style = "style_image" in body
    return GenerationSettings(
        prompts=sd35.collect_prompts(body),
        size=_compute_output_size(service, source.size, body),
        seed=body.get("seed", 0),
        source=source.convert("RGB"),
        style_preset=body.get("style_preset"),
        output_format=body.get("output_format", "png"),
        service=service,
        mask=mask,
        style_source=_decode_image("style_image", body["style_image"], STANDARD_LIMITS) if has_style else None,
        options=options,
    )


def _decode_image(field: str, text: str, limits: SourceLimits) -> Image.Image:
    image = sd35.decode_image(field, text, limits.min_side, keep_alpha=True)
    width, height = image.size
    got = f"got {width}x{height}"
    if max(image.size) > limits.max_side:
        raise detail_error(f"{field}: each side must be at most {limits.max_side} pixels, {got}")
    if width * height > limits.max_pixels:
        raise detail_error(f"{field}: the total pixel count must be at most {limits.max_pixels}, {got}")
    if max(image.size) > limits.max_aspect_ratio * min(image.size):
        bounds = f"1:{limits.max_aspect_ratio} and {limits.max_aspect_ratio}:1"
        raise detail_error(f"{field}: the aspect ratio must be between {bounds}, {got}")
    return image


def _decode_mask(text: str, size: tuple[int, int]) -> Image.Image:
    """Decode a mask to grey levels of the source's size: white is repainted, black is kept."""
    mask = sd35.decode_image("mask", text).convert("L")
    return mask if mask.size == size else mask.resize(size, Image.Resampling.BILINEAR)


def _extract_alpha_mask(source: Image.Image) -> Image.Image:
    """Return the mask in the source's own transparency: what is transparent is repainted."""
    if source.mode != "RGBA":
        raise detail_error("mask: required, because the image has no alpha channel")
    return ImageOps.invert(source.getchannel("A"))


def _compute_output_size(service: str, size: tuple[int, int], body: Mapping[str, Any]) -> tuple[int, int]:
    width, height = size
    pixels = width * height
    match service:
        case "fast-upscale":
            return width * FAST_FACTOR, height * FAST_FACTOR
        case "conservative-upscale":
            larger = min(MAX_PIXELS, CONSERVATIVE_BASE_PIXELS + CONSERVATIVE_GROWTH * pixels)
            return _scale(size, sqrt(max(pixels, larger) / pixels))
        case "creative-upscale":
            return _scale(size, sqrt(CREATIVE_PIXELS / pixels))
        case "outpaint":
            left, right, up, down = (body.get(side, 0) for side in _SIDES)
            return width + left + right, height + up + down
        case "style-guide":
            return sd35.SIZES[body.get("aspect_ratio", "1:1")]
        case _:
            return size


def _scale(size: tuple[int, int], factor: float) -> tuple[int, int]:
    return round(size[0] * factor), round(size[1] * factor)
