"""How each half reads its settings: from the environment and `.env`, all that is wrong named at once."""

from typing import Any, TypeVar

from pydantic import SecretStr, ValidationError
from pydantic_core import PydanticUndefined
from pydantic_settings import BaseSettings

S = TypeVar("S", bound=BaseSettings)


class SettingsMissing(Exception):
    """What is missing or wrong, all of it, a line each."""


def read_settings(kind: type[S], **given: Any) -> S:
    """Read the settings of one half. Raises `SettingsMissing`, which names every variable that is missing or wrong."""
    try:
        return kind(**given)
    except ValidationError as error:
        lines = [_line(kind, str(wrong["loc"][0]), wrong["type"], wrong["msg"]) for wrong in error.errors()]
        raise SettingsMissing("\n".join(dict.fromkeys(lines))) from None


def rows(kind: type[BaseSettings]) -> tuple[tuple[str, str, str], ...]:
    """Name, default and description of every setting, in the order in which they stand."""
    return tuple(
        (name.upper(), _written(field.default), field.description or "") for name, field in kind.model_fields.items()
    )


def _line(kind: type[BaseSettings], field: str, what: str, message: str) -> str:
    said = "is missing" if what == "missing" else f"is wrong: {message}"
    return f"{field.upper()} {said}. {kind.model_fields[field].description}"


def _written(default: Any) -> str:
    match default:
        case SecretStr():
            return default.get_secret_value()
        case tuple() | frozenset():
            return ",".join(str(part) for part in default)
        case None:
            return ""
        case _:
            return "" if default is PydanticUndefined else str(default)
