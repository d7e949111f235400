"""A row of the catalogue: what a model is called, costs, reads and accepts."""

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

STEP_SCHEDULE: Final = "STEP_SCHEDULE"
IMAGE_STRENGTH: Final = "IMAGE_STRENGTH"
"""The two values of the field `init_image_mode`."""

Size = tuple[int, int]
Task = Literal["generate", "upscale", "edit"]
Operation = Literal[
    "erase", "inpaint", "replace", "recolor", "outpaint", "background", "structure", "sketch", "style", "restyle"
]
"""What a model that edits does with a picture."""

CommandName = Literal["imagine", "sdxl"]
DialectName = Literal["sdxl", "stable-image", "image-service"]


class FrozenModel(BaseModel):
    # Rust's engine, the default, takes 4 MiB of memory for `\w{1,40}`
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, regex_engine="python-re")


class FieldSpec(FrozenModel):
    """The values that a model accepts for a field: numbers in a range, choices, or text of up to `limit` characters.

    `required` if a request must name a value; a prompt is required unless it is `optional`. `negative` is false for a
    prompt that no negative one may accompany. `weights`
    if the field may have several texts with weights, `emphasis` if it is one text in which `(fog:1.2)` has
    one. `words` say each choice in the prompt, to a model that has no such field.
    """

    minimum: float | None = None
    maximum: float | None = None
    choices: tuple[str, ...] = ()
    default: float | str | None = None
    limit: int | None = None
    required: bool = False
    optional: bool = False
    negative: bool = True
    weights: bool = False
    emphasis: bool = False
    words: Mapping[str, str] = {}

    def accepts(self, value: Any) -> bool:
        """Return whether a value is one of the choices, if there are any, and within the range, if there is one."""
        return (
            (not self.choices or value in self.choices)
            and (self.minimum is None or value >= self.minimum)
            and (self.maximum is None or value <= self.maximum)
        )


class Bounds(FrozenModel):
    """The pictures that a model accepts in their own shape: pixels of a side, pixels in all, longer to shorter side.

    One that is too large is scaled down. One that is too small or too narrow is rejected, or, if it `fits`, enlarged
    and brought to the nearest shape.
    """

    min_side: Annotated[int, Field(ge=1)]
    max_pixels: Annotated[int, Field(ge=1)]
    max_aspect: Annotated[float, Field(ge=1)]
    max_side: Annotated[int, Field(ge=1)] | None = None
    fits: bool = False


class LargestPng(FrozenModel):
    """The bytes of the largest PNG that a model makes, apart from the pixels of its source and for each of them.

    Pixels that are added at the sides of a source count as its own.
    """

    bytes: Annotated[int, Field(ge=0)] = 0
    bytes_per_source_pixel: Annotated[float, Field(ge=0)] = 0


class Model(FrozenModel):
    """A row of the catalogue.

    `price_usd` is the price of a picture, `typical_seconds` an estimate of a call's duration until some were measured.
    `concurrency` limits the calls at a time over all workers, `per_minute` those that start in a minute (0: no limit).
    Pictures are fitted to one of the `sizes`, or keep their shape within the `bounds`. `largest_png` decides whether a
    PNG fits into a response of Bedrock; without it every format is taken to fit. `sends_mode` if the body names
    its mode, which SD 3.5 requires and Core and Ultra reject. A model that edits has an `operation`; `mask` and
    `style_picture` say whether it needs these beside its picture. `command`
    is the one in which people choose the model.
    `offered`: whether they may; by default until its end of life.
    """

    key: Annotated[str, Field(pattern=r"^[\w.-]{1,40}\Z")]  # part of the custom ids of buttons
    name: str
    id: str
    task: Task = "generate"
    operation: Operation | None = None
    command: CommandName = "imagine"
    dialect: DialectName
    regions: tuple[str, ...]
    price_usd: Annotated[float, Field(ge=0)]
    picture: Literal["required", "optional", "none"]
    mask: Literal["required", "none"] = "none"
    style_picture: Literal["required", "none"] = "none"
    streaming: bool
    sends_mode: bool = False
    typical_seconds: Annotated[float, Field(gt=0)]
    concurrency: Annotated[int, Field(ge=1)]
    per_minute: Annotated[int, Field(ge=0)]
    sizes: tuple[Size, ...] = ()
    bounds: Bounds | None = None
    largest_png: LargestPng | None = None
    fields: Mapping[str, FieldSpec]
    end_of_life: date | None = None
    offered: bool | None = None

    @property
    def reads_prompts(self) -> bool:
        return "prompt" in self.fields

    @property
    def requires_prompt(self) -> bool:
        return self.reads_prompts and not self.fields["prompt"].optional

    @property
    def reads_negative_prompts(self) -> bool:
        return self.reads_prompts and self.fields["prompt"].negative

    @property
    def weighs_prompts(self) -> bool:
        return self.reads_prompts and self.fields["prompt"].weights

    @property
    def reads_emphasis(self) -> bool:
        return self.reads_prompts and self.fields["prompt"].emphasis

    @property
    def prompt_limit(self) -> int:
        """The length of a prompt in characters: of each weighted text, or of the whole; 0 for a model without."""
        return (self.fields["prompt"].limit or 0) if self.reads_prompts else 0

    @property
    def accepted_sizes(self) -> tuple[Size, ...] | Bounds:
        """The sizes or bounds that a picture is fitted to; empty for a model that reads none."""
        return self.bounds or self.sizes

    @property
    def max_checked_pictures(self) -> int:
        """How many pictures of a call a guardrail checks at most: the result, the source and the one of a style."""
        return 1 + (self.picture != "none") + (self.style_picture != "none")

    def is_retired(self, today: date) -> bool:
        return self.end_of_life is not None and today >= self.end_of_life

    def is_offered(self, today: date) -> bool:
        """Return whether people may choose the model on this date."""
        return not self.is_retired(today) if self.offered is None else self.offered

    @model_validator(mode="after")
    def _validate_consistency(self) -> "Model":
        if self.reads_prompts and self.fields["prompt"].limit is None:
            msg = "a prompt needs a maximum length: set fields.prompt.limit"
        elif self.task == "generate" and not self.requires_prompt:
            msg = 'a model that generates needs a prompt: add fields.prompt, or set task to "upscale"'
        elif self.task == "upscale" and self.picture != "required":
            msg = 'an upscaler needs a picture: set picture to "required"'
        elif self.task == "edit" and self.picture != "required":
            msg = 'a model that edits needs a picture: set picture to "required"'
        elif (self.task == "edit") != (self.operation is not None):
            msg = 'a model that edits needs an operation, and no other has one: set task to "edit", and operation'
        elif self.picture != "none" and not self.accepted_sizes:
            msg = "a model that reads a picture needs sizes or bounds"
        elif "keep" in self.fields and not self.fields.get("init_image_mode", FieldSpec()).accepts(IMAGE_STRENGTH):
            msg = f"keep works in the mode {IMAGE_STRENGTH} alone: add that to the choices of init_image_mode"
        else:
            return self
        raise ValueError(msg)
