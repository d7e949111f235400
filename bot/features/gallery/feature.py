"""The commands and handlers that the feature adds to the bot."""

from discord import Permissions, app_commands
from discord.app_commands import Choice

from bot.discord_client.command_builder import build_command, build_guild_group
from bot.discord_client.feature import Feature
from bot.discord_client.translator import localize_choice
from bot.features.gallery.handlers import GalleryHandlers
from bot.features.gallery.setup import GallerySetup
from bot.features.gallery.setup_view import GallerySettingId
from bot.features.gallery.top import TopCommand
from bot.features.gallery.top_view import TopKind, TopPeriod
from bot.interactions.access import Access
from bot.interactions.result_buttons import ShareId, TakeOutId
from bot.interactions.routing import Route


def build_gallery_feature(handlers: GalleryHandlers, top: TopCommand) -> Feature:
    """Build `/gallery`, which Discord shows to those who may manage messages, `/top`, and the handlers of the buttons.

    A server's administrators can show `/gallery` to others, whom the bot refuses.
    https://discord.com/developers/docs/interactions/application-commands#permissions
    """
    setup = GallerySetup(handlers.gallery, handlers.audit_log)
    complete = {"job": handlers.autocomplete_job}
    group = build_guild_group(
        "gallery",
        (
            build_command("gallery.setup", setup.show_settings),
            build_command("gallery.add", handlers.add, autocomplete=complete),
            build_command("gallery.remove", handlers.remove, autocomplete=complete),
        ),
        permissions=Permissions(manage_messages=True),
    )
    periods = [Choice(name=localize_choice("top_period", period), value=period.value) for period in TopPeriod]
    kinds = [Choice(name=localize_choice("top_kind", kind), value=kind.value) for kind in TopKind]
    show_top = build_command("top", top.show_top, choices={"period": periods, "kind": kinds})
    app_commands.allowed_contexts(guilds=True, dms=False)(show_top)
    return Feature(
        commands=[group, show_top],
        routes=[
            Route(GallerySettingId, setup.change_setting),
            Route(ShareId, handlers.share),
            Route(TakeOutId, handlers.take_out),
        ],
        access=Access.ALWAYS,
    )
