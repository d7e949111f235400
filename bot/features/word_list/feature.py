"""The commands and handlers that the feature adds to the bot."""

from discord import Permissions, app_commands

from bot.discord_client.command_builder import build_command
from bot.discord_client.feature import Feature
from bot.discord_client.translator import localize_text
from bot.features.word_list.command import WordListCommands
from bot.features.word_list.view import WordListPageId
from bot.interactions.access import Access
from bot.interactions.routing import Route
from bot.storage.word_rules import SqlWordRuleStore


def build_word_list_feature(word_rules: SqlWordRuleStore) -> Feature:
    """Build `/words`, which Discord shows to those who may manage the server."""
    handler = WordListCommands(word_rules)
    group = app_commands.Group(
        name=localize_text("command.words.name"),
        description=localize_text("command.words.description"),
        allowed_contexts=app_commands.AppCommandContext(guild=True, dm_channel=False, private_channel=False),
        allowed_installs=app_commands.AppInstallationType(guild=True),
        default_permissions=Permissions(manage_guild=True),
    )
    for command in (
        build_command("words.add", handler.add),
        build_command("words.remove", handler.remove, autocomplete={"pattern": handler.complete_pattern}),
        build_command("words.list", handler.show),
        build_command("words.test", handler.test),
    ):
        group.add_command(command)
    return Feature(commands=[group], routes=[Route(WordListPageId, handler.turn_page)], access=Access.ALWAYS)
