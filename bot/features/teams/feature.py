"""The commands and handlers that the feature adds to the bot."""

from discord.app_commands import Choice

from bot.discord_client.command_builder import build_command, build_guild_group
from bot.discord_client.feature import Feature
from bot.discord_client.translator import localize_choice
from bot.features.teams.command import TeamCommands
from bot.features.teams.custom_ids import (
    FilledTeamFormId,
    TeamChoiceId,
    TeamFormId,
    TeamSectionId,
    TeamSettingId,
    TeamUndoId,
)
from bot.features.teams.panel import TeamPanelHandlers
from bot.interactions.access import Access
from bot.interactions.routing import Route
from bot.storage.budgets import SqlBudgetStore
from bot.storage.presets import SqlPresetStore
from bot.storage.style_sets import SqlStyleSetStore
from bot.storage.teams import SqlTeamStore
from bot.submission.team_option import TeamOption
from shared.catalogue import Catalogue
from shared.job import Priority


def build_teams_feature(
    team_store: SqlTeamStore,
    team_option: TeamOption,
    budget_store: SqlBudgetStore,
    presets: SqlPresetStore,
    style_sets: SqlStyleSetStore,
    catalogue: Catalogue,
) -> Feature:
    """Build `/team` with its subcommands, and the handlers of its panel."""
    panel = TeamPanelHandlers(team_store, presets, style_sets, catalogue)
    handler = TeamCommands(team_store, team_option, budget_store, presets, panel)
    priorities = [Choice(name=localize_choice("priority", value), value=value.value) for value in Priority]
    any_team = {"team": handler.autocomplete_team}
    group = build_guild_group(
        "team",
        (
            build_command("team.choose", handler.choose_team, autocomplete={"team": team_option.autocomplete_team}),
            build_command("team.list", handler.list_teams),
            build_command("team.show", handler.show_team, autocomplete=any_team),
            build_command(
                "team.setup",
                handler.set_up_team,
                autocomplete={"preset": handler.autocomplete_preset},
                choices={"priority": priorities},
            ),
            build_command("team.edit", handler.edit_team, autocomplete=any_team),
            build_command("team.remove", handler.remove_team, autocomplete=any_team),
        ),
    )
    return Feature(
        commands=[group],
        routes=[
            Route(TeamSectionId, panel.show_section),
            Route(TeamSettingId, panel.change_setting),
            Route(TeamFormId, panel.open_form),
            Route(FilledTeamFormId, panel.submit_form),
            Route(TeamUndoId, panel.undo_change),
            Route(TeamChoiceId, handler.save_choice),
        ],
        access=Access.ALWAYS,
    )
