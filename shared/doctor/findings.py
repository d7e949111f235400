"""A finding of a doctor, and the exit code that follows from all of them."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import Final

SETTING: Final = "setting."
"""The names of findings about a setting begin with it."""

SETTINGS_FILE: Final = "settings.file"
"""The name of a finding about `.env`."""


class Status(StrEnum):
    """How much a finding matters: errors keep the process from its work, warnings endanger it."""

    OK = "ok"
    WARNING = "warning"
    ERROR = "error"


class DoctorExitCode(IntEnum):
    """The exit codes of a doctor. Warnings alone are no failure."""

    FINE = 0
    FAILED = 1
    NOT_SET_UP = 2


@dataclass(frozen=True)
class Finding:
    """The result of a check.

    `name` is of words with dots, such as redis.policy, and stays the same from release to release. `state` is a
    sentence; `advice` is "" if nothing is to be done. A finding that is not notable is left out on a terminal.
    """

    name: str
    status: Status
    state: str
    advice: str = ""
    is_notable: bool = True

    @property
    def text(self) -> str:
        return f"{self.state} {self.advice}".strip()


def find_fault(name: str, sentences: str, status: Status = Status.ERROR) -> Finding:
    """Make a finding of two sentences: the fault, and the advice."""
    state, separator, advice = sentences.partition(". ")
    return Finding(name, status, state + "." * bool(separator), advice)


def choose_exit_code(findings: Iterable[Finding]) -> DoctorExitCode:
    """Choose the exit code: whether settings are wrong, or else anything is."""
    errors = [finding for finding in findings if finding.status is Status.ERROR]
    if any(finding.name.startswith((SETTING, SETTINGS_FILE)) for finding in errors):
        return DoctorExitCode.NOT_SET_UP
    return DoctorExitCode.FAILED if errors else DoctorExitCode.FINE
