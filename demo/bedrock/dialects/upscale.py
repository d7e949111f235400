"""Stable Image Fast and Conservative Upscale: `image` in, a larger one out, answered as by Stable Diffusion 3.5.

https://docs.aws.amazon.com/bedrock/latest/userguide/stable-image-services.html
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import inf, sqrt
from typing import Any

from demo.bedrock.dialects import sd35
from demo.bedrock.fields import Field
from demo.bedrock.models import Model
from demo.bedrock.recipe import Recipe
from demo.bedrock.wire import detail

FAST_FACTOR = 4
FAST_INVENTION = 0.1
CREATIVITY = 0.35
FOUR_K = 3840 * 2160


@dataclass(frozen=True)
class Limits:
    """What an image may be: pixels a side, pixels in all, and how many times as long as wide."""

    least_side: int
    most_pixels: int
    most_side: float = inf
    widest: float = inf


FAST = Limits(32, 1_048_576, most_side=1536)
CONSERVATIVE = Limits(64, 9_437_184, widest=2.5)


def fields(model: Model) -> dict[str, Field]:
    """The fields a model has; in no other order are they listed to who sends another."""
    image = {"image": Field("String", required=True, min_length=1)}
    output = {"output_format": Field("String", values=model.output_formats)}
    if _is_fast(model):
        return image | output
    return {
        **image,
        "prompt": Field("String", required=True, max_length=10_000),
        "creativity": Field("Number", low=0.1, high=0.5),
        "negative_prompt": Field("String", max_length=10_000),
        "seed": Field("Integer", low=0, high=model.seed_max),
        **output,
    }


def read(body: Mapping[str, Any], model: Model) -> Recipe:
    """Validate a request field by field; raises the ServiceError that names the first violation."""
    sd35.check(body, fields(model), model)
    fast = _is_fast(model)
    limits = FAST if fast else CONSERVATIVE
    source = sd35.image(body["image"], limits.least_side)
    _check_size(source.size, limits)
    scale = FAST_FACTOR if fast else max(1.0, sqrt(FOUR_K / (source.width * source.height)))
    return Recipe(
        prompts=sd35.prompts(body),
        size=(round(source.width * scale), round(source.height * scale)),
        seed=body.get("seed", 0),
        source=source,
        output_format=body.get("output_format", "png"),
        invention=FAST_INVENTION if fast else body.get("creativity", CREATIVITY),
    )


def _is_fast(model: Model) -> bool:
    return "fast" in model.id


def _check_size(size: tuple[int, int], limits: Limits) -> None:
    width, height = size
    if max(size) > limits.most_side:
        raise detail(f"image: each side must be at most {limits.most_side} pixels, got {width}x{height}")
    if width * height > limits.most_pixels:
        raise detail(f"image: the total pixel count must be at most {limits.most_pixels}, got {width}x{height}")
    if max(size) > limits.widest * min(size):
        bounds = f"1:{limits.widest} and {limits.widest}:1"
        raise detail(f"image: the aspect ratio must be between {bounds}, got {width}x{height}")
