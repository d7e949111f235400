"""The messages of `/team`: the teams of a server, one of them, its panel, and the choice of a member."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import discord
from discord import ui

from bot.domain.budgets import BudgetUsage
from bot.domain.teams import MYSELF, Team
from bot.features.teams.choices import NO_OPTION, WEIGHTS, TeamChoices
from bot.features.teams.custom_ids import (
    FORM_SETTINGS,
    PANEL_OPTIONS,
    SECTIONS,
    STYLE_SET,
    FilledTeamFormId,
    Section,
    TeamChoiceId,
    TeamFormId,
    TeamSectionId,
    TeamSettingId,
    TeamUndoId,
)
from bot.interactions.components import build_button, build_role_select, build_select
from bot.interactions.panels import build_note, build_setting_form, build_setting_option, split_options
from bot.rendering.budget_text import format_budget_usage
from bot.rendering.labels import format_field_label
from bot.rendering.layout import build_container_view
from bot.rendering.option_choices import format_option_choice
from bot.rendering.settings_text import format_number
from bot.rendering.team_labels import TeamLabels
from shared.i18n.messages import Messages
from shared.job import Priority

_TEXT_LIMIT: Final = 1000


@dataclass(frozen=True)
class TeamPanel:
    """The panel of a team in one language."""

    team: Team
    choices: TeamChoices
    labels: TeamLabels

    def build_view(self, section: Section, note: str = "", undo: TeamUndoId | None = None) -> ui.LayoutView:
        """Build a section, below a note about a change, which `undo` undoes."""
        items: list[ui.Item[Any]] = [ui.TextDisplay(_format_heading(self.team, self.labels))]
        if note:
            items.append(build_note(note, undo, self._messages))
        for name in SECTIONS[section]:
            items += self._list_parts(name)
        items += [ui.Separator(), ui.ActionRow(self._build_section_select(section))]
        return build_container_view(*items)

    def build_form(self, name: str) -> ui.Modal:
        """Build the form of a setting, filled with the value that holds."""
        value = self.team.approval_limit if name == "approval_limit" else self.team.defaults.get(name)
        written = format_number(value / 1e6, self._messages) if isinstance(value, int) else value
        custom_id, hint = FilledTeamFormId(self.team.role_id, name), self._messages.text(f"team_setting.{name}.hint")
        return build_setting_form(custom_id, self._format_name(name), hint, written, limit=_TEXT_LIMIT)

    @property
    def _messages(self) -> Messages:
        return self.labels.messages

    def _list_parts(self, name: str) -> Iterator[ui.Item[Any]]:
        """List the heading of a setting and the components that change it."""
        heading = self._format_name(name)
        if name in PANEL_OPTIONS:
            text: ui.TextDisplay[Any] = ui.TextDisplay(f"**{heading}**")
        else:
            text = ui.TextDisplay(f"**{heading}**\n-# {self._messages.text(f'team_setting.{name}.about')}")
        if name in FORM_SETTINGS:
            button = build_button(TeamFormId(self.team.role_id, name), self._messages.text("server_panel.set"))
            yield ui.Section(text, accessory=button)
            return
        selects = list(self._list_selects(name, heading))
        if selects:
            yield text
        for select in selects:
            yield ui.ActionRow(select)

    def _list_selects(self, name: str, heading: str) -> Iterator[ui.Select[Any] | ui.RoleSelect[Any]]:
        """List the selects of a setting. Screen readers call each by its placeholder."""
        custom_id = TeamSettingId(self.team.role_id, name, 0)
        if name == "approver_role_id":
            chosen = self.team.approver_role_id
            is_there = chosen is not None and self.choices.guild.get_role(chosen) is not None
            yield build_role_select(custom_id, heading, [chosen] if chosen is not None and is_there else [], limit=1)
            return
        options = list(self._list_options(name))
        for part, shown in enumerate(split_options(options)):
            part_id = TeamSettingId(self.team.role_id, name, part)
            if name == "locked":
                yield build_select(part_id, heading, shown, min_values=0, max_values=len(shown))
            else:
                yield build_select(part_id, heading, shown)

    def _list_options(self, name: str) -> Iterator[discord.SelectOption]:
        """List the options of a select, in which those that hold are chosen."""
        team = self.team
        match name:
            case "weight":
                for weight in WEIGHTS:
                    label = self.labels.format_value(name, float(weight))
                    yield build_setting_option(label, weight, is_chosen=float(weight) == team.weight)
            case "priority":
                for priority in Priority:
                    label = self.labels.format_value(name, priority)
                    yield build_setting_option(label, priority, is_chosen=priority is team.priority)
            case "preset":
                for preset in self.choices.presets:
                    yield build_setting_option(preset.name, preset.code)
            case "locked":
                for option in sorted(team.defaults):
                    label = format_field_label(option, self._messages)
                    yield build_setting_option(label, option, is_chosen=option in team.locked)
            case _:
                yield from self._list_option_choices(name)

    def _list_option_choices(self, name: str) -> Iterator[discord.SelectOption]:
        catalogue, current = self.choices.catalogue, self.team.defaults.get(name)
        choices = self.choices.list_option_values(name)
        if not choices:
            return
        written = f"{current:g}" if isinstance(current, float | int) else str(current)
        yield build_setting_option(self._messages.text("team.free"), NO_OPTION, is_chosen=current is None)
        for choice in choices:
            label = choice if name == STYLE_SET else format_option_choice(name, choice, catalogue, self._messages)
            yield build_setting_option(label, choice, is_chosen=choice == written)

    def _format_name(self, name: str) -> str:
        if name in PANEL_OPTIONS or name in ("negative", STYLE_SET):
            return format_field_label(name, self._messages)
        return self.labels.format_name(name)

    def _build_section_select(self, section: Section) -> ui.Select[Any]:
        options = [
            build_setting_option(self._messages.text(f"team.section_{value}"), value, is_chosen=value is section)
            for value in Section
        ]
        placeholder = self._messages.text("server_panel.section")
        return build_select(TeamSectionId(self.team.role_id), placeholder, options)


def build_team_view(team: Team, labels: TeamLabels, usages: Sequence[BudgetUsage]) -> ui.LayoutView:
    """Show a team: its members, its settings, and the rest of each budget that limits it."""
    messages = labels.messages
    lines = [f"- {format_budget_usage(usage, messages)}" for usage in usages] or [messages.text("team.no_budget")]
    budgets = "\n".join([f"**{messages.text('team.budgets')}**", *lines])
    return build_container_view(ui.TextDisplay(_format_heading(team, labels)), ui.TextDisplay(budgets))


def build_team_list(teams: Sequence[Team], own_ids: frozenset[int], labels: TeamLabels) -> ui.LayoutView:
    """List the teams of a server, and which of them are a member's."""
    messages = labels.messages
    lines = [_format_team_line(team, labels, is_own=team.role_id in own_ids) for team in teams]
    text = "\n".join([f"### {messages.text('team.list_title')}", *(lines or [messages.text("team.none")])])
    return build_container_view(ui.TextDisplay(text))


