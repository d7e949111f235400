"""The checks that Discord's client and servers make before an interaction reaches the application.

https://discord.com/developers/docs/interactions/application-commands#application-command-object-application-command-option-structure
"""

from typing import Any

from demo.standins.discord.channels import Channel
from demo.standins.discord.components import ComponentType as T
from demo.standins.discord.components import walk_components
from demo.standins.discord.interaction import Interaction
from demo.standins.discord.permissions import Permission
from demo.standins.discord.snowflake import is_snowflake
from demo.standins.discord.state import DiscordState
from demo.standins.discord.users import User
from demo.standins.discord.validate_commands import MAX_INTEGER

SUB_COMMAND, SUB_COMMAND_GROUP, STRING, INTEGER, BOOLEAN, NUMBER, ATTACHMENT = 1, 2, 3, 4, 5, 10, 11
SUBCOMMAND_TYPES = (SUB_COMMAND, SUB_COMMAND_GROUP)
MAX_STRING = 6000
MAX_CUSTOM_ID = 100


class ForbiddenError(Exception):
    """The user cannot do this; the message says why."""


def check_options(
    state: DiscordState, definitions: list[dict[str, Any]], given: list[dict[str, Any]], *, typing: bool
) -> list[dict[str, Any]]:
    """Check the options against the command's definition; with `typing` they may be incomplete.

    Returns the options as interactions carry them. Raises ForbiddenError.
    """
    by_name = {option["name"]: option for option in definitions}
    checked = []
    for option in given:
        name = option.get("name")
        if name not in by_name:
            raise ForbiddenError(f"This command has no option {name!r}.")
        definition = by_name[name]
        if definition["type"] in SUBCOMMAND_TYPES:
            inner = check_options(state, definition.get("options") or [], option.get("options") or [], typing=typing)
            checked.append({"name": name, "type": definition["type"], "options": inner})
        elif typing and option.get("focused"):
            if not definition.get("autocomplete"):
                raise ForbiddenError(f"The option {name!r} has no autocomplete.")
            checked.append(
                {"name": name, "type": definition["type"], "value": str(option.get("value", "")), "focused": True}
            )
        else:
            checked.append(
                {
                    "name": name,
                    "type": definition["type"],
                    "value": _check_value(state, definition, option.get("value")),
                }
            )
    if len({option["name"] for option in checked}) < len(checked):
        raise ForbiddenError("An option was given twice.")
    missing = [o["name"] for o in definitions if o.get("required") and o["name"] not in {k["name"] for k in checked}]
    if missing and not typing:
        raise ForbiddenError(f"The option {missing[0]!r} is required. Specify a value.")
    if definitions and definitions[0]["type"] in SUBCOMMAND_TYPES and len(checked) != 1:
        raise ForbiddenError("Choose one of the command's subcommands.")
    return checked


def _check_value(state: DiscordState, option: dict[str, Any], value: Any) -> Any:
    """Return an option's value as interactions carry it; raises ForbiddenError."""
    name, kind = option["name"], option["type"]
    if kind == STRING:
        _check_text(option, value)
    elif kind in (INTEGER, NUMBER):
        _check_number(option, value)
    elif kind == BOOLEAN:
        if not isinstance(value, bool):
            raise ForbiddenError(f"{name}: must be true or false.")
    elif not is_snowflake(value):
        raise ForbiddenError(f"{name}: must be an id.")
    else:
        value = str(value)
    if kind == ATTACHMENT and value not in state.attachments:
        raise ForbiddenError(f"{name}: this file was not uploaded.")
    if option.get("choices") and value not in [choice["value"] for choice in option["choices"]]:
        raise ForbiddenError(f"{name}: {value!r} is not one of the choices.")
    return value


def _check_text(option: dict[str, Any], value: Any) -> None:
    if not isinstance(value, str):
        raise ForbiddenError(f"{option['name']}: must be a string.")
    low, high = option.get("min_length", 0), option.get("max_length", MAX_STRING)
    if not low <= len(value) <= high:
        raise ForbiddenError(f"{option['name']}: has {len(value)} characters; {low} to {high} are allowed.")


def _check_number(option: dict[str, Any], value: Any) -> None:
    whole = option["type"] == INTEGER
    if isinstance(value, bool) or not isinstance(value, int if whole else (int, float)):
        raise ForbiddenError(f"{option['name']}: must be {'an integer' if whole else 'a number'}.")
    low, high = option.get("min_value", -MAX_INTEGER), option.get("max_value", MAX_INTEGER)
    if not low <= value <= high:
        raise ForbiddenError(f"{option['name']}: {value} is out of range; {low} to {high} are allowed.")


def find_component(components: list[dict[str, Any]], custom_id: str) -> dict[str, Any]:
    """Find the component with this custom_id; raises ForbiddenError if it is missing or disabled."""
    for component in walk_components(components):
        if component.get("custom_id") == custom_id:
            if component.get("disabled"):
                raise ForbiddenError("This component is disabled.")
            return component
    raise ForbiddenError("This message has no such component.")


