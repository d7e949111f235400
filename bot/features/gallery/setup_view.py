"""The message of `/gallery setup`, with a select for each setting."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, Final

import discord
from discord import ui

from bot.domain.gallery import THRESHOLDS, GallerySettings
from bot.features.gallery.place import GALLERY_CHANNEL_TYPES, find_gallery_channel, find_missing_permissions
from bot.interactions.components import build_channel_select, build_headed_row, build_select
from bot.interactions.custom_ids import CustomId
from bot.rendering.layout import build_container_view
from shared.i18n.messages import Messages

OFF: Final = "off"
MAX_IGNORED_CHANNELS: Final = 25
IGNORABLE_CHANNEL_TYPES: Final = (*GALLERY_CHANNEL_TYPES, discord.ChannelType.voice, discord.ChannelType.stage_voice)
_FIELDS: Final = ("channel", "min_favourites", "own_marks", "ignored")


@dataclass(frozen=True)
class GallerySettingId(CustomId, template=f"gallery_setting:(?P<field>{'|'.join(_FIELDS)})"):
    """The select of a setting; its values are the choice."""

    field: str


def build_setup_view(settings: GallerySettings, guild: discord.Guild | None, messages: Messages) -> ui.LayoutView:
    """Show the settings in force, in selects that change them, and what keeps the bot from posting."""
    channel_ids = () if settings.channel_id is None else (settings.channel_id,)
    items: list[ui.Item[Any]] = [
        ui.TextDisplay(f"### {messages.text('gallery.title')}\n{_format_state(settings, guild, messages)}"),
        *_build_channel_select("channel", channel_ids, guild, messages, limit=1),
    ]
    thresholds = (OFF, *map(str, THRESHOLDS))
    current = OFF if settings.min_favourites is None else str(settings.min_favourites)
    items += _build_choice_select("min_favourites", thresholds, current, messages)
    items += _build_choice_select("own_marks", (OFF, "on"), "on" if settings.counts_own_marks else OFF, messages)
    items += _build_channel_select("ignored", settings.ignored_channel_ids, guild, messages, limit=MAX_IGNORED_CHANNELS)
    return build_container_view(*items)


def _format_state(settings: GallerySettings, guild: discord.Guild | None, messages: Messages) -> str:
    if settings.channel_id is None:
        return messages.text("gallery.none")
    channel = find_gallery_channel(guild, settings.channel_id)
    if channel is None:
        return messages.text("gallery.channel_gone")
    missing = [messages.text(f"permission.{name}") for name in find_missing_permissions(channel)]
    if missing:
        return messages.text("gallery.lacks_permissions", permissions=", ".join(missing))
    return messages.text("gallery.ready", channel=f"<#{channel.id}>")


def _build_choice_select(
    field: str, choices: Collection[str], current: str, messages: Messages
) -> Sequence[ui.Item[Any]]:
    heading = messages.text(f"gallery.{field}")
    options = [
        discord.SelectOption(label=_format_choice(field, choice, messages), value=choice, default=choice == current)
        for choice in choices
    ]
    return build_headed_row(build_select(GallerySettingId(field), heading, options))


def _build_channel_select(
    field: str, channel_ids: Collection[int], guild: discord.Guild | None, messages: Messages, *, limit: int
) -> Sequence[ui.Item[Any]]:
    """Build a select of channels, where those are chosen that still exist."""
    heading = messages.text(f"gallery.{field}")
    known = [one for one in sorted(channel_ids) if guild is not None and guild.get_channel(one) is not None][:limit]
    types = GALLERY_CHANNEL_TYPES if field == "channel" else IGNORABLE_CHANNEL_TYPES
    return build_headed_row(build_channel_select(GallerySettingId(field), heading, types, known, limit=limit))


def _format_choice(field: str, choice: str, messages: Messages) -> str:
    if choice.isdecimal():
        return messages.text("gallery.people", count=int(choice))
    return messages.text(f"gallery.{field}_{choice}")
