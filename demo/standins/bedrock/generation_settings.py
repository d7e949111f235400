"""The settings of one generation, in the same form for every dialect."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from PIL import Image


@dataclass(frozen=True)
class GenerationSettings:
    """The settings of a valid request.

    `size` is the output's width and height in pixels. `seed` 0 means a random one. `source_weight` is the share of the
    source to keep: 1 returns the source unchanged, 0 ignores it. `source_detail` (0-1) is the share of fine detail in
    the kept part. `service` is the short name of a service, `options` its fields but the images, `mask` the region to
    change in white; None and empty for a model that generates.
    """

    prompts: tuple[tuple[str, float], ...]
    size: tuple[int, int]
    seed: int = 0
    source: "Image.Image | None" = None
    source_weight: float = 0.0
    source_detail: float = 1.0
    steps: int = 30
    cfg_scale: float = 7.0
    sampler: str = "automatic"
    clip_guidance_preset: str = "NONE"
    style_preset: str | None = None
    output_format: str = "png"
    service: str | None = None
    mask: "Image.Image | None" = None
    style_source: "Image.Image | None" = None
    options: Mapping[str, Any] = field(default_factory=dict)
