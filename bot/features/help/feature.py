"""The commands and handlers that the feature adds to the bot."""

from bot.discord_client.command_builder import build_command
from bot.discord_client.feature import Feature
from bot.domain.ports import GuildSettingsStore, PreferencesStore
from bot.features.help.command import HelpCommands
from bot.features.help.greeter import Greeter
from bot.features.help.view import OperatorFacts
from bot.interactions.access import Access
from shared.catalogue import Catalogue


def build_help_feature(
    preferences_store: PreferencesStore,
    guild_settings: GuildSettingsStore,
    catalogue: Catalogue,
    facts: OperatorFacts,
) -> Feature:
    """Build `/help` and `/about`, and the greetings."""
    commands = HelpCommands(catalogue, facts)
    greeter = Greeter(preferences_store, guild_settings, catalogue)
    return Feature(
        commands=[build_command("help", commands.show_help), build_command("about", commands.show_about)],
        message_handlers=[greeter.answer_message],
        join_handlers=[greeter.greet_guild],
        access=Access.ALWAYS,
    )
