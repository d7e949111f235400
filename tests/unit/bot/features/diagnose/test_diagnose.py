"""`/diagnose` runs the checks of the real path, and every check has its words."""

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import discord
import pytest

from bot.discord_client.feature import Feature
from bot.discord_client.translator import localize_text
from bot.domain.blocks import Block
from bot.domain.budgets import Budget, BudgetPeriod, BudgetScope, BudgetUnit, BudgetUsage
from bot.domain.guild_settings import GuildQueueState, GuildSettings
from bot.domain.preferences import Preferences
from bot.domain.teams import Team
from bot.features.diagnose.checks import Attempt, CheckList
from bot.features.diagnose.command import DiagnoseCommand
from bot.features.diagnose.discord_rules import Integrations
from bot.features.diagnose.view import Diagnosis, Finding, build_diagnosis_view
from bot.interactions.access import Access, AccessRule
from bot.interactions.usage import build_member_usage
from bot.submission.rules import RequestRules
from shared.catalogue import load_catalogue
from shared.i18n.messages import list_languages, load_messages
from shared.problems import Problem, RejectedError, make_problem
from shared.request.builder import build_request
from tests.support.commands import UNUSED
from tests.support.fake_stores import FakeWordLists
from tests.support.members import make_interaction, make_member

CATALOGUE = load_catalogue()
COMMAND: Any = SimpleNamespace(name="imagine", default_permissions=None)
USING = discord.Permissions(view_channel=True, use_application_commands=True)
REQUEST = build_request(CATALOGUE, prompt="a horse", has_picture=False).request
SMALL = Budget("b", BudgetScope.GUILD, 1, 1, BudgetPeriod.DAY, BudgetUnit.USD, 10_000)
STRICT_TEAM = Team(5, 1, "Makers", defaults={"style_preset": "anime"}, locked=frozenset({"style_preset"}))
CHECKS_OF_USE = ["discord", "served", "block"]
CHECKS_OF_PLACE = ["channel", "role"]
CHECKS_OF_REQUESTS = ["queue", "permissions", "team", "offer", "price", "private", "words", "budget", "limits"]


async def use_command(interaction: discord.Interaction) -> None:
    """Stand for a slash command."""


async def use_menu(interaction: discord.Interaction, message: discord.Message) -> None:
    """Stand for a command of a message's menu."""


class EverybodyBlocked:
    """Blocks of a server where everybody is blocked."""

    async def find_block(self, guild_id: int, user_id: int) -> Block | None:
        del guild_id
        return Block(user_id, "spam", None)


class FullQueue:
    """A queue that refuses everybody's requests in channel 2 of guild 1."""

    async def find_limit_problem(self, model: str, user_id: int, channel_id: int, guild_id: int) -> Problem | None:
        assert (model, user_id, channel_id, guild_id) == ("sd3.5-large", 10, 2, 1)
        return make_problem("too_many_waiting", count=20, limit=20)


async def list_findings(access: Access, settings: GuildSettings) -> dict[str, str | None]:
    """Run the checks; return the codes of the problems by the names of the checks."""
    member, channel = make_member(permissions=USING)
    usage = build_member_usage(member, channel, settings)
    usage = replace(usage, requests=(REQUEST,), wants_private=True, team=STRICT_TEAM)
    queue: Any = FullQueue()
    rule = AccessRule(EverybodyBlocked(), {99})
    checks = CheckList(rule, RequestRules(CATALOGUE, FakeWordLists("horse")), queue)
    attempt = Attempt(COMMAND, access, member, channel, Integrations(), [BudgetUsage(SMALL, 0, 1)])
    found = {}
    for check in checks.list_checks(UNUSED, attempt):
        problem = await check.find_problem(usage)
        found[check.name] = None if problem is None else problem.code
    return found


