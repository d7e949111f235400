"""The limits of application commands and their options.

https://discord.com/developers/docs/interactions/application-commands#application-command-object
"""

import re
import unicodedata
from typing import Any

from demo.standins.discord.form_validator import FieldPath, FormValidator

LOCALES = frozenset(
    re.findall(
        r"\S+",
        "ar bg cs da de el en-GB en-US es-ES es-419 fi fr he hi hr hu id it ja ko lt nl no pl pt-BR ro ru "
        "sv-SE th tr uk vi zh-CN zh-TW",
    )
)
"""https://discord.com/developers/docs/reference#locales"""
CHAT_INPUT, USER, MESSAGE = 1, 2, 3
SUB_COMMAND, SUB_COMMAND_GROUP, STRING, INTEGER, CHANNEL, NUMBER = 1, 2, 3, 4, 7, 10
OPTION_TYPES = tuple(range(1, 12))
CHOICE_TYPES = (STRING, INTEGER, NUMBER)
MAX_TOTAL_CHARACTERS = 8000
MAX_INTEGER = 2**53 - 1


def is_name(text: str) -> bool:
    """Tell whether a text is a valid name of a slash command or option: lower case, no spaces or punctuation."""
    return text == text.lower() and all(
        char in "-_'"
        or unicodedata.category(char)[0] in "LN"
        or "DEVANAGARI" in (n := unicodedata.name(char, ""))
        or "THAI" in n
        for char in text
    )


def check_command(payload: Any, where: FieldPath, scope: str | None) -> dict[str, Any]:
    """Check a command and return it with Discord's defaults; raises DiscordApiError 50035 with all errors."""
    form = FormValidator()
    if not isinstance(payload, dict):
        form.add_error(where, "DICT_TYPE_CONVERT", "Only dictionaries may be used in a DictType")
        form.raise_if_invalid()
    kind = form.check_choice((*where, "type"), payload.get("type"), (CHAT_INPUT, USER, MESSAGE)) or CHAT_INPUT
    _check_name(form, where, payload, slash=kind == CHAT_INPUT)
    options: list[dict[str, Any]] = []
    if kind == CHAT_INPUT:
        _check_description(form, where, payload)
        options = _check_options(form, where, payload.get("options"), (SUB_COMMAND_GROUP, *OPTION_TYPES))
    _check_settings(form, where, payload, kind)
    form.raise_if_invalid()
    permissions, contexts = payload.get("default_member_permissions"), payload.get("contexts")
    command = {
        "type": kind,
        "name": payload["name"],
        "name_localizations": payload.get("name_localizations") or None,
        "description": payload.get("description") or "",
        "description_localizations": payload.get("description_localizations") or None,
        "default_member_permissions": None if permissions is None else str(permissions),
        "nsfw": bool(payload.get("nsfw")),
        "integration_types": sorted(payload.get("integration_types") or [0]),
        "contexts": [0] if scope else [0, 1, 2] if contexts is None else contexts,
    }
    if scope is None:
        command["dm_permission"] = 1 in command["contexts"]
    return command | ({"options": options} if options else {})


def _check_settings(form: FormValidator, where: FieldPath, payload: dict[str, Any], kind: int) -> None:
    """Check permissions, contexts, and the total size."""
    permissions = payload.get("default_member_permissions")
    if permissions is not None and not str(permissions).isdigit():
        form.add_error(
            (*where, "default_member_permissions"), "NUMBER_TYPE_COERCE", f'Value "{permissions}" is not int.'
        )
    for key, allowed in (("contexts", (0, 1, 2)), ("integration_types", (0, 1))):
        for place, value in enumerate(form.check_items((*where, key), payload.get(key), 1, len(allowed))):
            form.check_choice((*where, key, place), value, allowed, required=True)
    if kind == CHAT_INPUT and _count_characters(payload) > MAX_TOTAL_CHARACTERS:
        message = f"The combined length of the command must be {MAX_TOTAL_CHARACTERS} or fewer."
        form.add_error(where, "APPLICATION_COMMAND_TOO_LARGE", message)
    if kind == CHAT_INPUT:
        return
    for key in ("description", "options"):
        if payload.get(key):
            message = f"Context menu commands cannot have {key}"
            form.add_error((*where, key), "APPLICATION_COMMAND_CONTEXT_MENU_FIELD", message)


