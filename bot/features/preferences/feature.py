"""The commands and handlers that the feature adds to the bot."""

from bot.discord_client.command_builder import build_command
from bot.discord_client.feature import Feature
from bot.domain.ports import PreferencesStore
from bot.features.preferences.choices import PreferenceSelectId
from bot.features.preferences.command import PreferencesCommand
from bot.interactions.access import Access
from bot.interactions.routing import Route
from shared.catalogue import Catalogue


def build_preferences_feature(preferences_store: PreferencesStore, catalogue: Catalogue) -> Feature:
    """Build `/preferences` and the handlers of its selects."""
    command = PreferencesCommand(preferences_store, catalogue)
    return Feature(
        commands=[build_command("preferences", command.show_preferences)],
        routes=[
            Route(PreferenceSelectId, command.change_choice),
        ],
        access=Access.VIEW,
    )