@pytest.mark.parametrize(
    ("access", "names"),
    [
        (Access.ALWAYS, CHECKS_OF_USE),
        (Access.VIEW, CHECKS_OF_USE + CHECKS_OF_PLACE),
        (Access.REQUEST, CHECKS_OF_USE + CHECKS_OF_PLACE + CHECKS_OF_REQUESTS),
    ],
)
async def test_a_command_has_the_checks_of_its_kind_in_their_order(access: Access, names: list[str]) -> None:
    assert list(await list_findings(access, GuildSettings())) == names


async def test_every_rule_that_refuses_is_found() -> None:
    closed = GuildSettings(
        queue_state=GuildQueueState.DRAINING,
        allowed_channel_ids=frozenset({7}),
        allowed_role_ids=frozenset({5}),
        models=frozenset({"stable-image-core"}),
        max_price=1,
        allows_private_results=False,
    )

    assert await list_findings(Access.REQUEST, closed) == {
        "discord": None,
        "served": "server_not_served",
        "block": "blocked",
        "channel": "channel_not_allowed",
        "role": "role_not_allowed",
        "queue": "queue_draining",
        "permissions": "permissions_missing",
        "team": "team_option_locked",
        "offer": "model_not_on_offer",
        "price": "price_too_high",
        "private": "private_not_allowed",
        "words": "word_listed",
        "budget": "over_budget_guild",
        "limits": "too_many_waiting",
    }


@pytest.mark.parametrize("language", list_languages())
def test_a_diagnosis_with_all_findings_fits_into_a_message(language: str) -> None:
    problem = make_problem("blocked", reason="x" * 200, until=0)
    names = CHECKS_OF_USE + CHECKS_OF_PLACE + CHECKS_OF_REQUESTS
    budgets = [BudgetUsage(SMALL, 0, 1)] * 20

    def build(found: Problem | None) -> discord.ui.LayoutView:
        findings = [Finding(name, found) for name in names]
        diagnosis = Diagnosis(10, 2, "imagine", findings, budgets, knows_integrations=False, is_paused=True)
        return build_diagnosis_view(diagnosis, load_messages(language))

    refused, allowed = build(problem), build(None)
    assert refused.content_length() <= 4000
    assert str(refused.to_components()).count("✗") == len(names)  # type: ignore[no-untyped-call]
    assert "✗" not in str(allowed.to_components())  # type: ignore[no-untyped-call]


@pytest.mark.parametrize(
    ("permissions", "guild_id", "code"),
    [
        (discord.Permissions(manage_messages=True), 1, "moderation_not_allowed"),
        (discord.Permissions.all(), None, "moderation_not_allowed"),
        (discord.Permissions(manage_guild=True), 1, "command_unknown"),
        (discord.Permissions(moderate_members=True), 1, "command_unknown"),
    ],
)
async def test_only_moderators_and_managers_may_diagnose(
    permissions: discord.Permissions, guild_id: int | None, code: str
) -> None:
    member, _ = make_member()
    interaction = await make_interaction(permissions=permissions, guild_id=guild_id)
    command = DiagnoseCommand([], UNUSED, UNUSED, UNUSED, UNUSED, CATALOGUE)

    with pytest.raises(RejectedError) as raised:
        await command.diagnose(interaction, member)

    assert raised.value.problems[0].code == code


async def test_the_commands_that_can_be_diagnosed_are_offered_as_discord_names_them() -> None:
    slash: Any = discord.app_commands.Command(
        name=localize_text("command.help.name"), description="x", callback=use_command
    )
    menu = discord.app_commands.ContextMenu(name=localize_text("command.details.name"), callback=use_menu)
    command = DiagnoseCommand([Feature([slash]), Feature([menu])], UNUSED, UNUSED, UNUSED, UNUSED, CATALOGUE)

    async def complete(typed: str, **facts: Any) -> dict[str, str]:
        choices = await command.complete_command(await make_interaction(**facts), typed)
        return {choice.name: choice.value for choice in choices}

    assert await complete("") == {"/help": "help", "Details": "Details"}
    assert await complete("/HE") == {"/help": "help"}
    assert await complete("aid", preferences=Preferences(language="fr")) == {"/aide": "help"}
