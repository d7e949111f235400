"""The choices of the options that people and teams choose beforehand, for selects."""

from typing import Final

from bot.rendering.form_fields import SELECT_OPTIONS_LIMIT
from bot.rendering.labels import format_model_label
from bot.rendering.settings_text import format_number
from shared.catalogue import Catalogue
from shared.i18n.messages import Messages
from shared.request.model import MAX_COUNT, Fit

_KEEP_VALUES: Final = ("10", "20", "35", "50", "65", "80", "90")


def list_option_choices(field: str, catalogue: Catalogue) -> tuple[str, ...]:
    """List the choices of an option, as far as Discord shows them beside one for none."""
    choices: tuple[str, ...]
    match field:
        case "model":
            choices = tuple(model.key for model in catalogue.generation_models)
        case "count":
            choices = tuple(map(str, range(2, MAX_COUNT + 1)))
        case "keep":
            choices = _KEEP_VALUES if catalogue.models_with_field("keep") else ()
        case "fit":
            choices = tuple(Fit)
        case _:
            models = catalogue.models_with_field(field)
            choices = tuple(choice for model in models for choice in model.fields[field].choices)
    return tuple(dict.fromkeys(choices))[: SELECT_OPTIONS_LIMIT - 1]


def parse_option_choice(field: str, choice: str) -> str | float | int:
    """Parse a choice into the value that the option has in a request."""
    parse: type[str | float | int] = {"keep": float, "count": int}.get(field, str)
    return parse(choice)


def format_option_choice(field: str, choice: str, catalogue: Catalogue, messages: Messages) -> str:
    """Format a choice for a select."""
    match field:
        case "model":
            return format_model_label(catalogue.models[choice], catalogue, messages)
        case "keep":
            return messages.text("result.percent", value=format_number(float(choice), messages))
        case _:
            return messages.get_choice_label(field, choice)
