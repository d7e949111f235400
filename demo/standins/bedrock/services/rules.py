"""The fields and source limits of each service, by its short name.

https://docs.aws.amazon.com/bedrock/latest/userguide/stable-image-services.html
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import inf
from types import MappingProxyType

from demo.standins.bedrock.dialects import sd35, sdxl
from demo.standins.bedrock.field_rules import FieldRule

SEED_MAX = 4294967294
_TEXT = FieldRule("String", max_length=10_000)
_PROMPT = FieldRule("String", required=True, max_length=10_000)
_IMAGE = FieldRule("String", required=True, min_length=1)
_MASK = FieldRule("String", min_length=1)
_PIXELS = FieldRule("Integer", minimum=0, maximum=2000)
_SHARE = FieldRule("Number", minimum=0, maximum=1)
_FORMAT = FieldRule("String", values=("jpeg", "png", "webp"))
_SEED = FieldRule("Integer", minimum=0, maximum=SEED_MAX)
_STYLE = FieldRule("String", values=sdxl.STYLE_PRESETS)
_GROW_MASK = FieldRule("Integer", minimum=0, maximum=20)
_CREATIVITY = FieldRule("Number", minimum=0.1, maximum=0.5)
_PROMPTED = {"image": _IMAGE, "prompt": _PROMPT}
_NEGATIVE = {"negative_prompt": _TEXT}
_COMMON = {"seed": _SEED, "output_format": _FORMAT}
_STYLED = {**_COMMON, "style_preset": _STYLE}

FIELDS: Mapping[str, Mapping[str, FieldRule]] = MappingProxyType(
    {
        "creative-upscale": {**_PROMPTED, "creativity": _CREATIVITY, **_NEGATIVE, **_STYLED},
        "conservative-upscale": {**_PROMPTED, "creativity": _CREATIVITY, **_NEGATIVE, **_COMMON},
        "fast-upscale": {"image": _IMAGE, "output_format": _FORMAT},
        "inpaint": {**_PROMPTED, "mask": _MASK, "grow_mask": _GROW_MASK, **_NEGATIVE, **_STYLED},
        "outpaint": {
            "image": _IMAGE,
            "left": _PIXELS,
            "right": _PIXELS,
            "up": _PIXELS,
            "down": _PIXELS,
            "prompt": _TEXT,
            "creativity": FieldRule("Number", minimum=0.1, maximum=1),
            **_STYLED,
        },
        "search-recolor": {**_PROMPTED, "select_prompt": _PROMPT, "grow_mask": _GROW_MASK, **_NEGATIVE, **_STYLED},
        "search-replace": {**_PROMPTED, "search_prompt": _PROMPT, "grow_mask": _GROW_MASK, **_NEGATIVE, **_STYLED},
        "erase-object": {"image": _IMAGE, "mask": _MASK, "grow_mask": _GROW_MASK, **_COMMON},
        "remove-bg": {"image": _IMAGE, "output_format": _FORMAT},
        "control-sketch": {**_PROMPTED, "control_strength": _SHARE, **_NEGATIVE, **_STYLED},
        "control-structure": {**_PROMPTED, "control_strength": _SHARE, **_NEGATIVE, **_STYLED},
        "style-guide": {
            **_PROMPTED,
            "aspect_ratio": FieldRule("String", values=tuple(sd35.SIZES)),
            "fidelity": _SHARE,
            **_NEGATIVE,
            **_STYLED,
        },
        "style-transfer": {
            "init_image": _IMAGE,
            "style_image": _IMAGE,
            "prompt": _TEXT,
            "negative_prompt": _TEXT,
            "composition_fidelity": _SHARE,
            "style_strength": _SHARE,
            "change_strength": FieldRule("Number", minimum=0.1, maximum=1),
            **_COMMON,
        },
    }
)
"""In the order in which the error for an unknown field lists them."""


@dataclass(frozen=True)
class SourceLimits:
    """Limits of a source image: pixels per side, total pixels, and aspect ratio."""

    min_side: int = 64
    max_pixels: int = 9_437_184
    max_side: float = inf
    max_aspect_ratio: float = 2.5


STANDARD_LIMITS = SourceLimits()
LIMITS: Mapping[str, SourceLimits] = MappingProxyType(
    {
        "creative-upscale": SourceLimits(max_pixels=1_048_576, max_aspect_ratio=inf),
        "fast-upscale": SourceLimits(32, 1_048_576, max_side=1536, max_aspect_ratio=inf),
    }
)
"""For all others: STANDARD_LIMITS."""
