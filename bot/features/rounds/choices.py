"""The choices of a host in the panel before a contest starts, and the sum that follows from them."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Any, Final

from bot.domain.budgets import to_micro_usd
from bot.domain.rounds import MAX_CHOICES, MAX_ENTRIES_PER_MEMBER, ContestSettings, Payer, TieRule, TurnOrder
from shared.catalogue import Catalogue, Model
from shared.problems import RejectedError, make_problem
from shared.request.model import PICTURE_OPTIONS, TEXT_OPTIONS

AUTOMATIC: Final = "auto"
DEFAULT_MAX_ENTRIES: Final = 25
DOLLARS: Final = 1_000_000  # in millionths

CHOICES: Final[Mapping[str, Sequence[str]]] = MappingProxyType(
    {
        "max_entries_per_member": tuple(str(number) for number in range(1, MAX_ENTRIES_PER_MEMBER + 1)),
        "max_entries": ("10", "25", "50", "100", "250", "500"),
        "max_cost": (AUTOMATIC, "1", "2", "5", "10", "25", "50", "100", "250"),
        "payer": tuple(Payer),
        "max_choices": ("1", str(MAX_CHOICES)),
        "reveal": ("at_once", "as_they_come"),
        "tie_rule": tuple(TieRule),
        "membership": ("everyone", "earlier"),
        "turn_order": tuple(TurnOrder),
    }
)
"""The choices of each setting."""

_RELAY_FIELDS: Final = ("max_cost", "payer", "turn_order")
DEFAULT_RELAY_COST: Final = 5 * DOLLARS
"""Nobody knows how many turns a relay has, so its cost is always limited."""


def list_fields(settings: ContestSettings) -> Sequence[str]:
    """List the settings that there are to choose in a contest of this format."""
    if settings.is_relay:
        return _RELAY_FIELDS
    return tuple(field for field in CHOICES if field != "turn_order")


def list_choices(settings: ContestSettings, field: str) -> Sequence[str]:
    """List the choices of a setting in a contest of this format."""
    return [choice for choice in CHOICES[field] if choice != AUTOMATIC or not settings.is_relay]


def get_choice(settings: ContestSettings, field: str) -> str:
    """Get the choice in force."""
    match field:
        case "max_cost":
            return AUTOMATIC if settings.max_cost is None else str(settings.max_cost // DOLLARS)
        case "reveal":
            return "at_once" if settings.shows_entries_at_once else "as_they_come"
        case "membership":
            return "earlier" if settings.needs_earlier_membership else "everyone"
        case _:
            return str(getattr(settings, field))


def apply_choice(settings: ContestSettings, field: str, value: str) -> ContestSettings | None:
    """Change a setting to a choice; None if this is no choice, as in a message of another release."""
    if field not in list_fields(settings) or value not in list_choices(settings, field):
        return None
    changes: dict[str, Any]
    match field:
        case "max_cost":
            changes = {field: None if value == AUTOMATIC else int(value) * DOLLARS}
        case "payer":
            changes = {field: Payer(value)}
        case "reveal":
            changes = {"shows_entries_at_once": value == "at_once"}
        case "turn_order":
            changes = {field: TurnOrder(value)}
        case "tie_rule":
            changes = {field: TieRule(value)}
        case "membership":
            changes = {"needs_earlier_membership": value == "earlier"}
        case _:
            changes = {field: int(value)}
    return replace(settings, **changes)


def list_entry_models(settings: ContestSettings, offered: Catalogue, *, has_source: bool) -> Sequence[Model]:
    """List the models with which entries can be made, the default first. Raises `RejectedError` (round_no_model)."""
    models = [
        model
        for model in offered.generation_models
        if (model.picture != "none" if has_source else model.picture != "required")
        and (not settings.models or model.key in settings.models)
    ]
    if not models:
        raise RejectedError(make_problem("round_no_model"))
    return sorted(models, key=lambda model: model is not offered.default_model)


def compute_max_cost(settings: ContestSettings, models: Sequence[Model]) -> int:
    """Compute the most that a contest may cost, in millionths of a dollar: that of all entries, or the chosen sum."""
    if settings.is_relay:
        return settings.max_cost or DEFAULT_RELAY_COST
    price = max(to_micro_usd(model.price_usd) for model in models)
    entries = settings.max_entries or DEFAULT_MAX_ENTRIES
    all_entries = price * entries * settings.rounds
    return all_entries if settings.max_cost is None else min(settings.max_cost, all_entries)


def apply_models(settings: ContestSettings, values: Sequence[str], offered: Catalogue) -> ContestSettings:
    """Allow only these models; all that are on offer if there are none."""
    keys = {model.key for model in offered.generation_models}
    return replace(settings, models=tuple(value for value in values if value in keys))


def goes_on(settings: ContestSettings) -> bool:
    """Tell whether some entries start from the picture of another one."""
    return settings.rounds > 1 or settings.is_relay


def list_option_fields(settings: ContestSettings, *, has_source: bool) -> Sequence[str]:
    """List the options that a host can fix for all entries."""
    starts_from_picture = has_source or goes_on(settings)
    names = ["negative", "style_preset", "keep", "aspect_ratio", "seed"]
    return [n for n in names if (n != "keep" or starts_from_picture) and (n != "aspect_ratio" or not has_source)]


def select_fixed_options(settings: ContestSettings, model: Model, *, has_source: bool) -> dict[str, Any]:
    """Select the fixed options that apply to an entry with this model."""
    unfit = TEXT_OPTIONS if has_source else PICTURE_OPTIONS
    return {
        name: value
        for name, value in settings.options.items()
        if name not in unfit and (name in model.fields or name == "negative")
    }
