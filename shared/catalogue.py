"""The models as rows of a table: what each reads, its limits, its price and its end of life.

The rows that come with the product are `catalogue.toml`; an operator's file of the same shape is laid over them.
"""

import tomllib
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from importlib.resources import files
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from shared.problems import Problem, make_problem

_NAME_DISPLAY_LIMIT: Final = 100

Size = tuple[int, int]
Task = Literal["paint", "upscale"]
DialectName = Literal["sdxl", "stable-image"]


class _FrozenModel(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class FieldSpec(_FrozenModel):
    """What a model reads in one option: numbers in a range, one of `choices`, or text of up to `limit` characters."""

    minimum: float | None = None
    maximum: float | None = None
    choices: tuple[str, ...] = ()
    default: float | str | None = None
    limit: int | None = None
    weights: bool = False

    def accepts(self, value: Any) -> bool:
        """Return whether a value is one of the choices, if there are any, and within the range, if there is one."""
        return (
            (not self.choices or value in self.choices)
            and (self.minimum is None or value >= self.minimum)
            and (self.maximum is None or value <= self.maximum)
        )


class Bounds(_FrozenModel):
    """What a model takes that leaves a picture its own shape: pixels a side, pixels in all, longer to shorter side."""

    min_side: Annotated[int, Field(ge=1)]
    max_pixels: Annotated[int, Field(ge=1)]
    max_aspect: Annotated[float, Field(ge=1)]
    max_side: Annotated[int, Field(ge=1)] | None = None


class Model(_FrozenModel):
    """One row. `price_usd` is dollars a picture, `typical_seconds` a first guess at a call's duration.

    `task`: whether it paints what is asked for, or makes a picture that is there larger. `sizes` are those that a
    picture is fitted to; `bounds` stand in their place where it keeps its own shape. `sends_mode`: whether the body
    names its mode (SD 3.5 needs it, Core and Ultra refuse it).
    """

    key: Annotated[str, Field(pattern=r"^[\w.-]{1,40}$")]  # it stands in the custom ids of buttons
    name: str
    id: str
    task: Task = "paint"
    dialect: DialectName
    regions: tuple[str, ...]
    price_usd: Annotated[float, Field(ge=0)]
    picture: Literal["required", "optional", "none"]
    streaming: bool
    sends_mode: bool = False
    typical_seconds: Annotated[float, Field(gt=0)]
    concurrency: Annotated[int, Field(ge=1)]
    per_minute: Annotated[int, Field(ge=0)]
    sizes: tuple[Size, ...] = ()
    bounds: Bounds | None = None
    fields: Mapping[str, FieldSpec]
    end_of_life: date | None = None
    offered: bool = True

    @property
    def reads_prompts(self) -> bool:
        return "prompt" in self.fields

    @property
    def weighs_prompts(self) -> bool:
        return self.reads_prompts and self.fields["prompt"].weights

    @property
    def prompt_limit(self) -> int:
        """The length of a prompt in characters: of each weighted text, or of the whole; 0 for a model without."""
        return (self.fields["prompt"].limit or 0) if self.reads_prompts else 0

    @property
    def accepted_sizes(self) -> tuple[Size, ...] | Bounds:
        """What a picture is brought to before it is sent; nothing where no picture goes in."""
        return self.bounds or self.sizes

    def is_retired(self, today: date) -> bool:
        return self.end_of_life is not None and today >= self.end_of_life

    @model_validator(mode="after")
    def _validate_consistency(self) -> "Model":
        if self.reads_prompts and self.fields["prompt"].limit is None:
            msg = "a prompt needs a maximum length: set fields.prompt.limit"
        elif self.task == "paint" and not self.reads_prompts:
            msg = 'a model that generates needs a prompt: add fields.prompt, or set task to "upscale"'
        elif self.task == "upscale" and self.picture != "required":
            msg = 'an upscaler needs a picture: set picture to "required"'
        elif self.picture != "none" and not self.accepted_sizes:
            msg = "a model that reads a picture needs sizes or bounds"
        else:
            return self
        raise ValueError(msg)


class Catalogue(_FrozenModel):
    """All models, by the key that people and settings use."""

    default: str
    models: Mapping[str, Model]

    @model_validator(mode="after")
    def _validate_default(self) -> "Catalogue":
        if self.default not in {model.key for model in self.generation_models}:
            msg = f"default is {self.default!r}, which is no offered model that generates: {', '.join(self.models)}"
            raise ValueError(msg)
        return self

    def __iter__(self) -> Iterator[Model]:  # type: ignore[override]  # pydantic iterates over fields; a table over rows
        return iter(self.models.values())

    @property
    def generation_models(self) -> tuple[Model, ...]:
        """What `/imagine` offers: the models that paint."""
        return self.models_for_task("paint")

    @property
    def upscale_models(self) -> tuple[Model, ...]:
        """The models on offer that make a picture larger."""
        return self.models_for_task("upscale")

    def models_for_task(self, task: Task) -> tuple[Model, ...]:
        """The models on offer for this task."""
        return tuple(model for model in self if model.offered and model.task == task)

    def find_model(self, name: str) -> Model | None:
        """The row whose key, Bedrock id or name this is."""
        folded = name.strip().casefold()
        return next((m for m in self if folded in {m.key.casefold(), m.id.casefold(), m.name.casefold()}), None)

    def pick_picture_model(self, preferred: str) -> Model | None:
        """The preferred model where it is offered and reads pictures, else the default or the first that does."""
        keys = (preferred, self.default, *(model.key for model in self.generation_models))
        readers = {model.key: model for model in self.generation_models if model.picture != "none"}
        return next((readers[key] for key in keys if key in readers), None)

    def models_with_field(self, field: str) -> tuple[Model, ...]:
        """The offered models that paint and read this field."""
        return tuple(model for model in self.generation_models if field in model.fields)


def make_unknown_model_problem(name: str, models: Iterable[Model]) -> Problem:
    """Make the problem of a name that no model has. It lists the models to choose from."""
    names = ", ".join(model.name for model in models)
    return make_problem("model_unknown", value=name[:_NAME_DISPLAY_LIMIT], models=names)


def load_catalogue(override: str = "") -> Catalogue:
    """The product's table with an operator's TOML text laid over it. Raises `ValueError` naming what is wrong."""
    table = tomllib.loads(files("shared").joinpath("catalogue.toml").read_text(encoding="utf-8"))
    table = _merge_tables(table, tomllib.loads(override))
    rows = {key: {"key": key} | row for key, row in table["models"].items()}
    return Catalogue.model_validate(table | {"models": rows})


def _merge_tables(base: dict[str, Any], override: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(base)
    for key, value in override.items():
        under = base.get(key)
        merged[key] = _merge_tables(under, value) if isinstance(under, dict) and isinstance(value, dict) else value
    return merged
