"""Stable Image Fast and Conservative Upscale: `image` in, a larger one out; responses as in Stable Diffusion 3.5.

https://docs.aws.amazon.com/bedrock/latest/userguide/stable-image-services.html
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import inf, sqrt
from typing import Any

from demo.standins.bedrock.dialects import sd35
from demo.standins.bedrock.errors import detail_error
from demo.standins.bedrock.field_rules import FieldRule
from demo.standins.bedrock.generation_settings import GenerationSettings
from demo.standins.bedrock.models import Model

FAST_FACTOR = 4
FAST_CREATIVITY = 0.1
DEFAULT_CREATIVITY = 0.35
FOUR_K_PIXELS = 3840 * 2160


@dataclass(frozen=True)
class SourceLimits:
    """Limits of the source image: pixels per side, total pixels, and aspect ratio."""

    min_side: int
    max_pixels: int
    max_side: float = inf
    max_aspect_ratio: float = inf


FAST_LIMITS = SourceLimits(32, 1_048_576, max_side=1536)
CONSERVATIVE_LIMITS = SourceLimits(64, 9_437_184, max_aspect_ratio=2.5)


def build_field_rules(model: Model) -> dict[str, FieldRule]:
    """Return a model's fields, in the order in which its error message lists them."""
    image = {"image": FieldRule("String", required=True, min_length=1)}
    output = {"output_format": FieldRule("String", values=model.output_formats)}
    if _is_fast(model):
        return image | output
    return {
        **image,
        "prompt": FieldRule("String", required=True, max_length=10_000),
        "creativity": FieldRule("Number", minimum=0.1, maximum=0.5),
        "negative_prompt": FieldRule("String", max_length=10_000),
        "seed": FieldRule("Integer", minimum=0, maximum=model.seed_max),
        **output,
    }


def parse_request(body: Mapping[str, Any], model: Model) -> GenerationSettings:
    """Validate a request field by field; raises a ServiceError that names the first violation."""
    sd35.check_fields(body, build_field_rules(model), model)
    fast = _is_fast(model)
    limits = FAST_LIMITS if fast else CONSERVATIVE_LIMITS
    source = sd35.decode_source(body["image"], limits.min_side)
    _check_size(source.size, limits)
    scale = FAST_FACTOR if fast else max(1.0, sqrt(FOUR_K_PIXELS / (source.width * source.height)))
    return GenerationSettings(
        prompts=sd35.collect_prompts(body),
        size=(round(source.width * scale), round(source.height * scale)),
        seed=body.get("seed", 0),
        source=source,
        output_format=body.get("output_format", "png"),
        creativity=FAST_CREATIVITY if fast else body.get("creativity", DEFAULT_CREATIVITY),
    )


def _is_fast(model: Model) -> bool:
    return "fast" in model.id


def _check_size(size: tuple[int, int], limits: SourceLimits) -> None:
    width, height = size
    if max(size) > limits.max_side:
        raise detail_error(f"image: each side must be at most {limits.max_side} pixels, got {width}x{height}")
    if width * height > limits.max_pixels:
        raise detail_error(f"image: the total pixel count must be at most {limits.max_pixels}, got {width}x{height}")
    if max(size) > limits.max_aspect_ratio * min(size):
        bounds = f"1:{limits.max_aspect_ratio} and {limits.max_aspect_ratio}:1"
        raise detail_error(f"image: the aspect ratio must be between {bounds}, got {width}x{height}")
