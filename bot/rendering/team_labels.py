"""The settings of teams in one language, for their panel, the audit log and `/team show`."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import discord

from bot.domain.teams import TEAM_SETTINGS, Team, TeamChange
from bot.rendering.labels import format_role
from bot.rendering.markdown import escape_markdown
from bot.rendering.settings_text import format_number, format_options
from shared.catalogue import Catalogue
from shared.i18n.messages import Messages

_OPTIONS_LIMIT: Final = 500


@dataclass(frozen=True)
class TeamLabels:
    """Formats the settings of teams, with mentions of roles, which ring nobody."""

    messages: Messages
    catalogue: Catalogue
    guild: discord.Guild | None

    def format_name(self, name: str) -> str:
        """Format the name of a setting as a heading."""
        return self.messages.text(f"team_setting.{name}.name")

    def format_value(self, name: str, value: Any) -> str:
        """Format the value of a setting."""
        key = f"team_setting.{name}"
        match name:
            case "weight":
                text = self.messages.text(f"{key}.value", value=format_number(value, self.messages))
            case "priority":
                text = self.messages.text(f"{key}.{value}")
            case "approver_role_id" if value is not None:
                text = self.format_role(value)
            case "approval_limit" if value is not None:
                text = self.messages.text(f"{key}.value", price=self.messages.format_price(value / 1e6))
            case "defaults" if value:
                text = self._format_options(value)
            case "locked" if value:
                text = escape_markdown(", ".join(self._list_option_names(value)), _OPTIONS_LIMIT)
            case _:
                text = self.messages.text(f"{key}.none")
        return text

    def format_role(self, role_id: int) -> str:
        """Mention a role, or say that it was deleted."""
        return format_role(role_id, self.guild, self.messages)

    def list_lines(self, team: Team) -> Iterator[str]:
        """List a line for each setting, with its value."""
        for name in TEAM_SETTINGS:
            value = self.format_value(name, getattr(team, name))
            yield f"- {self.messages.text('server_panel.line', name=self.format_name(name), value=value)}"

    def format_change(self, change: TeamChange) -> str:
        """Format the settings that a change has changed; "" if it set up or removed a team."""
        if change.old is None or change.new is None:
            return ""
        return "; ".join(
            self.messages.text(
                "team.change",
                name=self.format_name(name),
                old=self.format_value(name, change.old[name]),
                new=self.format_value(name, change.new[name]),
            )
            for name in change.new
        )

    def _format_options(self, options: Mapping[str, Any]) -> str:
        return escape_markdown(", ".join(format_options(options, self.catalogue, self.messages)), _OPTIONS_LIMIT)

    def _list_option_names(self, names: Iterable[str]) -> list[str]:
        return [self.messages.get_option_name(name) for name in sorted(names)]
