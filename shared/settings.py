"""The settings that bot and worker have in common, and reading them from the environment and `.env`."""

from pathlib import Path
from typing import Any, Literal, TypeVar

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_core import PydanticUndefined
from pydantic_settings import BaseSettings, SettingsConfigDict

from shared.catalogue import Catalogue, load_catalogue
from shared.errors import PentimentoError

SettingsT = TypeVar("SettingsT", bound=BaseSettings)


class InvalidSettingsError(PentimentoError):
    """Settings are missing or wrong; the message names each on a line of its own."""


class CommonSettings(BaseSettings):
    """Settings that the bot and the worker read. The environment takes precedence over `.env`."""

    model_config = SettingsConfigDict(env_file=".env", env_ignore_empty=True, extra="ignore", frozen=True)

    redis_url: SecretStr = Field(
        SecretStr("redis://127.0.0.1:6379/0"),
        description="The URL of the Redis server that bot and workers share: redis://, rediss:// (TLS) or unix://.",
    )
    catalogue_file: Path | None = Field(
        None,
        description="A TOML file that overrides parts of shared/catalogue.toml: prices, regions, models on offer.",
    )
    heartbeat_file: Path | None = Field(
        None, description="A file that is touched every few seconds while all is well, for a container's health check."
    )
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        "INFO", description="The lowest level of messages that are logged: DEBUG, INFO, WARNING or ERROR."
    )

    @field_validator("catalogue_file")
    @classmethod
    def _require_file(cls, path: Path | None) -> Path | None:
        if path is not None and not path.is_file():
            raise ValueError("there is no such file")
        return path

    def read_catalogue(self) -> Catalogue:
        """Read the catalogue with the operator's changes. Raises `InvalidSettingsError` for a wrong file."""
        try:
            return load_catalogue(self.catalogue_file.read_text(encoding="utf-8") if self.catalogue_file else "")
        except (OSError, ValueError) as error:
            raise InvalidSettingsError(f"CATALOGUE_FILE is wrong: {error}") from error


def read_settings(settings_class: type[SettingsT], **overrides: Any) -> SettingsT:
    """Read settings. Raises `InvalidSettingsError`, which names every setting that is missing or wrong."""
    try:
        return settings_class(**overrides)
    except ValidationError as error:
        errors = sorted(error.errors(), key=lambda details: details["type"] != "missing")
        lines = [
            _format_error(settings_class, str(details["loc"][0]), details["type"], details["msg"]) for details in errors
        ]
        raise InvalidSettingsError("\n".join(dict.fromkeys(lines))) from None


def describe_settings(settings_class: type[BaseSettings]) -> tuple[tuple[str, str, str], ...]:
    """List the name, the default and the description of every setting, required settings first."""
    fields = sorted(settings_class.model_fields.items(), key=lambda item: not item[1].is_required())
    return tuple((name.upper(), _format_default(field.default), field.description or "") for name, field in fields)


def _format_error(settings_class: type[BaseSettings], field: str, error_type: str, message: str) -> str:
    reason = "is missing" if error_type == "missing" else f"is wrong: {message.removeprefix('Value error, ')}"
    return f"{field.upper()} {reason}. {settings_class.model_fields[field].description}"


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
