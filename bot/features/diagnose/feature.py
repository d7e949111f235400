"""The command that the feature adds to the bot."""

from collections.abc import Sequence

from discord import app_commands

from bot.discord_client.command_builder import build_command
from bot.discord_client.feature import Feature
from bot.domain.ports import PreferencesStore
from bot.features.diagnose.checks import CheckList
from bot.features.diagnose.command import DiagnoseCommand
from bot.interactions.access import Access, AccessRule
from bot.interactions.teams import TeamChoiceReader
from bot.queue.job_queue import RedisJobQueue
from bot.storage.budgets import SqlBudgetStore
from bot.submission.rules import RequestRules


def build_diagnose_feature(
    features: Sequence[Feature],
    access_rule: AccessRule,
    rules: RequestRules,
    queue: RedisJobQueue,
    budget_store: SqlBudgetStore,
    preferences_store: PreferencesStore,
    team_choices: TeamChoiceReader,
) -> Feature:
    """Build `/diagnose` for the commands of these features; Discord shows it to those who may time out members."""
    checks = CheckList(access_rule, rules, queue)
    handler = DiagnoseCommand(features, checks, budget_store, preferences_store, team_choices, rules.catalogue)
    command = build_command("diagnose", handler.diagnose, autocomplete={"command": handler.complete_command})
    app_commands.allowed_contexts(guilds=True, dms=False)(command)
    app_commands.default_permissions(moderate_members=True)(command)
    return Feature(commands=[command], access=Access.ALWAYS)
