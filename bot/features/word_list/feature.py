"""The commands and handlers that the feature adds to the bot."""

from discord import Permissions

from bot.discord_client.command_builder import build_command, build_guild_group
from bot.discord_client.feature import Feature
from bot.features.word_list.command import WordListCommands
from bot.features.word_list.view import WordListPageId
from bot.interactions.access import Access
from bot.interactions.routing import Route
from bot.storage.word_rules import SqlWordRuleStore


def build_word_list_feature(word_rules: SqlWordRuleStore) -> Feature:
    """Build `/words`, which Discord shows to those who may manage the server."""
    handler = WordListCommands(word_rules)
    group = build_guild_group(
        "words",
        (
            build_command("words.add", handler.add),
            build_command("words.remove", handler.remove, autocomplete={"pattern": handler.complete_pattern}),
            build_command("words.list", handler.show),
            build_command("words.test", handler.test),
        ),
        permissions=Permissions(manage_guild=True),
    )
    return Feature(commands=[group], routes=[Route(WordListPageId, handler.turn_page)], access=Access.ALWAYS)
