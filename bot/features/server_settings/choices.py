"""How the values of a select or a form change the settings of a server."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, Final

import discord

from bot.domain.guild_settings import ButtonPolicy, GuildSettings, ResultPlace, WordPolicy
from bot.domain.typed_prices import parse_price
from bot.features.server_settings.time_zones import UTC, find_time_zone
from bot.rendering.form_fields import SELECT_OPTIONS_LIMIT
from shared.catalogue import Catalogue
from shared.i18n.messages import list_languages
from shared.problems import RejectedError, make_problem
from shared.typed_text import has_visible_text, parse_whole_number

MAX_PRICE_USD: Final = 1000
NO_LANGUAGE: Final = "-"
ON, OFF = "on", "off"

CHOICES: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "button_policy": tuple(ButtonPolicy),
        "asks_price": (OFF, ON),
        "result_place": tuple(ResultPlace),
        "allows_private_results": (ON, OFF),
        "word_policy": tuple(WordPolicy),
        "mirrors_audit_log": (OFF, ON),
        "language": (NO_LANGUAGE, *list_languages()),
    }
)
"""The settings of which one choice always holds."""

_DEFAULTS: Final = GuildSettings()
CHANNEL_SETTINGS: Final = ("log_channel_id", "notice_channel_id")
WRITING_PERMISSIONS: Final = ("view_channel", "send_messages")
SPEAKING_TYPES: Final = (discord.ChannelType.text, discord.ChannelType.news)
"""The channels in which the bot can post by itself."""

USED_TYPES: Final = (
    *SPEAKING_TYPES,
    discord.ChannelType.voice,
    discord.ChannelType.stage_voice,
    discord.ChannelType.forum,
)
"""The channels in which the bot can be used, in some of them only in threads."""


@dataclass(frozen=True)
class SettingChoices:
    """Applies choices. `presets` are the names of the server's presets by code, `max_days` the bot's retention."""

    guild: discord.Guild
    catalogue: Catalogue
    presets: Mapping[str, str]
    max_days: int

    def list_options(self, name: str, settings: GuildSettings) -> list[str]:
        """List the values from which several of a set, or one or none, are chosen; those that hold are among them."""
        match name:
            case "models":
                offered = [model.key for model in self.catalogue if self.catalogue.is_offered(model)]
                return [*offered, *sorted(key for key in settings.models if key not in offered)]
            case "tasks":
                tasks = dict.fromkeys(model.task for model in self.catalogue if self.catalogue.is_offered(model))
                return [*tasks, *sorted(task for task in settings.tasks if task not in tasks)]
            case _:
                return sorted(self.presets, key=lambda code: self.presets[code].casefold())

    def apply_values(self, settings: GuildSettings, name: str, part: int, values: Sequence[str]) -> GuildSettings:
        """Change a setting to the values of its select.

        Raises `RejectedError` (choice_gone, nothing_on_offer, channel_not_writable).
        """
        if name in CHOICES:
            return _replace(settings, name, parse_choice(name, next(iter(values), "")))
        match name:
            case "models" | "tasks" | "default_preset":
                changed = self._choose_options(settings, name, part, values)
            case "allowed_channel_ids":
                changed = replace(settings, allowed_channel_ids=frozenset(self._find_channels(values, USED_TYPES)))
            case "allowed_role_ids":
                if not all(value.isdecimal() and self.guild.get_role(int(value)) for value in values):
                    raise make_gone_choice_error()
                changed = replace(settings, allowed_role_ids=frozenset(map(int, values)))
            case "log_channel_id" | "notice_channel_id":
                found = self._find_channels(values, SPEAKING_TYPES)
                for channel in found.values():
                    self._require_writable(channel)
                changed = _replace(settings, name, next(iter(found), None))
            case "time_zone":
                changed = self.apply_text(settings, name, next(iter(values), UTC))
            case _:
                raise make_gone_choice_error()
        return changed

    def apply_text(self, settings: GuildSettings, name: str, text: str) -> GuildSettings:
        """Change a setting to the text of its form; an empty one clears it.

        Raises `RejectedError` (price_out_of_range, days_out_of_range, time_zone_unknown).
        """
        if not has_visible_text(text):
            return _replace(settings, name, None)
        match name:
            case "max_price":
                return replace(settings, max_price=parse_price(text, MAX_PRICE_USD))
            case "retention_days":
                return replace(settings, retention_days=self._parse_days(text))
            case _:
                zone = find_time_zone(text)
                return replace(settings, time_zone=None if zone == UTC else zone)

    def _choose_options(self, settings: GuildSettings, name: str, part: int, values: Sequence[str]) -> GuildSettings:
        """Choose these of the options in one part of a select; those of its other parts stay."""
        options = self.list_options(name, settings)
        shown = options[part * SELECT_OPTIONS_LIMIT : (part + 1) * SELECT_OPTIONS_LIMIT]
        if not set(values) <= set(shown):
            raise make_gone_choice_error()
        if name == "default_preset":
            return replace(settings, default_preset=next(iter(values), None))
        changed = _replace(settings, name, getattr(settings, name) - set(shown) | set(values))
        offered = (model for model in self.catalogue if self.catalogue.is_offered(model))
        if not any(changed.offers_model(model.key, model.task) for model in offered):
            raise RejectedError(make_problem("nothing_on_offer"))
        return changed

    def _find_channels(
        self, values: Sequence[str], types: Sequence[discord.ChannelType]
    ) -> dict[int, discord.abc.GuildChannel]:
        ids = [int(value) for value in values if value.isdecimal()]
        found: dict[int, discord.abc.GuildChannel] = {
            channel.id: channel for channel in map(self.guild.get_channel, ids) if channel is not None
        }
        if len(found) < len(values) or not all(channel.type in types for channel in found.values()):
            raise make_gone_choice_error()
        return found

    def _require_writable(self, channel: discord.abc.GuildChannel) -> None:
        permissions = channel.permissions_for(self.guild.me)
        missing = [name for name in WRITING_PERMISSIONS if not getattr(permissions, name)]
        if missing:
            raise RejectedError(make_problem("channel_not_writable", name=channel.name, permissions=", ".join(missing)))

    def _parse_days(self, text: str) -> int:
        try:
            days = parse_whole_number(text)
        except ValueError:
            days = 0
        if not 1 <= days <= self.max_days:
            raise RejectedError(make_problem("days_out_of_range", value=text[:20], limit=self.max_days))
        return days


def parse_choice(name: str, choice: str) -> Any:
    """Parse one of `CHOICES` into the value of the setting. Raises `RejectedError` (choice_gone)."""
    if choice not in CHOICES[name]:
        raise make_gone_choice_error()
    if name == "language":
        return None if choice == NO_LANGUAGE else choice
    default = getattr(_DEFAULTS, name)
    return choice == ON if isinstance(default, bool) else type(default)(choice)


def make_gone_choice_error() -> RejectedError:
    """Make the error for a choice of another release, or of something that is gone."""
    return RejectedError(make_problem("choice_gone"))


def _replace(settings: GuildSettings, name: str, value: Any) -> GuildSettings:
    changes: dict[str, Any] = {name: value}
    return replace(settings, **changes)
