"""The preferences that can be chosen, the custom ids with which they are, and how a choice changes them."""

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from bot.domain.preferences import Preferences
from bot.interactions.custom_ids import CustomId
from bot.rendering.form_fields import SELECT_OPTIONS_LIMIT
from shared.catalogue import Catalogue
from shared.i18n.messages import list_languages
from shared.request.model import Fit

DEFAULT_VALUE: Final = "-"
LANGUAGE_FIELD: Final = "language"
OPTION_FIELDS: Final = ("model", "keep", "style_preset", "fit", "output_format")
SELECT_FIELDS: Final = (LANGUAGE_FIELD, *OPTION_FIELDS)
_KEEP_VALUES: Final = ("10", "20", "35", "50", "65", "80", "90")


class ToggleField(StrEnum):
    """The preferences that are either on or off."""

    PINGS = "pings"
    PRIVATE = "private"


class ToggleState(StrEnum):
    """On or off."""

    ON = "on"
    OFF = "off"


@dataclass(frozen=True)
class PreferenceSelectId(CustomId, template=f"preference_select:(?P<field>{'|'.join(SELECT_FIELDS)})"):
    """The select of a preference; its value is the choice, or `DEFAULT_VALUE` for none."""

    field: str


@dataclass(frozen=True)
class PreferenceToggleId(CustomId, template="preference_toggle:(?P<field>pings|private):(?P<state>on|off)"):
    """A button that switches a preference on or off."""

    field: ToggleField
    state: ToggleState


def get_toggle_state(preferences: Preferences, field: ToggleField) -> ToggleState:
    """Get the state of a preference that is either on or off."""
    is_on = preferences.pings if field is ToggleField.PINGS else preferences.private
    return ToggleState.ON if is_on else ToggleState.OFF


def list_choices(field: str, catalogue: Catalogue) -> tuple[str, ...]:
    """List the choices of a select, without `DEFAULT_VALUE`, as far as Discord shows them."""
    choices: tuple[str, ...]
    match field:
        case "language":
            choices = list_languages()
        case "model":
            choices = tuple(model.key for model in catalogue.generation_models)
        case "keep":
            choices = _KEEP_VALUES if catalogue.models_with_field("keep") else ()
        case "fit":
            choices = tuple(Fit)
        case _:
            models = catalogue.models_with_field(field)
            choices = tuple(choice for model in models for choice in model.fields[field].choices)
    return tuple(dict.fromkeys(choices))[: SELECT_OPTIONS_LIMIT - 1]


def apply_choice(preferences: Preferences, field: str, value: str, catalogue: Catalogue) -> Preferences | None:
    """Change a preference to the choice of a select; None if this is not a choice, as in an older message."""
    if value not in {DEFAULT_VALUE, *list_choices(field, catalogue)}:
        return None
    if field == LANGUAGE_FIELD:
        return replace(preferences, language=None if value == DEFAULT_VALUE else value)
    options = {name: option for name, option in preferences.options.items() if name != field}
    if value != DEFAULT_VALUE:
        options[field] = float(value) if field == "keep" else value
    return replace(preferences, options=options)


def apply_toggle(preferences: Preferences, field: ToggleField, state: ToggleState) -> Preferences:
    """Switch a preference on or off."""
    is_on = state is ToggleState.ON
    return replace(preferences, pings=is_on) if field is ToggleField.PINGS else replace(preferences, private=is_on)
