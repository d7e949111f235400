"""The sections of the panel, the settings in each, and the custom ids of its parts."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from bot.interactions.custom_ids import CustomId

OVERVIEW: Final = "overview"


class Section(StrEnum):
    """The parts of the panel."""

    ACCESS = "access"
    MODELS = "models"
    RESULTS = "results"
    WORDS = "words"
    CHANNELS = "channels"
    LANGUAGE = "language"


SECTIONS: Final[Mapping[Section, tuple[str, ...]]] = MappingProxyType(
    {
        Section.ACCESS: ("allowed_channel_ids", "allowed_role_ids", "button_policy", "queue_state"),
        Section.MODELS: ("models", "tasks", "max_price", "asks_price", "default_preset"),
        Section.RESULTS: ("result_place", "allows_private_results", "retention_days"),
        Section.WORDS: ("word_policy",),
        Section.CHANNELS: ("log_channel_id", "mirrors_audit_log", "notice_channel_id"),
        Section.LANGUAGE: ("language", "time_zone"),
    }
)
"""The settings of each section, by their names in `GuildSettings`. `/moderate` changes the state of the queue."""

SECTION_OF_SETTING: Final[Mapping[str, Section]] = MappingProxyType(
    {name: section for section, names in SECTIONS.items() for name in names}
)
FORM_SETTINGS: Final = ("max_price", "retention_days", "time_zone")
_SELECT_SETTINGS: Final = [name for name in SECTION_OF_SETTING if name not in {"max_price", "retention_days"}]


@dataclass(frozen=True)
class ServerSectionId(CustomId, template="server_section"):
    """The select of the sections; its value is a section, or `OVERVIEW`."""


@dataclass(frozen=True)
class ServerSettingId(CustomId, template=f"server_setting:(?P<name>{'|'.join(_SELECT_SETTINGS)}):(?P<part>[0-9])"):
    """A select of a setting. One with more options than Discord allows has several parts."""

    name: str
    part: int


@dataclass(frozen=True)
class ServerFormId(CustomId, template=f"server_form:(?P<name>{'|'.join(FORM_SETTINGS)})"):
    """The button that opens the form of a setting."""

    name: str


@dataclass(frozen=True)
class FilledServerFormId(CustomId, template=f"server_form_filled:(?P<name>{'|'.join(FORM_SETTINGS)})"):
    """The form of a setting."""

    name: str


@dataclass(frozen=True)
class ServerUndoId(CustomId, template=r"server_undo:(?P<entry_id>[0-9]{1,18})"):
    """The button that undoes a change, by its line in the audit log."""

    entry_id: int
