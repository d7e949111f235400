"""The value of a request: everything that a person chose, without the picture."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from pydantic import BaseModel, ConfigDict, JsonValue

from shared.catalogue import STEP_SCHEDULE, Model
from shared.notes import Note
from shared.prompts import TextPrompt

MAX_COUNT: Final = 4
"""The most pictures of one request that a person may ask for at once."""

PICTURE_OPTIONS: Final = ("init_image_mode", "keep", "step_schedule_start", "step_schedule_end", "fit")
"""Options that say how the picture is used: invalid without one."""

TEXT_OPTIONS: Final = ("aspect_ratio",)
"""Options for a picture from words alone: invalid with a picture, which has a shape of its own."""

SCHEDULE_OPTIONS: Final = ("step_schedule_start", "step_schedule_end")
"""Options of the mode STEP_SCHEDULE."""


class Fit(StrEnum):
    """How a picture of another shape is brought to one of the model's sizes."""

    CROP = "crop"
    PAD = "pad"
    STRETCH = "stretch"


class Request(BaseModel):
    """Everything that a person chose. `None` stands for the model's default.

    `keep` is the percentage of the picture to preserve: SDXL's `image_strength`, and `1 - strength` of the others.
    `text_prompts` is empty for a model that reads no prompt.
    Ranges and choices are in the model's row of the catalogue; `build_request` validates against it.
    https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-diffusion-1-0-image-image.html
    """

    model_config = ConfigDict(frozen=True, extra="ignore", allow_inf_nan=False)

    model: str
    text_prompts: tuple[TextPrompt, ...]
    has_picture: bool
    fit: Fit | None = None
    keep: float | None = None
    init_image_mode: str | None = None
    step_schedule_start: float | None = None
    step_schedule_end: float | None = None
    cfg_scale: float | None = None
    clip_guidance_preset: str | None = None
    sampler: str | None = None
    samples: int | None = None
    seed: int | None = None
    steps: int | None = None
    style_preset: str | None = None
    output_format: str | None = None
    aspect_ratio: str | None = None
    creativity: float | None = None
    extras: dict[str, JsonValue] | None = None

    def is_scheduled(self, model: Model) -> bool:
        """Tell whether the mode STEP_SCHEDULE is in force, which excludes `keep`.

        It was chosen, or it is the model's default and `keep` was not chosen.
        """
        if self.init_image_mode is None and self.keep is not None:
            return False
        return bool(self.resolve_value("init_image_mode", model) == STEP_SCHEDULE)

    def explicit_options(self) -> dict[str, Any]:
        """Return the options that were chosen, by field name."""
        return self.model_dump(exclude_none=True, exclude={"model", "text_prompts", "has_picture"}, mode="json")

    def resolve_value(self, field: str, model: Model) -> Any:
        """Return the value of a field: the chosen one, else the model's default, else None."""
        chosen = getattr(self, field)
        spec = model.fields.get(field)
        return chosen if chosen is not None or spec is None else spec.default

    def format_unweighted_prompts(self) -> tuple[str, str]:
        """Return the prompt and the negative prompt for a model without weights; "" for none."""
        wanted = ", ".join(p.text for p in self.text_prompts if p.weight > 0)
        unwanted = ", ".join(p.text for p in self.text_prompts if p.weight < 0)
        return wanted, unwanted


@dataclass(frozen=True)
class BuiltRequest:
    """A request as its model reads it, and notes on how it differs from the one that was asked for."""

    request: Request
    notes: tuple[Note, ...] = ()


OPTION_NAMES: Final = tuple(
    name for name in Request.model_fields if name not in {"model", "text_prompts", "has_picture"}
)
"""Names of the optional fields, in the order in which the model class declares them."""
