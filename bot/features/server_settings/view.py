"""The panel of `/server`: an overview of all settings, and each section with the selects and buttons that change it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import discord
from discord import ui

from bot.domain.guild_settings import GuildSettings
from bot.features.server_settings.choices import (
    CHANNEL_SETTINGS,
    CHOICES,
    SPEAKING_TYPES,
    USED_TYPES,
    SettingChoices,
    parse_choice,
)
from bot.features.server_settings.sections import (
    FORM_SETTINGS,
    OVERVIEW,
    SECTIONS,
    FilledServerFormId,
    Section,
    ServerFormId,
    ServerSectionId,
    ServerSettingId,
    ServerUndoId,
)
from bot.features.server_settings.time_zones import COMMON_ZONES, UTC, format_zone
from bot.interactions.components import (
    build_button,
    build_channel_select,
    build_role_select,
    build_select,
)
from bot.interactions.panels import build_note, build_setting_form, build_setting_option, split_options
from bot.rendering.form_fields import SELECT_OPTIONS_LIMIT
from bot.rendering.labels import format_model_label
from bot.rendering.layout import build_container_view
from bot.rendering.setting_labels import SettingLabels
from bot.rendering.settings_text import format_number
from shared.i18n.messages import Messages

_TEXT_LIMIT: Final = 64


@dataclass(frozen=True)
class ServerPanel:
    """The panel in one language. `choices.max_days` is 0 if the bot keeps no images."""

    settings: GuildSettings
    choices: SettingChoices
    labels: SettingLabels
    now: datetime

    def build_view(self, section: Section | None, note: str = "", undo: ServerUndoId | None = None) -> ui.LayoutView:
        """Build the overview or a section, below a note about a change, which `undo` undoes."""
        items: list[ui.Item[Any]] = [ui.TextDisplay(f"### {self._get_text('title')}")]
        if note:
            items.append(build_note(note, undo, self._messages))
        if section is None:
            items += self._list_overview()
        else:
            items.append(ui.TextDisplay(f"**{self._get_text(section)}**"))
            for name in SECTIONS[section]:
                items += self._list_parts(name)
        items += [ui.Separator(), ui.ActionRow(self._build_section_select(section))]
        return build_container_view(*items)

    def build_form(self, name: str) -> ui.Modal:
        """Build the form of a setting, filled with the value that holds."""
        hint = self._messages.text(f"server_setting.{name}.hint", limit=self.choices.max_days)
        heading, value = self.labels.format_name(name), self._get_form_value(name)
        return build_setting_form(FilledServerFormId(name), heading, hint, value, limit=_TEXT_LIMIT)

    @property
    def _messages(self) -> Messages:
        return self.labels.messages

    def _get_text(self, key: str) -> str:
        return self._messages.text(f"server_panel.{key}")

    def _list_overview(self) -> Iterator[ui.Item[Any]]:
        yield ui.TextDisplay(self._get_text("intro"))
        for section, names in SECTIONS.items():
            lines = [f"- {self._format_line(name, self.labels.format_name(name))}" for name in names]
            yield ui.TextDisplay("\n".join([f"**{self._get_text(section)}**", *lines]))

    def _list_parts(self, name: str) -> Iterator[ui.Item[Any]]:
        """List the description of a setting and the components that change it."""
        about = self._messages.text(f"server_setting.{name}.about")
        heading = self.labels.format_name(name)
        text: ui.TextDisplay[Any] = ui.TextDisplay(f"{self._format_line(name, f'**{heading}**')}\n-# {about}")
        if name in FORM_SETTINGS and not (name == "retention_days" and not self.choices.max_days):
            yield ui.Section(text, accessory=build_button(ServerFormId(name), self._get_text("set")))
        else:
            yield text
        for select in self._list_selects(name):
            yield ui.ActionRow(select)

    def _list_selects(self, name: str) -> Iterator[ui.Select[Any] | ui.ChannelSelect[Any] | ui.RoleSelect[Any]]:
        """List the selects of a setting. Screen readers call each by its placeholder."""
        heading, custom_id = self.labels.format_name(name), ServerSettingId(name, 0)
        if name in CHOICES:
            yield build_select(custom_id, heading, list(self._build_choices(name)))
        elif name == "time_zone":
            yield build_select(custom_id, heading, self._build_zones())
        elif name in CHANNEL_SETTINGS:
            chosen = self._find_channels([getattr(self.settings, name)])
            yield build_channel_select(custom_id, heading, SPEAKING_TYPES, chosen, limit=1)
        elif name == "allowed_channel_ids":
            chosen = self._find_channels(sorted(self.settings.allowed_channel_ids))
            yield build_channel_select(custom_id, heading, USED_TYPES, chosen, limit=SELECT_OPTIONS_LIMIT)
        elif name == "allowed_role_ids":
            roles = [role for role in sorted(self.settings.allowed_role_ids) if self.choices.guild.get_role(role)]
            yield build_role_select(custom_id, heading, roles[:SELECT_OPTIONS_LIMIT], limit=SELECT_OPTIONS_LIMIT)
        elif name in {"models", "tasks", "default_preset"}:
            yield from self._build_option_selects(name, heading)

    def _build_choices(self, name: str) -> Iterator[discord.SelectOption]:
        current = getattr(self.settings, name)
        for choice in CHOICES[name]:
            value = parse_choice(name, choice)
            label = self.labels.format_value(name, value)
            yield build_setting_option(label, choice, is_chosen=value == current)

    def _build_zones(self) -> list[discord.SelectOption]:
        current = self.settings.time_zone or UTC
        zones = COMMON_ZONES if current in COMMON_ZONES else (current, *COMMON_ZONES)
        return [
            discord.SelectOption(label=format_zone(zone, self.now), value=zone, default=zone == current)
            for zone in zones
        ]

    def _build_option_selects(self, name: str, heading: str) -> Iterator[ui.Select[Any]]:
        """Build the selects of a set, each with as many options as Discord allows."""
        current = getattr(self.settings, name)
        chosen = current if isinstance(current, frozenset) else {current}
        options = [
            build_setting_option(self._format_option(name, value), value, is_chosen=value in chosen)
            for value in self.choices.list_options(name, self.settings)
        ]
        for part, shown in enumerate(split_options(options)):
            max_values = len(shown) if isinstance(current, frozenset) else 1
            yield build_select(ServerSettingId(name, part), heading, shown, min_values=0, max_values=max_values)

    def _format_option(self, name: str, value: str) -> str:
        catalogue = self.choices.catalogue
        if name == "models":
            model = catalogue.models.get(value)
            return value if model is None else format_model_label(model, catalogue, self._messages)
        if name == "tasks":
            prices = [model.price_usd for model in catalogue.models_for_task(value)]  # type: ignore[arg-type]  # of a select
            label = self.labels.format_task(value)
            if not prices:
                return label
            return self._messages.text("server_panel.task", task=label, price=self._messages.format_price(min(prices)))
        return self.choices.presets[value]

    def _build_section_select(self, section: Section | None) -> ui.Select[Any]:
        options = [
            discord.SelectOption(label=self._get_text(value), value=value, default=value == (section or OVERVIEW))
            for value in (OVERVIEW, *Section)
        ]
        return build_select(ServerSectionId(), self._get_text("section"), options)

    def _format_line(self, name: str, heading: str) -> str:
        """Format a line with the value that holds."""
        value = self.labels.format_value(name, getattr(self.settings, name))
        if name == "retention_days" and not self.choices.max_days:
            value = self._messages.text("server_setting.retention_days.off")
        return self._messages.text("server_panel.line", name=heading, value=value)

    def _get_form_value(self, name: str) -> str:
        value = getattr(self.settings, name)
        if value is None:
            return ""
        return format_number(value / 1e6, self._messages) if name == "max_price" else str(value)

    def _find_channels(self, ids: Sequence[int | None]) -> list[int]:
        """Find those of the channels that are there: Discord shows no others."""
        found = [channel for channel in ids if channel is not None and self.choices.guild.get_channel(channel)]
        return found[:SELECT_OPTIONS_LIMIT]
