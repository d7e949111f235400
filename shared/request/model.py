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
"""Options for a picture from words alone: invalid with a picture, which has a shape of its own, unless the model always
needs one."""

SIDES: Final = ("left", "right", "up", "down")
"""Options that add pixels to a picture, at least one of which a model that reads them needs."""

SEARCHED_PROMPTS: Final = ("search_prompt", "select_prompt")
"""Options in words that name what an edit looks for in a picture."""

SUBJECT_OPTIONS: Final = (*SIDES, *SEARCHED_PROMPTS)
"""Options that say which part of one picture is edited, and mean little for another."""

SCHEDULE_OPTIONS: Final = ("step_schedule_start", "step_schedule_end")
"""Options of the mode STEP_SCHEDULE."""

_NO_OPTIONS: Final = frozenset({"model", "text_prompts", "has_picture", "mask", "has_style_picture"})


class Fit(StrEnum):
    """How a picture of another shape is brought to one of the model's sizes."""

    CROP = "crop"
    PAD = "pad"
    STRETCH = "stretch"


class MaskKind(StrEnum):
    """Where the mask of a picture comes from: another picture, or its own transparency."""

    PICTURE = "picture"
    ALPHA = "alpha"


class Request(BaseModel):
    """Everything that a person chose. `None` stands for the model's default.

    `keep` is the percentage of the picture to preserve: SDXL's `image_strength`, and `1 - strength` of the others.
    `text_prompts` is empty for a model that reads no prompt. `mask` is set if only a region of the picture is edited,
    `has_style_picture` if another picture shows the style. The sides are pixels that are added to the picture.
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
    mask: MaskKind | None = None
    has_style_picture: bool = False
    grow_mask: int | None = None
    left: int | None = None
    right: int | None = None
    up: int | None = None
    down: int | None = None
    search_prompt: str | None = None
    select_prompt: str | None = None
    control_strength: float | None = None
    fidelity: float | None = None
    composition_fidelity: float | None = None
    style_strength: float | None = None
    change_strength: float | None = None
    extras: dict[str, JsonValue] | None = None

    def is_scheduled(self, model: Model) -> bool:
        """Tell whether the mode STEP_SCHEDULE is in force, which excludes `keep`.

        It was chosen, or it is the model's default and `keep` was not chosen.
        """
        if self.init_image_mode is None and self.keep is not None:
            return False
        return bool(self.resolve_value("init_image_mode", model) == STEP_SCHEDULE)

    def reads_text_options(self, model: Model) -> bool:
        """Tell whether the options of `TEXT_OPTIONS` apply, if the model has them."""
        return not self.has_picture or model.picture == "required"

    def explicit_options(self) -> dict[str, Any]:
        """Return the options that were chosen, by field name."""
        return self.model_dump(exclude_none=True, exclude=set(_NO_OPTIONS), mode="json")

    def resolve_value(self, field: str, model: Model) -> Any:
        """Return the value of a field: the chosen one, else the model's default, else None."""
        chosen = getattr(self, field)
        spec = model.fields.get(field)
        return chosen if chosen is not None or spec is None else spec.default

    def list_searched_texts(self) -> tuple[str, ...]:
        """List the words for what an edit looks for in the picture."""
        return tuple(text for name in SEARCHED_PROMPTS if (text := getattr(self, name)))

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


OPTION_NAMES: Final = tuple(name for name in Request.model_fields if name not in _NO_OPTIONS)
"""Names of the optional fields, in the order in which the model class declares them."""