def check_unique(commands: list[dict[str, Any]]) -> None:
    """Raise DiscordApiError 50035 if two commands of the same type share a name."""
    form, seen = FormValidator(), set()
    for place, command in enumerate(commands):
        if (command["type"], command["name"]) in seen:
            form.add_error(
                (place, "name"), "APPLICATION_COMMANDS_DUPLICATE_NAME", "Application command names must be unique"
            )
        seen.add((command["type"], command["name"]))
    form.raise_if_invalid()


def _check_name(form: FormValidator, where: FieldPath, item: dict[str, Any], *, slash: bool) -> None:
    names = {(*where, "name"): form.check_text((*where, "name"), item.get("name"), 1, 32, required=True)}
    names |= _check_localizations(form, where, item, "name", 32)
    for at, name in names.items():
        if slash and name and not is_name(name):
            form.add_error(at, "APPLICATION_COMMAND_INVALID_NAME", "Command name is invalid")


def _check_description(form: FormValidator, where: FieldPath, item: dict[str, Any]) -> None:
    form.check_text((*where, "description"), item.get("description"), 1, 100, required=True)
    _check_localizations(form, where, item, "description", 100)


def _check_localizations(
    form: FormValidator, where: FieldPath, item: dict[str, Any], key: str, high: int
) -> dict[FieldPath, str | None]:
    items = item.get(f"{key}_localizations")
    at = (*where, f"{key}_localizations")
    if items is None:
        return {}
    if not isinstance(items, dict):
        form.add_error(at, "DICT_TYPE_CONVERT", "Only dictionaries may be used in a DictType")
        return {}
    found: dict[FieldPath, str | None] = {}
    for locale, text in items.items():
        if locale not in LOCALES:
            form.add_error(at, "LOCALE_INVALID", f'The locale "{locale}" is not supported')
        found[(*at, locale)] = form.check_text((*at, locale), text, 1, high, required=True)
    return found


def _check_options(form: FormValidator, where: FieldPath, value: Any, allowed: tuple[int, ...]) -> list[dict[str, Any]]:
    """Check the options of a command, group or subcommand and return them with defaults."""
    items = form.check_objects((*where, "options"), value, 0, 25)
    names: set[Any] = set()
    optional_seen, checked = False, []
    kinds = {SUB_COMMAND if item.get("type") in (SUB_COMMAND, SUB_COMMAND_GROUP) else 0 for item in items}
    if len(kinds) > 1:
        message = "Sub-command and sub-command group option types are mutually exclusive to all other types"
        form.add_error((*where, "options"), "APPLICATION_COMMAND_OPTIONS_TYPE_INVALID", message)
    for place, item in enumerate(items):
        at = (*where, "options", place)
        checked.append(_check_option(form, at, item, allowed))
        if item.get("name") in names:
            form.add_error((*at, "name"), "APPLICATION_COMMAND_OPTIONS_NAME_NOT_UNIQUE", "Option name must be unique")
        names.add(item.get("name"))
        if item.get("required") and optional_seen:
            message = "Required options must be placed before non-required options"
            form.add_error(at, "APPLICATION_COMMAND_OPTIONS_REQUIRED_INVALID", message)
        optional_seen = optional_seen or not item.get("required")
    return checked


