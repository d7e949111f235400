"""The preferences that can be chosen, the custom ids with which they are, and how a choice changes them."""

from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, Final

from bot.domain.preferences import Ping, Preferences, ReusePolicy
from bot.interactions.custom_ids import CustomId
from bot.rendering.form_fields import SELECT_OPTIONS_LIMIT
from bot.rendering.option_choices import list_option_choices, parse_option_choice
from shared.catalogue import Catalogue
from shared.i18n.messages import list_languages

DEFAULT_VALUE: Final = "-"
LANGUAGE_FIELD: Final = "language"
OPTION_FIELDS: Final = ("model", "count", "keep", "style_preset", "fit", "output_format")
OWN_CHOICES: Final = MappingProxyType(
    {"ping": tuple(Ping), "private": ("off", "on"), "reuse_policy": tuple(ReusePolicy), "in_galleries": ("on", "off")}
)
"""The preferences that are no option of a command, with their choices, of which one always is in force."""

SELECT_FIELDS: Final = (LANGUAGE_FIELD, *OWN_CHOICES, *OPTION_FIELDS)


@dataclass(frozen=True)
class PreferenceSelectId(CustomId, template=f"preference_select:(?P<field>{'|'.join(SELECT_FIELDS)})"):
    """The select of a preference; its value is the choice, or `DEFAULT_VALUE` for none."""

    field: str


def list_choices(field: str, catalogue: Catalogue) -> tuple[str, ...]:
    """List the choices of a select, without `DEFAULT_VALUE`, as far as Discord shows them."""
    if field in OPTION_FIELDS:
        return list_option_choices(field, catalogue)
    choices = list_languages() if field == LANGUAGE_FIELD else OWN_CHOICES[field]
    return choices[: SELECT_OPTIONS_LIMIT - 1]


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
    options: dict[str, Any] = {name: option for name, option in preferences.options.items() if name != field}
    if value != DEFAULT_VALUE:
        options[field] = parse_option_choice(field, value)
    return replace(preferences, options=options)
