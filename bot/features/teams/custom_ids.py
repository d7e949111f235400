"""The custom ids of the components of `/team`, and the settings that each part of its panel changes."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from bot.interactions.custom_ids import CustomId

_ROLE_ID: Final = r"(?P<role_id>[0-9]{1,20})"


class Section(StrEnum):
    """The parts of the panel of a team."""

    TURNS = "turns"
    OPTIONS = "options"


PANEL_OPTIONS: Final = ("model", "style_preset", "output_format", "aspect_ratio", "keep")
"""The options of requests with a select in the panel. The negative prompt has a form."""
STYLE_SET: Final = "style_set"
"""The option of `/edit` that names one of the server's style sets."""

SECTIONS: Final[Mapping[Section, tuple[str, ...]]] = MappingProxyType(
    {
        Section.TURNS: ("weight", "priority", "approver_role_id", "approval_limit"),
        Section.OPTIONS: ("preset", *PANEL_OPTIONS, STYLE_SET, "negative", "locked"),
    }
)
SECTION_OF_SETTING: Final[Mapping[str, Section]] = MappingProxyType(
    {name: section for section, names in SECTIONS.items() for name in names}
)
FORM_SETTINGS: Final = ("approval_limit", "negative")
_SELECT_SETTINGS: Final = [name for name in SECTION_OF_SETTING if name not in FORM_SETTINGS]


@dataclass(frozen=True)
class TeamSectionId(CustomId, template=f"team_section:{_ROLE_ID}"):
    """The select of the sections; its value is a section."""

    role_id: int


@dataclass(frozen=True)
class TeamSettingId(
    CustomId, template=f"team_setting:{_ROLE_ID}:(?P<name>{'|'.join(_SELECT_SETTINGS)}):(?P<part>[0-9])"
):
    """A select of a setting. One with more options than Discord allows has several parts."""

    role_id: int
    name: str
    part: int


@dataclass(frozen=True)
class TeamFormId(CustomId, template=f"team_form:{_ROLE_ID}:(?P<name>{'|'.join(FORM_SETTINGS)})"):
    """The button that opens the form of a setting."""

    role_id: int
    name: str


@dataclass(frozen=True)
class FilledTeamFormId(CustomId, template=f"team_form_filled:{_ROLE_ID}:(?P<name>{'|'.join(FORM_SETTINGS)})"):
    """The form of a setting."""

    role_id: int
    name: str


@dataclass(frozen=True)
class TeamUndoId(CustomId, template=r"team_undo:(?P<entry_id>[0-9]{1,18})"):
    """The button that undoes a change, by its line in the audit log."""

    entry_id: int


@dataclass(frozen=True)
class TeamChoiceId(CustomId, template="team_choice"):
    """The select of a member's teams; its value is a role, or `MYSELF`."""