def _check_option(
    form: FormValidator, where: FieldPath, item: dict[str, Any], allowed: tuple[int, ...]
) -> dict[str, Any]:
    _check_name(form, where, item, slash=True)
    _check_description(form, where, item)
    kind = form.check_choice((*where, "type"), item.get("type"), tuple(dict.fromkeys(allowed)), required=True)
    checked = {"type": kind, "name": item.get("name"), "description": item.get("description")}
    checked |= {k: item.get(k) or None for k in ("name_localizations", "description_localizations")}
    if kind == SUB_COMMAND_GROUP:
        return checked | {"options": _check_options(form, where, item.get("options"), (SUB_COMMAND,))}
    if kind == SUB_COMMAND:
        return checked | {"options": _check_options(form, where, item.get("options"), OPTION_TYPES[2:])}
    if form.check_flag((*where, "required"), item.get("required")):
        checked["required"] = True
    checked |= _check_bounds(form, where, item, kind)
    choices = _check_choices(form, where, item, kind)
    if form.check_flag((*where, "autocomplete"), item.get("autocomplete")):
        checked["autocomplete"] = True
        if choices or kind not in CHOICE_TYPES:
            message = "Autocomplete cannot be used with choices or with this option type"
            form.add_error((*where, "autocomplete"), "APPLICATION_COMMAND_AUTOCOMPLETE_INVALID", message)
    if item.get("channel_types") and kind == CHANNEL:
        checked["channel_types"] = item["channel_types"]
    return checked | ({"choices": choices} if choices else {})


def _check_bounds(form: FormValidator, where: FieldPath, item: dict[str, Any], kind: Any) -> dict[str, Any]:
    checked = {}
    for pair, fits, low, high in (
        (("min_value", "max_value"), kind in (INTEGER, NUMBER), -MAX_INTEGER, MAX_INTEGER),
        (("min_length", "max_length"), kind == STRING, 0, 6000),
    ):
        for key in pair:
            if item.get(key) is None:
                continue
            if not fits:
                message = f"{key} is not valid for this option type"
                form.add_error((*where, key), "APPLICATION_COMMAND_OPTION_BOUND_INVALID", message)
            lowest = 1 if key == "max_length" else low
            checked[key] = form.check_number((*where, key), item[key], lowest, high, whole=kind != NUMBER)
        least, most = checked.get(pair[0]), checked.get(pair[1])
        if least is not None and most is not None and least > most:
            message = f"{pair[0]} must be less than or equal to {pair[1]}"
            form.add_error((*where, pair[0]), "APPLICATION_COMMAND_OPTION_BOUND_INVALID", message)
    return checked


def _check_choices(form: FormValidator, where: FieldPath, item: dict[str, Any], kind: Any) -> list[dict[str, Any]]:
    choices = form.check_objects((*where, "choices"), item.get("choices"), 0, 25)
    if choices and kind not in CHOICE_TYPES:
        message = "Choices are not valid for this option type"
        form.add_error((*where, "choices"), "APPLICATION_COMMAND_OPTION_CHOICES_INVALID", message)
        return []
    checked: list[dict[str, Any]] = []
    for place, choice in enumerate(choices):
        at = (*where, "choices", place)
        form.check_text((*at, "name"), choice.get("name"), 1, 100, required=True)
        _check_localizations(form, at, choice, "name", 100)
        value = choice.get("value")
        if kind == STRING:
            form.check_text((*at, "value"), value, 1, 100, required=True)
        else:
            form.check_number((*at, "value"), value, -MAX_INTEGER, MAX_INTEGER, whole=kind == INTEGER, required=True)
        if any(other["name"] == choice.get("name") for other in checked):
            form.add_error(
                (*at, "name"), "APPLICATION_COMMAND_OPTIONS_CHOICE_NAME_EXISTS", "Option choice name already exists"
            )
        checked.append(
            {"name": choice.get("name"), "value": value, "name_localizations": choice.get("name_localizations") or None}
        )
    return checked


def _count_characters(item: dict[str, Any]) -> int:
    """Return the characters that count towards 8000: values, and names and descriptions in their longest language."""
    size = 0
    for key in ("name", "description"):
        texts = [item.get(key), *(item.get(f"{key}_localizations") or {}).values()]
        size += max((len(text) for text in texts if isinstance(text, str)), default=0)
    if "value" in item:
        size += len(str(item["value"]))
    for inner in (*(item.get("options") or []), *(item.get("choices") or [])):
        size += _count_characters(inner) if isinstance(inner, dict) else 0
    return size
