"""How the values of a select or a form change the settings of a team."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import discord

from bot.domain.presets import Preset
from bot.domain.style_sets import StyleSet
from bot.domain.teams import Team
from bot.domain.typed_prices import parse_price
from bot.features.teams.custom_ids import PANEL_OPTIONS, STYLE_SET
from bot.rendering.option_choices import list_option_choices, parse_option_choice
from shared.catalogue import Catalogue
from shared.job import Priority
from shared.problems import RejectedError, make_problem
from shared.typed_text import has_visible_text

MAX_LIMIT_USD: Final = 1000
NO_OPTION: Final = "-"
WEIGHTS: Final = ("0.25", "0.5", "1", "1.5", "2", "3", "4")


@dataclass(frozen=True)
class TeamChoices:
    """Applies choices. `presets` and `style_sets` are those of the server."""

    guild: discord.Guild
    catalogue: Catalogue
    presets: Sequence[Preset]
    style_sets: Sequence[StyleSet] = ()

    def apply_values(self, team: Team, name: str, values: Sequence[str]) -> Team:
        """Change a setting to the values of its select. Raises `RejectedError` (choice_gone)."""
        value = next(iter(values), "")
        changed: Team | None = None
        match name:
            case "weight" if value in WEIGHTS:
                changed = replace(team, weight=float(value))
            case "priority" if value in set(Priority):
                changed = replace(team, priority=Priority(value))
            case "approver_role_id" if not values:
                changed = replace(team, approver_role_id=None)
            case "approver_role_id" if value.isdecimal() and self.guild.get_role(int(value)) is not None:
                changed = replace(team, approver_role_id=int(value))
            case "preset":
                changed = self._apply_preset(team, value)
            case "locked" if set(values) <= set(team.defaults):
                changed = replace(team, locked=frozenset(values))
            case _ if name in (*PANEL_OPTIONS, STYLE_SET) and value == NO_OPTION:
                changed = set_option(team, name, None)
            case _ if name in (*PANEL_OPTIONS, STYLE_SET) and value in self.list_option_values(name):
                changed = set_option(team, name, value if name == STYLE_SET else parse_option_choice(name, value))
        if changed is None:
            raise RejectedError(make_problem("choice_gone"))
        return changed

    def list_option_values(self, name: str) -> Sequence[str]:
        """List the values that an option of requests for the team may have."""
        if name == STYLE_SET:
            return [style_set.name for style_set in self.style_sets]
        return list_option_choices(name, self.catalogue)

    def _apply_preset(self, team: Team, code: str) -> Team | None:
        preset = next((preset for preset in self.presets if preset.code == code), None)
        return None if preset is None else apply_options(team, preset.options)


def apply_text(team: Team, name: str, text: str) -> Team:
    """Change a setting to the text of its form; an empty one clears it. Raises `RejectedError` (price_out_of_range)."""
    typed = text.strip() if has_visible_text(text) else ""
    if name == "negative":
        return set_option(team, name, typed or None)
    return replace(team, approval_limit=parse_price(typed, MAX_LIMIT_USD) if typed else None)


def apply_options(team: Team, options: Mapping[str, Any]) -> Team:
    """Give a team the options of a preset in place of its own; those that the preset lacks are locked no more."""
    return replace(team, defaults=dict(options), locked=team.locked & set(options))


def set_option(team: Team, name: str, value: Any) -> Team:
    """Set one option of a team; None removes it, and its lock."""
    others = {option: value for option, value in team.defaults.items() if option != name}
    return apply_options(team, others if value is None else others | {name: value})
