"""What Discord's own client and server hold people to before an application hears of it.

https://discord.com/developers/docs/interactions/application-commands#application-command-object-application-command-option-structure
"""

from typing import Any

from demo.discord.interaction import Interaction
from demo.discord.snowflake import is_snowflake
from demo.discord.validate_commands import MAX_INTEGER
from demo.discord.validate_components import ComponentType as T
from demo.discord.validate_components import walk
from demo.discord.world import World

SUB_COMMAND, SUB_COMMAND_GROUP, STRING, INTEGER, BOOLEAN, NUMBER, ATTACHMENT = 1, 2, 3, 4, 5, 10, 11
NESTING = (SUB_COMMAND, SUB_COMMAND_GROUP)
MAX_STRING = 6000
MAX_CUSTOM_ID = 100


class Forbidden(Exception):
    """What a person asked for is not possible; the text says why."""


def checked_options(
    world: World, known: list[dict[str, Any]], given: list[dict[str, Any]], *, typing: bool
) -> list[dict[str, Any]]:
    """Check the options a person filled in against the command's; typing allows what is not complete yet.

    Returns the options in the form that interactions carry. Raises Forbidden.
    """
    by_name = {option["name"]: option for option in known}
    kept = []
    for option in given:
        name = option.get("name")
        if name not in by_name:
            raise Forbidden(f"This command has no option {name!r}.")
        wanted = by_name[name]
        if wanted["type"] in NESTING:
            inner = checked_options(world, wanted.get("options") or [], option.get("options") or [], typing=typing)
            kept.append({"name": name, "type": wanted["type"], "options": inner})
        elif typing and option.get("focused"):
            if not wanted.get("autocomplete"):
                raise Forbidden(f"The option {name!r} is not completed by the application.")
            kept.append({"name": name, "type": wanted["type"], "value": str(option.get("value", "")), "focused": True})
        else:
            kept.append(
                {"name": name, "type": wanted["type"], "value": _checked_value(world, wanted, option.get("value"))}
            )
    if len({option["name"] for option in kept}) < len(kept):
        raise Forbidden("An option was given twice.")
    missing = [o["name"] for o in known if o.get("required") and o["name"] not in {k["name"] for k in kept}]
    if missing and not typing:
        raise Forbidden(f"The option {missing[0]!r} is required. Specify a value.")
    if known and known[0]["type"] in NESTING and len(kept) != 1:
        raise Forbidden("Choose one of the command's subcommands.")
    return kept


def _checked_value(world: World, option: dict[str, Any], value: Any) -> Any:
    """Return the value of an option in the form that interactions carry; raises Forbidden."""
    name, kind = option["name"], option["type"]
    if kind == STRING:
        _check_text(option, value)
    elif kind in (INTEGER, NUMBER):
        _check_number(option, value)
    elif kind == BOOLEAN:
        if not isinstance(value, bool):
            raise Forbidden(f"{name}: must be true or false.")
    elif not is_snowflake(value):
        raise Forbidden(f"{name}: must be an id.")
    else:
        value = str(value)
    if kind == ATTACHMENT and value not in world.attachments:
        raise Forbidden(f"{name}: this file is not uploaded.")
    if option.get("choices") and value not in [choice["value"] for choice in option["choices"]]:
        raise Forbidden(f"{name}: {value!r} is none of the choices.")
    return value


def _check_text(option: dict[str, Any], value: Any) -> None:
    if not isinstance(value, str):
        raise Forbidden(f"{option['name']}: must be a text.")
    low, high = option.get("min_length", 0), option.get("max_length", MAX_STRING)
    if not low <= len(value) <= high:
        raise Forbidden(f"{option['name']}: has {len(value)} characters; {low} to {high} are allowed.")


def _check_number(option: dict[str, Any], value: Any) -> None:
    whole = option["type"] == INTEGER
    if isinstance(value, bool) or not isinstance(value, int if whole else (int, float)):
        raise Forbidden(f"{option['name']}: must be {'an integer' if whole else 'a number'}.")
    low, high = option.get("min_value", -MAX_INTEGER), option.get("max_value", MAX_INTEGER)
    if not low <= value <= high:
        raise Forbidden(f"{option['name']}: {value} is out of range; {low} to {high} are allowed.")