def build_component_data(component: dict[str, Any], values: list[Any] | None) -> dict[str, Any]:
    """Return the data of a component interaction; raises ForbiddenError for invalid values."""
    data: dict[str, Any] = {
        "component_type": component["type"],
        "custom_id": component["custom_id"],
        "id": component["id"],
    }
    if component["type"] == T.BUTTON:
        return data
    values = list(dict.fromkeys(str(value) for value in values or []))
    if not component["min_values"] <= len(values) <= component["max_values"]:
        raise ForbiddenError(f"Choose {component['min_values']} to {component['max_values']} of the options.")
    if "options" in component and not set(values) <= {option["value"] for option in component["options"]}:
        raise ForbiddenError("This value is not one of the options.")
    return {**data, "values": values}


def require_selectable(
    state: DiscordState, user: User, channel: Channel, component: dict[str, Any], data: dict[str, Any]
) -> None:
    """Require that the values of a user, role or channel select are among those that the client lists.

    Raises ForbiddenError.
    """
    values, guild = data.get("values", []), state.guilds.get(channel.guild_id or "")
    kind, types = component["type"], component.get("channel_types")
    users = set(guild.members) if guild else {user.id, state.bot.id}
    roles = set(guild.roles) if guild else set()
    channels = {
        other.id
        for other in state.channels.values()
        if guild and other.guild_id == guild.id and (not types or other.type in types)
        if state.compute_permissions(other, user.id) & Permission.VIEW_CHANNEL
    }
    listed = {
        T.USER_SELECT: users,
        T.ROLE_SELECT: roles,
        T.MENTIONABLE_SELECT: users | roles,
        T.CHANNEL_SELECT: channels,
    }
    if kind in listed and not set(values) <= listed[kind]:
        raise ForbiddenError("This value is not one of those to choose from.")


def build_forged_data(custom_id: str, values: list[Any] | None) -> dict[str, Any]:
    """Return the data of a component that the message need not have: a button or, with values, a string select."""
    if not 1 <= len(custom_id) <= MAX_CUSTOM_ID:
        raise ForbiddenError(f"A custom_id has 1 to {MAX_CUSTOM_ID} characters.")
    data: dict[str, Any] = {"component_type": int(T.BUTTON), "custom_id": custom_id, "id": 1}
    if values is None:
        return data
    return {**data, "component_type": int(T.STRING_SELECT), "values": [str(value) for value in values]}


def build_modal_data(state: DiscordState, interaction: Interaction, filled: dict[str, Any]) -> dict[str, Any]:
    """Return the data of a modal submit, given values by custom_id; raises ForbiddenError."""
    if interaction.modal is None:
        raise ForbiddenError("There is no such modal.")
    rows = []
    for row in interaction.modal["components"]:
        filled_row = {"type": row["type"], "id": row["id"]}
        if row["type"] == T.LABEL:
            filled_row["component"] = _fill_field(state, row["component"], row["label"], filled)
        elif row["type"] == T.ACTION_ROW:
            filled_row["components"] = [_fill_field(state, item, item["label"], filled) for item in row["components"]]
        rows.append(filled_row)
    return {"custom_id": interaction.modal["custom_id"], "components": rows}


def _fill_field(state: DiscordState, field: dict[str, Any], label: str, filled: dict[str, Any]) -> dict[str, Any]:
    base = {"type": field["type"], "id": field["id"], "custom_id": field["custom_id"]}
    value = filled.get(field["custom_id"])
    if field["type"] == T.CHECKBOX:
        return {**base, "value": bool(field.get("default") if value is None else value)}
    if field["type"] == T.TEXT_INPUT:
        text = str(field.get("value", "") if value is None else value)
        low = max(field.get("min_length", 0), int(field["required"])) if text or field["required"] else 0
        if not low <= len(text) <= field.get("max_length", 4000):
            raise ForbiddenError(f"{label}: has {len(text)} characters, which is out of its range.")
        return {**base, "value": text}
    if field["type"] == T.RADIO_GROUP:
        default = next((o["value"] for o in field["options"] if o.get("default")), None)
        value = default if value is None else value
        if value is None and field["required"]:
            raise ForbiddenError(f"{label}: choose one.")
        if value is not None and value not in {option["value"] for option in field["options"]}:
            raise ForbiddenError(f"{label}: this is not one of the options.")
        return {**base, "value": value}
    values = _get_chosen_values(field, value)
    least = field["min_values"] if field["required"] or values else 0
    if not least <= len(values) <= field["max_values"]:
        raise ForbiddenError(f"{label}: choose {least} to {field['max_values']}.")
    if "options" in field and not set(values) <= {option["value"] for option in field["options"]}:
        raise ForbiddenError(f"{label}: this is not one of the options.")
    if field["type"] == T.FILE_UPLOAD and not all(v in state.attachments for v in values):
        raise ForbiddenError(f"{label}: this file was not uploaded.")
    return {**base, "values": values}


def _get_chosen_values(field: dict[str, Any], value: Any) -> list[str]:
    """Return the chosen values of a field, or its defaults if the user left it unchanged."""
    if value is None:
        return [option["value"] for option in field.get("options", ()) if option.get("default")]
    return [str(one) for one in (value if isinstance(value, list) else [value])]
