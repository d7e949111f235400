"""The subcommands of `/words`: add, remove, list and test."""

from dataclasses import dataclass
from functools import partial
from typing import Final

import discord
from discord import app_commands
from discord.app_commands import Choice

from bot.discord_client.command_builder import CHOICES_LIMIT
from bot.domain.word_rules import PATTERN_LIMIT, make_rule
from bot.features.word_list.view import PAGE_SIZE, WordListPageId, build_list_view, build_matches_view
from bot.interactions.deadlines import limit_lookup_time
from bot.interactions.locale import get_localized_messages, require_guild_settings
from bot.interactions.permissions import require_guild_manager
from bot.interactions.responses import RenderedMessage, respond_privately, respond_with, update_message
from bot.rendering.markdown import escape_markdown
from bot.storage.word_rules import SqlWordRuleStore
from shared.problems import RejectedError, make_problem

TEXT_LIMIT: Final = 2000
MAX_MATCHES: Final = 25
_QUOTED_LENGTH: Final = 2 * PATTERN_LIMIT

Pattern = app_commands.Range[str, 1, PATTERN_LIMIT]


@dataclass(frozen=True)
class WordListCommands:
    """For members who may manage the server. Every change is in the audit log."""

    word_rules: SqlWordRuleStore

    async def add(self, interaction: discord.Interaction, pattern: Pattern) -> None:
        """Add a word, a phrase or a wildcard."""
        _require_manager(interaction)
        rule = make_rule(pattern)
        async with limit_lookup_time(interaction):
            await self.word_rules.add_rule(interaction.guild_id or 0, rule, interaction.user.id)
        await _respond(interaction, "word_list.added", rule.pattern)

    async def remove(self, interaction: discord.Interaction, pattern: Pattern) -> None:
        """Remove an entry."""
        _require_manager(interaction)
        rule = make_rule(pattern)
        async with limit_lookup_time(interaction):
            if not await self.word_rules.remove_rule(interaction.guild_id or 0, rule, interaction.user.id):
                raise RejectedError(make_problem("word_rule_unknown", pattern=rule.pattern))
        await _respond(interaction, "word_list.removed", rule.pattern)

    async def show(self, interaction: discord.Interaction) -> None:
        """Show the first page of the list."""
        _require_manager(interaction)
        await respond_with(interaction, partial(self._render_page, interaction, 1))

    async def turn_page(self, interaction: discord.Interaction, custom_id: WordListPageId) -> None:
        """Show another page of the list in place of the one whose button was pressed."""
        _require_manager(interaction)
        await update_message(interaction, partial(self._render_page, interaction, custom_id.page))

    async def test(self, interaction: discord.Interaction, text: app_commands.Range[str, 1, TEXT_LIMIT]) -> None:
        """Say which entries a prompt matches, without submitting it."""
        _require_manager(interaction)

        async def render_matches() -> RenderedMessage:
            word_list = await self.word_rules.load_word_list(interaction.guild_id or 0)
            rules = word_list.list_rules(text, MAX_MATCHES)
            return RenderedMessage(build_matches_view(rules, get_localized_messages(interaction)))

        await respond_with(interaction, render_matches)

    async def complete_pattern(self, interaction: discord.Interaction, current: str) -> list[Choice[str]]:
        """Offer the entries that contain the typed text, to those who may remove them."""
        if not interaction.permissions.manage_guild:
            return []
        try:
            async with limit_lookup_time(interaction):
                rules = await self.word_rules.list_rules(interaction.guild_id or 0)
        except RejectedError:
            return []
        typed = current.strip().casefold()
        found = [rule.pattern for rule in rules if typed in rule.pattern.casefold()]
        return [Choice(name=pattern, value=pattern) for pattern in found[:CHOICES_LIMIT]]

    async def _render_page(self, interaction: discord.Interaction, page: int) -> RenderedMessage:
        rules = await self.word_rules.list_rules(interaction.guild_id or 0)
        page_count = max(1, -(-len(rules) // PAGE_SIZE))
        policy = require_guild_settings(interaction).word_policy
        view = build_list_view(rules, min(page, page_count), page_count, policy, get_localized_messages(interaction))
        return RenderedMessage(view)


def _require_manager(interaction: discord.Interaction) -> None:
    require_guild_manager(interaction, "word_rules_not_allowed")


async def _respond(interaction: discord.Interaction, key: str, pattern: str) -> None:
    text = get_localized_messages(interaction).text(key, pattern=escape_markdown(pattern, _QUOTED_LENGTH))
    await respond_privately(interaction, text)
