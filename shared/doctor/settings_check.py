"""Checking the settings: where each was found, its value unless it is secret, and whether it is valid."""

import os
from collections.abc import Iterable, Iterator
from typing import Any, Final

from pydantic import SecretStr

from shared.doctor.findings import SETTING, SETTINGS_FILE, Finding, Status, find_fault
from shared.doctor.redaction import HIDDEN, describe_address
from shared.env_file import ENV_FILE, list_env_file_names
from shared.setting_names import describe_misspelt_settings, is_setting
from shared.settings import CommonSettings
from shared.settings_reader import SettingsReport, list_secret_names

_FOREIGN_PREFIXES: Final = ("AWS_", "COMPOSE_", "DOCKER_", "GF_", "GRAFANA_", "OTEL_", "POSTGRES_", "PYTHON")
_FOREIGN_NAMES: Final = frozenset({"HOME", "LANG", "PATH", "TZ"})
"""Variables of `.env` that other programs read."""


def check_settings(settings_class: type[CommonSettings], report: SettingsReport[Any]) -> list[Finding]:
    """List a finding for each setting, and one for each variable that looks like one or stands in `.env` in vain."""
    names = [*(name.upper() for name in settings_class.model_fields), *settings_class.library_secrets]
    unset = [name for name in names if name not in report.sources and name not in report.faults]
    if str(ENV_FILE) in report.faults:
        return [find_fault(SETTINGS_FILE, report.faults[str(ENV_FILE)])]
    findings = [find_fault(f"{SETTING}{name}", line) for name, line in report.faults.items()]
    secrets = list_secret_names(settings_class)
    for name in names:
        if name not in report.faults:
            source = report.sources.get(name, "default")
            value = _show_value(report.settings, name, is_secret=name in secrets, is_set=name in report.sources)
            is_notable = name in report.sources
            findings.append(Finding(f"{SETTING}{name}", Status.OK, f"{value} ({source})", is_notable=is_notable))
    if unset:
        findings.append(Finding("settings", Status.OK, f"{len(unset)} other settings have their defaults."))
    return [*findings, *_check_unknown_names()]


def list_secrets(settings: CommonSettings | None, library_secrets: Iterable[str]) -> Iterator[str]:
    """List the values of all secrets that are set."""
    for name in library_secrets:
        yield os.environ.get(name, "")
    for field in type(settings).model_fields if settings else ():
        value = getattr(settings, field)
        if isinstance(value, SecretStr):
            yield value.get_secret_value()


def _check_unknown_names() -> Iterator[Finding]:
    misspelt = describe_misspelt_settings(os.environ)
    yield from (find_fault(sentence.split()[0], sentence, Status.WARNING) for sentence in misspelt)
    named = {sentence.split()[0] for sentence in misspelt}
    for name in list_env_file_names():
        is_foreign = name.upper().startswith(_FOREIGN_PREFIXES) or name.upper() in _FOREIGN_NAMES
        if name not in named and not is_foreign and not is_setting(name):
            what = f"{name} in .env is not a setting and is ignored."
            yield Finding(name, Status.WARNING, what, "Remove it, or correct its name: docs/operate/settings.md.")


def _show_value(settings: CommonSettings | None, name: str, *, is_secret: bool, is_set: bool) -> str:
    """Show a value as it stands in the environment; of a secret address, the parts that are not secret."""
    if settings is None:
        return "set" if is_set else "not set"
    value = getattr(settings, name.lower(), None)
    if isinstance(value, SecretStr):
        text = value.get_secret_value()
        return describe_address(text) if "://" in text else HIDDEN
    if is_secret:
        return HIDDEN if is_set else "not set"
    if isinstance(value, tuple | frozenset):
        return ",".join(map(str, sorted(value))) or "not set"
    return "not set" if value is None or value == "" else str(value)
