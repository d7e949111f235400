"""How each half reads its settings: from the environment and `.env`, all that is wrong named at once."""

from typing import Any, TypeVar

from pydantic import SecretStr, ValidationError
from pydantic_core import PydanticUndefined
from pydantic_settings import BaseSettings

from shared.errors import PentimentoError

SettingsT = TypeVar("SettingsT", bound=BaseSettings)


class InvalidSettingsError(PentimentoError):
    """What is missing or wrong, all of it, a line each."""


def read_settings(settings_class: type[SettingsT], **given: Any) -> SettingsT:
    """Read the settings of one half.

    Raises `InvalidSettingsError`, which names every variable that is missing or wrong.
    """
    try:
        return settings_class(**given)
    except ValidationError as error:
        lines = [
            _format_error(settings_class, str(wrong["loc"][0]), wrong["type"], wrong["msg"]) for wrong in error.errors()
        ]
        raise InvalidSettingsError("\n".join(dict.fromkeys(lines))) from None


def describe_settings(settings_class: type[BaseSettings]) -> tuple[tuple[str, str, str], ...]:
    """Name, default and description of every setting, in the order in which they stand."""
    return tuple(
        (name.upper(), _format_default(field.default), field.description or "")
        for name, field in settings_class.model_fields.items()
    )


def _format_error(settings_class: type[BaseSettings], field: str, error_type: str, message: str) -> str:
    said = "is missing" if error_type == "missing" else f"is wrong: {message}"
    return f"{field.upper()} {said}. {settings_class.model_fields[field].description}"


def _format_default(default: Any) -> str:
    match default:
        case SecretStr():
            return default.get_secret_value()
        case tuple() | frozenset():
            return ",".join(str(part) for part in default)
        case None:
            return ""
        case _:
            return "" if default is PydanticUndefined else str(default)
