"""The catalogue of models: each one's fields and limits, price, regions and end of life.

Its rows are in `catalogue.toml`; an operator's file of the same form overrides them.
"""

import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date
from importlib.resources import files
from typing import Any, Final

from pydantic import PrivateAttr, model_validator

from shared.dates import get_today
from shared.models import (
    IMAGE_STRENGTH,
    STEP_SCHEDULE,
    Bounds,
    CommandName,
    DialectName,
    FieldSpec,
    FrozenModel,
    LargestPng,
    Model,
    Operation,
    Size,
    Task,
)
from shared.problems import Problem, make_problem

__all__ = [
    "IMAGE_STRENGTH",
    "STEP_SCHEDULE",
    "Bounds",
    "Catalogue",
    "CommandName",
    "DialectName",
    "FieldSpec",
    "LargestPng",
    "Model",
    "Operation",
    "Size",
    "Task",
    "load_catalogue",
    "make_other_task_problem",
    "make_unknown_model_problem",
]

_NAME_DISPLAY_LIMIT: Final = 100
_OTHER_TASK_CODES: Final[Mapping[Task, str]] = {"edit": "model_edits", "upscale": "model_upscales"}


class Catalogue(FrozenModel):
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
    _offered: tuple[date, Mapping[Task, tuple[Model, ...]]] | None = PrivateAttr(None)
    """The models on offer on a date, by task: they are asked for dozens of times for each request."""

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
        copy = self._copy()
        copy._excluded = frozenset(keys)  # noqa: SLF001 - its own class
        return copy

    def add_check_price(self, usd_per_picture: float) -> "Catalogue":
        """Copy the catalogue with the price of checking the pictures of a call added to the price of each model."""
        models = {
            key: model.model_copy(
                update={"price_usd": round(model.price_usd + usd_per_picture * model.max_checked_pictures, 6)}
            )
            for key, model in self.models.items()
        }
        return self._copy(models=models)

    def _copy(self, **changes: Any) -> "Catalogue":
        """Copy the catalogue with changes, from which follows another offer."""
        copy = self.model_copy(update=changes)
        copy._offered = None  # noqa: SLF001 - its own class
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
        withdrawn = self._withdrawn
        return tuple(model for model in self.listed_models if model.key not in withdrawn)

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
    def offered_models(self) -> tuple[Model, ...]:
        """The models on offer in any command, by task."""
        return (*self.models_for_task("generate"), *self.upscale_models, *self.edit_models)

    @property
    def upscale_models(self) -> tuple[Model, ...]:
        """The models on offer that enlarge a picture."""
        return self.models_for_task("upscale")

    @property
    def edit_models(self) -> tuple[Model, ...]:
        """The models on offer that edit a picture."""
        return self.models_for_task("edit")

    def find_edit_model(self, operation: str) -> Model | None:
        """Find the model for an operation: an available one, else one that AWS refuses to run for now."""
        return self._pick_available([model for model in self.edit_models if model.operation == operation])

    def list_choosable_models(self, task: Task) -> tuple[Model, ...]:
        """List the models for a task that people choose by name: from a list, or by a button."""
        return self.generation_models if task == "generate" else self.models_for_task(task)

    def models_for_task(self, task: Task) -> tuple[Model, ...]:
        """Return the models on offer for a task, in any command."""
        today, offered = self._get_today(), self._offered
        if offered is None or offered[0] != today:
            models: dict[Task, tuple[Model, ...]] = {}
            for model in filter(self.is_offered, self):
                models[model.task] = (*models.get(model.task, ()), model)
            self._offered = offered = today, models
        return offered[1].get(task, ())

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
        return self._pick_available(readers)

    def models_with_field(self, field: str) -> tuple[Model, ...]:
        """Return the models of `/imagine` that read a field."""
        return tuple(model for model in self.generation_models if field in model.fields)

    def _pick_available(self, offered: Sequence[Model]) -> Model | None:
        """Pick the first model that is available, else the first of those that AWS refuses to run for now."""
        return next(filter(self.is_available, offered), offered[0] if offered else None)


def make_unknown_model_problem(name: str, models: Iterable[Model]) -> Problem:
    """Make the problem that no model has this name, listing the models to choose from."""
    names = ", ".join(model.name for model in models)
    return make_problem("model_unknown", value=name[:_NAME_DISPLAY_LIMIT], models=names)


def make_other_task_problem(model: Model, models: Iterable[Model]) -> Problem:
    """Make the problem that a model makes no pictures, naming the command for it and the models to choose from."""
    names = ", ".join(other.name for other in models)
    return make_problem(_OTHER_TASK_CODES[model.task], model=model.name, models=names)


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
    if (
        not styles
        or not isinstance(fields, dict)
        or row.get("task", "generate") != "generate"
        or "style_preset" in fields
    ):
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
