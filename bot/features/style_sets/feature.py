"""The commands that the feature adds to the bot."""

from discord.app_commands import Choice

from bot.discord_client.command_builder import build_command, build_group
from bot.discord_client.feature import Feature
from bot.discord_client.translator import localize_choice
from bot.features.style_sets.command import StyleSetCommands
from bot.interactions.access import Access
from bot.interactions.owners import OWNERS
from bot.storage.style_sets import SqlStyleSetStore
from bot.submission.images import ImageFetcher
from bot.submission.style_set_option import StyleSetOption


def build_style_sets_feature(store: SqlStyleSetStore, option: StyleSetOption, image_fetcher: ImageFetcher) -> Feature:
    """Build `/styles` with its subcommands."""
    handler = StyleSetCommands(store, option, image_fetcher)
    owners = {"owner": [Choice(name=localize_choice("owner", owner), value=owner) for owner in OWNERS]}
    autocomplete_name = {"set_name": option.autocomplete_name}
    group = build_group(
        "styles",
        (
            build_command("styles.add", handler.add_pictures, autocomplete=autocomplete_name, choices=owners),
            build_command("styles.list", handler.show_style_sets),
            build_command("styles.show", handler.show_style_set, autocomplete=autocomplete_name),
            build_command("styles.remove", handler.remove, autocomplete=autocomplete_name, choices=owners),
        ),
    )
    return Feature(commands=[group], access=Access.VIEW)
