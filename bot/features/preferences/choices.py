"""The preferences that can be chosen, the custom ids with which they are, and how a choice changes them."""

from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, Final

from bot.domain.preferences import Ping, Preferences, ReusePolicy
from bot.interactions.custom_ids import CustomId
from bot.rendering.form_fields import SELECT_OPTIONS_LIMIT
from shared.catalogue import Catalogue
from shared.i18n.messages import list_languages
from shared.request.model import MAX_COUNT, Fit

DEFAULT_VALUE: Final = "-"
LANGUAGE_FIELD: Final = "language"
OPTION_FIELDS: Final = ("model", "count", "keep", "style_preset", "fit", "output_format")
OWN_CHOICES: Final = MappingProxyType(
    {"ping": tuple(Ping), "private": ("off", "on"), "reuse_policy": tuple(ReusePolicy), "in_galleries": ("on", "off")}
)
"""The preferences that are no option of a command, with their choices, of which one always is in force."""

SELECT_FIELDS: Final = (LANGUAGE_FIELD, *OWN_CHOICES, *OPTION_FIELDS)
_KEEP_VALUES: Final = ("10", "20", "35", "50", "65", "80", "90")


@dataclass(frozen=True)
class PreferenceSelectId(CustomId, template=f"preference_select:(?P<field>{'|'.join(SELECT_FIELDS)})"):
    """The select of a preference; its value is the choice, or `DEFAULT_VALUE` for none."""

    field: str


def list_choices(field: str, catalogue: Catalogue) -> tuple[str, ...]:
    """List the choices of a select, without `DEFAULT_VALUE`, as far as Discord shows them."""
    choices: tuple[str, ...]
    match field:
        case "language":
            choices = list_languages()
        case "model":
            choices = tuple(model.key for model in catalogue.generation_models)
        case "count":
            choices = tuple(map(str, range(2, MAX_COUNT + 1)))
        case "keep":
            choices = _KEEP_VALUES if catalogue.models_with_field("keep") else ()
        case "fit":
            choices = tuple(Fit)
        case _ if field in OWN_CHOICES:
            choices = OWN_CHOICES[field]
        case _:
            models = catalogue.models_with_field(field)
            choices = tuple(choice for model in models for choice in model.fields[field].choices)
    return tuple(dict.fromkeys(choices))[: SELECT_OPTIONS_LIMIT - 1]


def apply_choice(preferences: Preferences, field: str, value: str, catalogue: Catalogue) -> Preferences | None:
    """Change a preference to the choice of a select; None if this is not a choice, as in an older message."""
    if value not in list_choices(field, catalogue) and (value != DEFAULT_VALUE or field in OWN_CHOICES):
        return None
    match field:
        case "language":
            return replace(preferences, language=None if value == DEFAULT_VALUE else value)
        case "ping":
            return replace(preferences, ping=Ping(value))
        case "private" | "in_galleries":
            is_on: Any = {field: value == "on"}
            return replace(preferences, **is_on)
        case "reuse_policy":
            return replace(preferences, reuse_policy=ReusePolicy(value))
    options = {name: option for name, option in preferences.options.items() if name != field}
    if value != DEFAULT_VALUE:
        options[field] = {"keep": float, "count": int}.get(field, str)(value)
    return replace(preferences, options=options)
