"""The checks of a command, in the order in which it meets them: the very ones that the command itself runs."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import discord

from bot.discord_client.feature import AnyCommand
from bot.domain.budgets import BudgetExceededError, BudgetUsage, require_room, to_micro_usd
from bot.domain.usage import Check, Usage, build_check
from bot.features.diagnose.discord_rules import Integrations, find_discord_problem
from bot.interactions.access import Access, AccessRule
from bot.interactions.usage import AnyChannel
from bot.queue.job_queue import RedisJobQueue
from bot.submission.rules import RequestRules
from shared.problems import Problem


@dataclass(frozen=True)
class Attempt:
    """A command that a member would use in a channel. `budgets` are those that apply to a request there."""

    command: AnyCommand
    access: Access
    member: discord.Member
    channel: AnyChannel
    integrations: Integrations
    budgets: Sequence[BudgetUsage]


@dataclass(frozen=True)
class CheckList:
    """Lists the checks of an attempt."""

    access_rule: AccessRule
    rules: RequestRules
    queue: RedisJobQueue

    def list_checks(self, client: discord.Client, attempt: Attempt) -> Iterator[Check]:
        """List Discord's own checks, those on the use of the bot and, for a request, those of the request."""

        def find_problem_of_discord(_: Usage) -> Problem | None:
            return find_discord_problem(attempt.command, attempt.member, attempt.channel, attempt.integrations)

        def find_budget_problem(usage: Usage) -> Problem | None:
            return self._find_budget_problem(usage, attempt.budgets)

        async def find_limit_problem(usage: Usage) -> Problem | None:
            (request,) = usage.requests
            guild_id = attempt.member.guild.id
            return await self.queue.find_limit_problem(request.model, usage.user_id, attempt.channel.id, guild_id)

        yield build_check("discord", find_problem_of_discord)
        yield from self.access_rule.list_checks(client, attempt.access)
        if attempt.access is Access.REQUEST:
            yield from self.rules.list_checks()
            yield build_check("budget", find_budget_problem)
            yield Check("limits", find_limit_problem)

    def _find_budget_problem(self, usage: Usage, budgets: Sequence[BudgetUsage]) -> Problem | None:
        """Find the budget that has the least room, if it has too little for the requests."""
        models = self.rules.catalogue.models
        prices = [to_micro_usd(models[request.model].price_usd) for request in usage.requests]
        try:
            require_room(budgets, prices)
        except BudgetExceededError as error:
            return error.problems[0]
        return None