def component_of(components: list[dict[str, Any]], custom_id: str) -> dict[str, Any]:
    """Find the component a person used; raises Forbidden when it is not there or disabled."""
    for component in walk(components):
        if component.get("custom_id") == custom_id:
            if component.get("disabled"):
                raise Forbidden("This component is disabled.")
            return component
    raise Forbidden("This message has no such component.")


def component_data(component: dict[str, Any], values: list[Any] | None) -> dict[str, Any]:
    """Return the data of a component interaction; raises Forbidden for values that a select does not allow."""
    data: dict[str, Any] = {
        "component_type": component["type"],
        "custom_id": component["custom_id"],
        "id": component["id"],
    }
    if component["type"] == T.BUTTON:
        return data
    values = [str(value) for value in values or []]
    if not component["min_values"] <= len(values) <= component["max_values"]:
        raise Forbidden(f"Choose {component['min_values']} to {component['max_values']} of the options.")
    if "options" in component and not set(values) <= {option["value"] for option in component["options"]}:
        raise Forbidden("This value is none of the options.")
    return {**data, "values": values}


def forged_data(custom_id: str, values: list[Any] | None) -> dict[str, Any]:
    """Return the data of a component that a message need not have: a button, or with values a string select."""
    if not 1 <= len(custom_id) <= MAX_CUSTOM_ID:
        raise Forbidden(f"A custom_id has 1 to {MAX_CUSTOM_ID} characters.")
    data: dict[str, Any] = {"component_type": int(T.BUTTON), "custom_id": custom_id, "id": 1}
    if values is None:
        return data
    return {**data, "component_type": int(T.STRING_SELECT), "values": [str(value) for value in values]}


def submitted(world: World, interaction: Interaction, filled: dict[str, Any]) -> dict[str, Any]:
    """Return the data of a modal submit from what a person filled in (by custom_id); raises Forbidden."""
    if interaction.modal is None:
        raise Forbidden("There is no such modal.")
    rows = []
    for row in interaction.modal["components"]:
        kept = {"type": row["type"], "id": row["id"]}
        if row["type"] == T.LABEL:
            kept["component"] = _filled(world, row["component"], row["label"], filled)
        elif row["type"] == T.ACTION_ROW:
            kept["components"] = [_filled(world, item, item["label"], filled) for item in row["components"]]
        rows.append(kept)
    return {"custom_id": interaction.modal["custom_id"], "components": rows}


def _filled(world: World, field: dict[str, Any], label: str, filled: dict[str, Any]) -> dict[str, Any]:
    kept = {"type": field["type"], "id": field["id"], "custom_id": field["custom_id"]}
    value = filled.get(field["custom_id"])
    if field["type"] == T.CHECKBOX:
        return {**kept, "value": bool(field.get("default") if value is None else value)}
    if field["type"] == T.TEXT_INPUT:
        text = str(field.get("value", "") if value is None else value)
        low = max(field.get("min_length", 0), int(field["required"])) if text or field["required"] else 0
        if not low <= len(text) <= field.get("max_length", 4000):
            raise Forbidden(f"{label}: has {len(text)} characters, which is out of its range.")
        return {**kept, "value": text}
    if field["type"] == T.RADIO_GROUP:
        default = next((o["value"] for o in field["options"] if o.get("default")), None)
        value = default if value is None else value
        if value is None and field["required"]:
            raise Forbidden(f"{label}: choose one.")
        if value is not None and value not in {option["value"] for option in field["options"]}:
            raise Forbidden(f"{label}: this is none of the options.")
        return {**kept, "value": value}
    values = _chosen(field, value)
    least = field["min_values"] if field["required"] or values else 0
    if not least <= len(values) <= field["max_values"]:
        raise Forbidden(f"{label}: choose {least} to {field['max_values']}.")
    if "options" in field and not set(values) <= {option["value"] for option in field["options"]}:
        raise Forbidden(f"{label}: this is none of the options.")
    if field["type"] == T.FILE_UPLOAD and not all(v in world.attachments for v in values):
        raise Forbidden(f"{label}: this file is not uploaded.")
    return {**kept, "values": values}


def _chosen(field: dict[str, Any], value: Any) -> list[str]:
    """Return what a person chose in a field; its defaults where they did not touch it."""
    if value is None:
        return [option["value"] for option in field.get("options", ()) if option.get("default")]
    return [str(one) for one in (value if isinstance(value, list) else [value])]
