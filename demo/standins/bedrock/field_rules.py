"""Validates a JSON object field by field, with the messages of Bedrock's schema check (the library `everit`)."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

JsonType = Literal["String", "Integer", "Number", "JSONObject", "JSONArray"]


@dataclass(frozen=True)
class FieldRule:
    """The rule for one field: type, bounds of a number, length of a string (characters) or list, values of an enum."""

    type: JsonType
    required: bool = False
    minimum: float | None = None
    maximum: float | None = None
    min_length: int | None = None
    max_length: int | None = None
    values: Sequence[str] = ()


def find_violations(
    body: Mapping[str, Any], fields: Mapping[str, FieldRule], at: str = "#"
) -> Iterator[tuple[str, str]]:
    """Yield every violation as (path, message); the path is a JSON pointer such as `#/seed`."""
    for name, rule in fields.items():
        if rule.required and name not in body:
            yield at, f"required key [{name}] not found"
    for name, value in body.items():
        if name not in fields:
            yield at, f"extraneous key [{name}] is not permitted"
        elif problem := _find_violation(value, fields[name]):
            yield f"{at}/{name}", problem


def _find_violation(value: Any, rule: FieldRule) -> str | None:
    found = _get_json_type(value)
    if found != rule.type and not (rule.type == "Number" and found in {"Integer", "BigDecimal"}):
        return f"expected type: {rule.type}, found: {found}"
    if rule.minimum is not None and value < rule.minimum:
        return f"{value} is not greater or equal to {rule.minimum}"
    if rule.maximum is not None and value > rule.maximum:
        return f"{value} is not less or equal to {rule.maximum}"
    if rule.values and value not in rule.values:
        return f"{value} is not a valid enum value"
    return _find_length_violation(value, rule)


def _find_length_violation(value: Any, rule: FieldRule) -> str | None:
    is_array = rule.type == "JSONArray"
    if rule.min_length is not None and len(value) < rule.min_length:
        least = f"{rule.min_length}, found: {len(value)}"
        return (
            f"expected minimum item count: {least}"
            if is_array
            else f"expected minLength: {least}".replace("found", "actual")
        )
    if rule.max_length is not None and len(value) > rule.max_length:
        return f"expected maxLength: {rule.max_length}, actual: {len(value)}"
    return None


def _get_json_type(value: Any) -> str:
    names = {bool: "Boolean", int: "Integer", float: "BigDecimal", str: "String", list: "JSONArray", dict: "JSONObject"}
    return names.get(type(value), "Null")
