"""The catalogue of models: each one's fields and limits, price, regions and end of life.

Its rows are in `catalogue.toml`; an operator's file of the same form overrides them.
"""

import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date
from importlib.resources import files
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, model_validator

from shared.dates import get_today
from shared.problems import Problem, make_problem

STEP_SCHEDULE: Final = "STEP_SCHEDULE"
IMAGE_STRENGTH: Final = "IMAGE_STRENGTH"
"""The two values of the field `init_image_mode`."""

_NAME_DISPLAY_LIMIT: Final = 100

Size = tuple[int, int]
Task = Literal["generate", "upscale"]
CommandName = Literal["imagine", "sdxl"]
DialectName = Literal["sdxl", "stable-image"]


class _FrozenModel(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class FieldSpec(_FrozenModel):
    """The values that a model accepts for a field: numbers in a range, choices, or text of up to `limit` characters.

    `weights` if the field may have several texts with weights, `emphasis` if it is one text in which `(fog:1.2)` has
    one. `words` say each choice in the prompt, to a model that has no such field.
    """

    minimum: float | None = None
    maximum: float | None = None
    choices: tuple[str, ...] = ()
    default: float | str | None = None
    limit: int | None = None
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


class Bounds(_FrozenModel):
    """The pictures that a model accepts in their own shape: pixels of a side, pixels in all, longer to shorter side."""

    min_side: Annotated[int, Field(ge=1)]
    max_pixels: Annotated[int, Field(ge=1)]
    max_aspect: Annotated[float, Field(ge=1)]
    max_side: Annotated[int, Field(ge=1)] | None = None


class LargestPng(_FrozenModel):
    """The bytes of the largest PNG that a model makes, apart from the pixels of its source and for each of them."""

    bytes: Annotated[int, Field(ge=0)] = 0
    bytes_per_source_pixel: Annotated[float, Field(ge=0)] = 0


class Model(_FrozenModel):
    """A row of the catalogue.

    `price_usd` is the price of a picture, `typical_seconds` an estimate of a call's duration until some were measured.
    `concurrency` limits the calls at a time over all workers, `per_minute` those that start in a minute (0: no limit).
    Pictures are fitted to one of the `sizes`, or keep their shape within the `bounds`. `largest_png` decides whether a
    PNG fits into a response of Bedrock; without it every format is taken to fit. `sends_mode` if the body names
    its mode, which SD 3.5 requires and Core and Ultra reject. `command` is the one in which people choose the model.
    `offered`: whether they may; by default until its end of life.
    """

    key: Annotated[str, Field(pattern=r"^[\w.-]{1,40}$")]  # part of the custom ids of buttons
    name: str
    id: str
    task: Task = "generate"
    command: CommandName = "imagine"
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
    largest_png: LargestPng | None = None
    fields: Mapping[str, FieldSpec]
    end_of_life: date | None = None
    offered: bool | None = None

    @property
    def reads_prompts(self) -> bool:
        return "prompt" in self.fields

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

    def is_retired(self, today: date) -> bool:
        return self.end_of_life is not None and today >= self.end_of_life

    def is_offered(self, today: date) -> bool:
        """Return whether people may choose the model on this date."""
        return not self.is_retired(today) if self.offered is None else self.offered

    @model_validator(mode="after")
    def _validate_consistency(self) -> "Model":
        if self.reads_prompts and self.fields["prompt"].limit is None:
            msg = "a prompt needs a maximum length: set fields.prompt.limit"
        elif self.task == "generate" and not self.reads_prompts:
            msg = 'a model that generates needs a prompt: add fields.prompt, or set task to "upscale"'
        elif self.task == "upscale" and self.picture != "required":
            msg = 'an upscaler needs a picture: set picture to "required"'
        elif self.picture != "none" and not self.accepted_sizes:
            msg = "a model that reads a picture needs sizes or bounds"
        elif "keep" in self.fields and not self.fields.get("init_image_mode", FieldSpec()).accepts(IMAGE_STRENGTH):
            msg = f"keep works in the mode {IMAGE_STRENGTH} alone: add that to the choices of init_image_mode"
        else:
            return self
        raise ValueError(msg)


class Catalogue(_FrozenModel):
    """All models, by their keys.

    The models on offer may become fewer while a process runs: those whose life has ended are left out, unless the
    operator offers them all the same, as are those that AWS refuses to run for now (`set_withdrawn`).
    """

    default: str
    models: Mapping[str, Model]
    _source: str = PrivateAttr("shared/catalogue.toml")
    _get_today: Callable[[], date] = PrivateAttr(default_factory=lambda: get_today)
    _withdrawn: frozenset[str] = PrivateAttr(frozenset())
    _excluded: frozenset[str] = PrivateAttr(frozenset())

    @property
    def source(self) -> str:
        """The file that decides which models there are, for messages to the operator."""
        return self._source

    def set_source(self, source: str) -> None:
        """Name the operator's file in the place of the one that comes with the code."""
        self._source = source

    def set_clock(self, clock: Callable[[], date]) -> None:
        """Tell the date by another clock."""
        self._get_today = clock

    def set_withdrawn(self, keys: Iterable[str]) -> None:
        """Make these models unavailable, and all others available again."""
        self._withdrawn = frozenset(keys)

    def exclude_models(self, keys: Iterable[str]) -> "Catalogue":
        """Copy the catalogue as it is now, with these models not on offer."""
        copy = self.model_copy()
        copy._excluded = frozenset(keys)  # noqa: SLF001 - its own class
        return copy

    @model_validator(mode="after")
    def _validate_default(self) -> "Catalogue":
        default = self.models.get(self.default)
        if default is None or default.task != "generate" or default.offered is False:
            msg = f"default is {self.default!r}, which is no offered model that generates: {', '.join(self.models)}"
        elif default.command != "imagine":
            msg = f'default is {self.default!r}, which /{default.command} offers: set its command to "imagine"'
        elif not self.generation_models:
            msg = "the lives of all models that generate have ended: offer others"
        else:
            return self
        raise ValueError(msg)

    def __iter__(self) -> Iterator[Model]:  # type: ignore[override]  # pydantic iterates over fields, a table over its rows
        return iter(self.models.values())

    @property
    def generation_models(self) -> tuple[Model, ...]:
        """The models of `/imagine` that are available."""
        return tuple(model for model in self.listed_models if self.is_available(model))

    @property
    def listed_models(self) -> tuple[Model, ...]:
        """The models on offer in `/imagine`, with those that AWS refuses to run for now."""
        return tuple(model for model in self.models_for_task("generate") if model.command == "imagine")

    @property
    def default_model(self) -> Model:
        """The model for requests that name none: the configured one or, once it is gone, the next on offer."""
        default, offered = self.models[self.default], self.generation_models
        return default if default in offered or not offered else offered[0]

    @property
    def upscale_models(self) -> tuple[Model, ...]:
        """The models on offer that enlarge a picture."""
        return self.models_for_task("upscale")

    def list_choosable_models(self, task: Task) -> tuple[Model, ...]:
        """List the models for a task that people choose by name: from a list, or by a button."""
        return self.generation_models if task == "generate" else self.upscale_models

    def models_for_task(self, task: Task) -> tuple[Model, ...]:
        """Return the models on offer for a task, in any command."""
        return tuple(model for model in self if self.is_offered(model) and model.task == task)

    def is_offered(self, model: Model | None) -> bool:
        """Return whether a model is on offer today."""
        return model is not None and model.key not in self._excluded and model.is_offered(self._get_today())

    def is_retired(self, model: Model) -> bool:
        """Return whether the life of a model has ended today."""
        return model.is_retired(self._get_today())

    def is_available(self, model: Model | None) -> bool:
        """Return whether a model is on offer, and AWS does not refuse to run it for now."""
        return model is not None and self.is_offered(model) and model.key not in self._withdrawn

    def find_model(self, name: str) -> Model | None:
        """Find a model by its key, Bedrock id or name, ignoring case."""
        folded = name.strip().casefold()
        return next((m for m in self if folded in {m.key.casefold(), m.id.casefold(), m.name.casefold()}), None)

    def pick_picture_model(self, preferred: str) -> Model | None:
        """Pick the preferred model if it is available and reads pictures, else the default, else the first that does.

        If none is available, one that AWS refuses to run for now: the person is told when it is tried again.
        """
        candidates = (self.models.get(preferred), self.default_model, *self.listed_models)
        readers = [m for m in candidates if m and m.task == "generate" and m.picture != "none" and self.is_offered(m)]
        return next(filter(self.is_available, readers), readers[0] if readers else None)

    def models_with_field(self, field: str) -> tuple[Model, ...]:
        """Return the models of `/imagine` that read a field."""
        return tuple(model for model in self.generation_models if field in model.fields)


def make_unknown_model_problem(name: str, models: Iterable[Model]) -> Problem:
    """Make the problem that no model has this name, listing the models to choose from."""
    names = ", ".join(model.name for model in models)
    return make_problem("model_unknown", value=name[:_NAME_DISPLAY_LIMIT], models=names)


def load_catalogue(override: str = "") -> Catalogue:
    """Load the catalogue, overridden by the text of an operator's TOML file. Raises `ValueError` for a wrong one."""
    defaults = tomllib.loads(files("shared").joinpath("catalogue.toml").read_text(encoding="utf-8"))
    table = _merge_tables(defaults, tomllib.loads(override))
    styles = table.pop("styles", {})
    rows = {key: _add_styles({"key": key} | row, styles) for key, row in table["models"].items()}
    return Catalogue.model_validate(table | {"models": rows})


def _add_styles(row: dict[str, Any], styles: Mapping[str, str]) -> dict[str, Any]:
    """Let a model that generates, and has no styles of its own, have these: each is a word or two in its prompt."""
    fields = row.get("fields")
    if not styles or not isinstance(fields, dict) or row.get("task") == "upscale" or "style_preset" in fields:
        return row
    return row | {"fields": fields | {"style_preset": {"choices": list(styles), "words": styles}}}


def _merge_tables(base: dict[str, Any], override: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(base)
    for key, value in override.items():
        current = base.get(key)
        if isinstance(current, dict) and isinstance(value, dict):
            merged[key] = _merge_tables(current, value)
        else:
            merged[key] = value
    return merged
