"""The models that this stand-in serves.

Amazon retired SDXL 1.0 on 2025-05-20. It is here for private arrangements that still serve it, with streaming.
The others are as in late 2026:
https://docs.aws.amazon.com/bedrock/latest/userguide/models-supported.html
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

DialectName = Literal["sdxl", "sd35", "service"]
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
    regions: tuple[str, ...] = ("us-west-2",)

    @property
    def short_name(self) -> str:
        """The name in the newer models' own error messages: `sd3-5-large`, `fast-upscale`, `remove-bg`."""
        name = self.id.removeprefix("stability.").split("-v")[0]
        if not self.profile_only:
            return name
        return name.removeprefix("stable-").removeprefix("image-").replace("background", "bg")


_ROWS = (
    *(
        Model(model_id, "SDXL 1.0", "sdxl", 2.0, 0.3, 4294967295, streaming=True, regions=("us-east-1", "us-west-2"))
        for model_id in ("stability.stable-diffusion-xl-v1", "stability.stable-diffusion-xl-v1:0")
    ),
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
)

# Stem of the ID, name, latency in seconds, whether it takes a seed
_SERVICES = (
    ("fast-upscale", "Fast Upscale", 1.5, False),
    ("conservative-upscale", "Conservative Upscale", 4.0, True),
    ("creative-upscale", "Creative Upscale", 5.0, True),
    ("image-inpaint", "Inpaint", 2.5, True),
    ("outpaint", "Outpaint", 2.5, True),
    ("image-search-recolor", "Search and Recolor", 2.5, True),
    ("image-search-replace", "Search and Replace", 2.5, True),
    ("image-erase-object", "Erase Object", 2.0, True),
    ("image-remove-background", "Remove Background", 1.5, False),
    ("image-control-sketch", "Control Sketch", 2.5, True),
    ("image-control-structure", "Control Structure", 2.5, True),
    ("image-style-guide", "Style Guide", 2.5, True),
    ("style-transfer", "Style Transfer", 3.0, True),
)
_SERVICE_ROWS = tuple(
    Model(
        f"stability.stable-{stem}-v1:0",
        f"Stable Image {name}",
        "service",
        latency,
        0.15 * latency,
        4294967294 if takes_seed else 0,
        ("jpeg", "png", "webp"),
        profile_only=True,
        regions=("us-east-1", "us-east-2", "us-west-2"),
    )
    for stem, name, latency, takes_seed in _SERVICES
)

MODELS: Mapping[str, Model] = {row.id: row for row in (*_ROWS, *_SERVICE_ROWS)}


def find_model(identifier: str) -> Model | None:
    """Find a model by its ID or ARN."""
    return MODELS.get(ARN_PATTERN.sub("", identifier, count=1))


def find_profile_model(identifier: str) -> Model | None:
    """Find a model by the ID or ARN of its inference profile."""
    name = ARN_PATTERN.sub("", identifier, count=1)
    model = MODELS.get(name.removeprefix(PROFILE_PREFIX))
    return model if model and model.profile_only and name.startswith(PROFILE_PREFIX) else None
