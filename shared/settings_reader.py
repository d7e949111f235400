"""Reading the settings from arguments, files of secrets, the environment and `.env`, and describing them."""

import os
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar, get_args

from pydantic import AliasChoices, SecretStr, ValidationError
from pydantic_core import PydanticUndefined
from pydantic_settings import BaseSettings

from shared.env_file import ENV_FILE, InvalidEnvFileError, load_env_file
from shared.secret_files import SUFFIX, read_secret_files
from shared.setting_names import describe_misspelt_settings
from shared.settings import CommonSettings, InvalidSettingsError

SettingsT = TypeVar("SettingsT", bound=CommonSettings)


@dataclass(frozen=True)
class SettingsReport(Generic[SettingsT]):
    """The settings, None if some are missing or wrong; where each was found; and a line about each that is not valid.

    Sources and faults are by the names of settings, in capitals. A setting without a source has its default.
    """

    settings: SettingsT | None
    sources: Mapping[str, str]
    faults: Mapping[str, str]


def inspect_settings(settings_class: type[SettingsT], **overrides: Any) -> SettingsReport[SettingsT]:
    """Read `.env`, the files of secrets, and the settings, with these in place of others. Raises nothing.

    Secrets of libraries are set in the environment, other secrets of files are not.
    """
    try:
        from_env_file = load_env_file()
    except InvalidEnvFileError as error:
        return SettingsReport(None, {}, {str(ENV_FILE): str(error)})
    secrets = read_secret_files(list_secret_names(settings_class), os.environ)
    sources = _find_sources(settings_class, from_env_file)
    sources |= {name: f"{name}{SUFFIX}" for name in secrets.values}
    sources |= {name.upper(): "argument" for name in overrides}
    own = {name.lower(): value for name, value in secrets.values.items() if name.lower() in settings_class.model_fields}
    os.environ.update({name: value for name, value in secrets.values.items() if name.lower() not in own})
    try:
        settings = settings_class(**{**own, **overrides})
    except ValidationError as error:
        return SettingsReport(None, sources, {**_describe_errors(settings_class, error), **secrets.faults})
    return SettingsReport(None if secrets.faults else settings, sources, secrets.faults)


def _find_sources(settings_class: type[CommonSettings], from_env_file: Collection[str]) -> dict[str, str]:
    names = {name.upper(): list_variables(settings_class, name) for name in settings_class.model_fields}
    names |= {name: (name,) for name in settings_class.library_secrets}
    present = {variable.upper() for variable, value in os.environ.items() if value}
    sources = {}
    for name, variables in names.items():
        variable = next((variable for variable in variables if variable in present), None)
        if variable is not None:
            place = str(ENV_FILE) if variable in from_env_file else "environment"
            sources[name] = place if variable == name else f"{place}, {variable}"
    return sources


def _describe_errors(settings_class: type[BaseSettings], error: ValidationError) -> dict[str, str]:
    """Write a line about each setting with an error, those that are missing first."""
    lines = dict[str, str]()
    for details in sorted(error.errors(), key=lambda details: details["type"] != "missing"):
        field = _find_field(settings_class, str(details["loc"][0]))
        lines.setdefault(field.upper(), _format_error(settings_class, field, details["type"], details["msg"]))
    return lines


def _find_field(settings_class: type[BaseSettings], location: str) -> str:
    """Find the field of an error, whose location may be another name of the field."""
    return next(
        name for name in settings_class.model_fields if location.upper() in list_variables(settings_class, name)
    )


def read_settings(settings_class: type[SettingsT], *, heading: str = "", **overrides: Any) -> SettingsT:
    """Read `.env`, the files of secrets, and the settings.

    Raises `InvalidSettingsError`, which names all that is missing or wrong, one a line below the heading.
    """
    report = inspect_settings(settings_class, **overrides)
    if report.settings is not None:
        return report.settings
    if str(ENV_FILE) in report.faults:
        raise InvalidSettingsError(report.faults[str(ENV_FILE)])
    lines = [*([heading] if heading else []), *report.faults.values(), *find_misspelt_settings()]
    raise InvalidSettingsError("\n".join(lines))


def list_secret_names(settings_class: type[CommonSettings]) -> tuple[str, ...]:
    """List the names of the settings whose values are secret, each of which a file may hold."""
    fields = settings_class.model_fields.items()
    own = (name.upper() for name, field in fields if SecretStr in {field.annotation, *get_args(field.annotation)})
    return (*own, *settings_class.library_secrets)


def list_variables(settings_class: type[BaseSettings], field: str) -> tuple[str, ...]:
    """List the variables of the environment that a field is read from, the first that is set counts."""
    alias = settings_class.model_fields[field].validation_alias
    names = [str(choice) for choice in alias.choices] if isinstance(alias, AliasChoices) else [field]
    return tuple(name.upper() for name in names)


def find_misspelt_settings() -> list[str]:
    """Write two sentences about each variable of the environment that resembles a setting and is none."""
    return describe_misspelt_settings(os.environ)


def describe_settings(settings_class: type[BaseSettings]) -> tuple[tuple[str, str, str], ...]:
    """List the name, the default and the description of every setting, required settings first."""
    fields = sorted(settings_class.model_fields.items(), key=lambda item: not item[1].is_required())
    return tuple((name.upper(), _format_default(field.default), field.description or "") for name, field in fields)


def _format_error(settings_class: type[BaseSettings], field: str, error_type: str, message: str) -> str:
    reason = (
        "is missing"
        if error_type == "missing"
        else f"is wrong: {message.removeprefix('Value error, ').replace('Input should be', 'it must be')}"
    )
    is_advice = ". " in reason
    return f"{field.upper()} {reason}." + ("" if is_advice else f" {settings_class.model_fields[field].description}")


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
