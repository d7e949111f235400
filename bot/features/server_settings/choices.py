"""The settings that can be chosen, the custom id of their selects, and how a choice changes them."""

from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Final

from bot.domain.guild_settings import ButtonPolicy, GuildSettings, ResultPlace
from bot.interactions.custom_ids import CustomId
from shared.i18n.messages import list_languages

NO_LANGUAGE: Final = "-"

CHOICES: Final = MappingProxyType(
    {
        "button_policy": tuple(ButtonPolicy),
        "result_place": tuple(ResultPlace),
        "language": (NO_LANGUAGE, *list_languages()),
        "ask_price": ("off", "on"),
    }
)


@dataclass(frozen=True)
class GuildSettingId(CustomId, template=f"guild_setting:(?P<field>{'|'.join(CHOICES)})"):
    """The select of a setting; its value is the choice."""

    field: str


def get_choice(settings: GuildSettings, field: str) -> str:
    """Get the choice in force."""
    match field:
        case "language":
            return settings.language or NO_LANGUAGE
        case "ask_price":
            return "on" if settings.asks_price else "off"
        case _:
            return str(getattr(settings, field))


def apply_choice(settings: GuildSettings, field: str, value: str) -> GuildSettings | None:
    """Change a setting to a choice; None if this is not a choice, as in an older message."""
    if value not in CHOICES[field]:
        return None
    match field:
        case "button_policy":
            return replace(settings, button_policy=ButtonPolicy(value))
        case "result_place":
            return replace(settings, result_place=ResultPlace(value))
        case "language":
            return replace(settings, language=None if value == NO_LANGUAGE else value)
        case _:
            return replace(settings, asks_price=value == "on")