def build_choice_view(teams: Sequence[Team], chosen_id: int, note: str, messages: Messages) -> ui.LayoutView:
    """Let a member choose for which of their teams they ask, below a note about their choice."""
    texts = [f"### {messages.text('team.ask_for')}", messages.text("team.about_choice")]
    items: list[ui.Item[Any]] = [ui.TextDisplay("\n".join([*texts, note] if note else texts))]
    choices = {MYSELF: messages.text("team.myself"), **{team.role_id: team.name for team in teams}}
    options = [
        build_setting_option(name, str(role_id), is_chosen=role_id == chosen_id) for role_id, name in choices.items()
    ]
    items.append(ui.ActionRow(build_select(TeamChoiceId(), messages.text("team.ask_for"), options)))
    return build_container_view(*items)


def _format_heading(team: Team, labels: TeamLabels) -> str:
    role = labels.format_role(team.role_id)
    title = f"### {labels.messages.text('team.title', role=role)}"
    return "\n".join([title, labels.messages.text("team.members", role=role), *labels.list_lines(team)])


def _format_team_line(team: Team, labels: TeamLabels, *, is_own: bool) -> str:
    turns = labels.format_value("weight", team.weight)
    line = labels.messages.text("server_panel.line", name=labels.format_role(team.role_id), value=turns)
    return f"- {line} · {labels.messages.text('team.yours')}" if is_own else f"- {line}"
