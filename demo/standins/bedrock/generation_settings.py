"""What one picture is rendered from, whichever dialect asked for it."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL import Image


@dataclass(frozen=True)
class GenerationSettings:
    """A request that was found valid.

    `keep` is the share of the source to keep: 1 is the source unchanged, 0 nothing of it. `detail` (0-1) is how much of
    what is kept is fine detail. `seed` 0 asks for a random one. `size` is the answer's width and height in pixels.
    `invention` (0-1) is how much fine detail an upscale adds to its source; None where nothing is upscaled.
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
    creativity: float | None = None
