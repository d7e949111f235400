"""The names and values of a server's settings in one language, for the panel and the audit log."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final, get_args

import discord

from bot.domain.guild_settings import SettingChange
from bot.rendering.labels import format_role
from bot.rendering.markdown import escape_markdown
from shared.catalogue import Catalogue, Task
from shared.i18n.messages import Messages, list_languages, load_messages

_NAME_LIMIT: Final = 100


@dataclass(frozen=True)
class SettingLabels:
    """Formats settings. `presets` are the names of the server's presets by code; a set shows at most `max_items`."""

    messages: Messages
    catalogue: Catalogue
    guild: discord.Guild | None
    presets: Mapping[str, str] = field(default_factory=dict)
    max_items: int = 10

    def format_name(self, name: str) -> str:
        """Format the name of a setting as a heading."""
        return self.messages.text(f"server_setting.{name}.name")

    def format_change(self, key: str, change: SettingChange) -> str:
        """Fill in a sentence about a change, with the setting and its value before and after."""
        old, new = (self.format_value(change.name, value) for value in (change.old, change.new))
        return self.messages.text(key, name=self.format_name(change.name), old=old, new=new)

    def format_value(self, name: str, value: Any) -> str:
        """Format the value of a setting, with mentions of channels and roles, which ring nobody."""
        match value:
            case None:
                return self._get_sentence(name, "none")
            case bool():
                return self._get_sentence(name, "on" if value else "off")
            case StrEnum():
                return self._get_sentence(name, value)
            case frozenset():
                return self._format_set(name, value)
            case str():
                return escape_markdown(self._format_text(name, value), _NAME_LIMIT)
            case _:
                return self._format_number(name, value)

    def format_task(self, task: str) -> str:
        """Format the name of a task; that of another release stays as it is."""
        return self._get_sentence("tasks", task) if task in get_args(Task) else task

    def _get_sentence(self, name: str, value: str) -> str:
        return self.messages.text(f"server_setting.{name}.{value}")

    def _format_set(self, name: str, values: Iterable[Any]) -> str:
        items = [self._format_item(name, value) for value in sorted(values)]
        if not items:
            return self._get_sentence(name, "none")
        listed = ", ".join(items[: self.max_items])
        count = len(items) - self.max_items
        return f"{listed} {self.messages.text('server_panel.more', count=count)}" if count > 0 else listed

    def _format_item(self, name: str, value: Any) -> str:
        match name:
            case "allowed_channel_ids":
                return self._format_channel(value)
            case "allowed_role_ids":
                return format_role(value, self.guild, self.messages)
            case "models":
                model = self.catalogue.models.get(value)
                return escape_markdown(value if model is None else model.name, _NAME_LIMIT)
            case _:
                return escape_markdown(self.format_task(value), _NAME_LIMIT)

    def _format_channel(self, channel_id: int) -> str:
        is_there = self.guild is None or self.guild.get_channel_or_thread(channel_id) is not None
        return f"<#{channel_id}>" if is_there else self.messages.text("server_panel.gone_channel")

    def _format_text(self, name: str, value: str) -> str:
        if name == "language":
            return load_messages(value).text("language.name") if value in list_languages() else value
        if name == "default_preset":
            return self.presets.get(value) or self.messages.text("server_panel.gone_preset")
        return value

    def _format_number(self, name: str, value: int) -> str:
        if name == "max_price":
            return self.messages.format_price(value / 1e6)
        if name == "retention_days":
            return self.messages.text("server_setting.retention_days.days", count=value)
        return self._format_channel(value)
