"""The limits of autocomplete choices.

https://discord.com/developers/docs/interactions/receiving-and-responding#interaction-response-object-autocomplete
"""

from typing import Any

from demo.standins.discord.form_validator import FormValidator
from demo.standins.discord.interaction import Interaction
from demo.standins.discord.validate_commands import INTEGER, MAX_INTEGER, STRING


def find_focused_option(options: list[dict[str, Any]]) -> dict[str, Any] | None:
    """Return the focused option."""
    for option in options:
        if option.get("focused"):
            return option
        if (inner := find_focused_option(option.get("options") or [])) is not None:
            return inner
    return None


def check_choices(interaction: Interaction, data: dict[str, Any]) -> list[dict[str, Any]]:
    """Check up to 25 choices of the focused option's type; raises DiscordApiError 50035."""
    form = FormValidator()
    option = find_focused_option(interaction.data.get("options") or []) or {"type": STRING}
    checked = []
    for place, choice in enumerate(form.check_objects(("data", "choices"), data.get("choices"), 0, 25)):
        at = ("data", "choices", place)
        form.check_text((*at, "name"), choice.get("name"), 1, 100, required=True)
        value = choice.get("value")
        if option["type"] == STRING:
            form.check_text((*at, "value"), value, 1, 100, required=True)
        else:
            whole = option["type"] == INTEGER
            form.check_number((*at, "value"), value, -MAX_INTEGER, MAX_INTEGER, whole=whole, required=True)
        checked.append({"name": choice.get("name"), "value": value})
    form.raise_if_invalid()
    return checked
