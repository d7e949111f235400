"""The models that this stand-in serves.

Amazon retired SDXL 1.0 on 2025-05-20. It is here for private arrangements that still serve it, with streaming.
The others are as in late 2026:
https://docs.aws.amazon.com/bedrock/latest/userguide/models-supported.html
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

DialectName = Literal["sdxl", "sd35", "upscale"]
ModelStatus = Literal["ACTIVE", "LEGACY", "EOL", "forbidden"]
STATUSES: tuple[ModelStatus, ...] = ("ACTIVE", "LEGACY", "EOL", "forbidden")
ARN_PATTERN = re.compile(r"arn:aws:bedrock:[a-z0-9-]*:\d*:(?:foundation-model|inference-profile)/")
PROFILE_PREFIX = "us."


@dataclass(frozen=True)
class Model:
    """One model: its dialect, its inputs and its latency in seconds (plus or minus `jitter`).

    With `seed_max` 0 it takes no seed. With `profile_only` it is invoked by its inference profile, `us.` and its ID.
    """

    id: str
    name: str
    dialect: DialectName
    latency: float
    jitter: float
    seed_max: int
    output_formats: tuple[str, ...] = ("png",)
    image_input: bool = True
    streaming: bool = False
    profile_only: bool = False

    @property
    def short_name(self) -> str:
        """The name in the newer models' own error messages: `sd3-5-large`, `fast-upscale`."""
        name = self.id.removeprefix("stability.").split("-v")[0]
        return name.removeprefix("stable-") if self.profile_only else name


_ROWS = (
    Model("stability.stable-diffusion-xl-v1", "SDXL 1.0", "sdxl", 2.0, 0.3, 4294967295, streaming=True),
    Model("stability.stable-diffusion-xl-v1:0", "SDXL 1.0", "sdxl", 2.0, 0.3, 4294967295, streaming=True),
    Model(
        "stability.sd3-5-large-v1:0",
        "Stable Diffusion 3.5 Large",
        "sd35",
        2.5,
        0.5,
        4294967294,
        ("jpeg", "png", "webp"),
    ),
    Model(
        "stability.stable-image-ultra-v1:1",
        "Stable Image Ultra 1.0",
        "sd35",
        4.0,
        0.6,
        4294967294,
        ("jpeg", "png"),
        image_input=False,
    ),
    Model(
        "stability.stable-image-core-v1:1",
        "Stable Image Core 1.0",
        "sd35",
        1.5,
        0.3,
        4294967294,
        ("jpeg", "png"),
        image_input=False,
    ),
    Model(
        "stability.stable-fast-upscale-v1:0",
        "Stable Image Fast Upscale",
        "upscale",
        1.5,
        0.3,
        0,
        ("jpeg", "png", "webp"),
        profile_only=True,
    ),
    Model(
        "stability.stable-conservative-upscale-v1:0",
        "Stable Image Conservative Upscale",
        "upscale",
        4.0,
        0.6,
        4294967294,
        ("jpeg", "png", "webp"),
        profile_only=True,
    ),
)

MODELS: Mapping[str, Model] = {row.id: row for row in _ROWS}


def find_model(identifier: str) -> Model | None:
    """Find a model by its ID or ARN."""
    return MODELS.get(ARN_PATTERN.sub("", identifier, count=1))


def find_profile_model(identifier: str) -> Model | None:
    """Find a model by the ID or ARN of its inference profile."""
    name = ARN_PATTERN.sub("", identifier, count=1)
    model = MODELS.get(name.removeprefix(PROFILE_PREFIX))
    return model if model and model.profile_only and name.startswith(PROFILE_PREFIX) else None
