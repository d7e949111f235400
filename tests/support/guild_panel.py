"""A server as its panel of settings sees it: channels, roles, presets and models."""

from collections.abc import Mapping
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any
from unittest.mock import Mock

import discord

from bot.domain.guild_settings import GuildSettings
from bot.features.server_settings.choices import SettingChoices
from bot.features.server_settings.view import ServerPanel
from bot.rendering.setting_labels import SettingLabels
from shared.catalogue import Catalogue, load_catalogue
from shared.i18n.messages import load_messages

STUDIO, NEWS, VOICE, CLOSED = 21, 22, 23, 24
ARTISTS = 31
PRESETS = {"abcdefghjk": "Portrait", "bcdefghjkm": "Sea *and* sand"}


def make_channel(
    channel_id: int, kind: discord.ChannelType = discord.ChannelType.text, *, may_send: bool = True
) -> Any:
    permissions = discord.Permissions(view_channel=True, send_messages=may_send)
    channel = Mock(id=channel_id, type=kind, permissions_for=Mock(return_value=permissions))
    channel.name = f"channel-{channel_id}"
    return channel


def make_guild() -> Any:
    """Make a server with four channels, one of them closed to the bot, and a role."""
    channels = {
        STUDIO: make_channel(STUDIO),
        NEWS: make_channel(NEWS, discord.ChannelType.news),
        VOICE: make_channel(VOICE, discord.ChannelType.voice),
        CLOSED: make_channel(CLOSED, may_send=False),
    }
    return SimpleNamespace(
        id=1,
        me=None,
        get_channel=channels.get,
        get_channel_or_thread=channels.get,
        get_role={ARTISTS: "artists"}.get,
    )


def make_choices(
    *, presets: Mapping[str, str] = PRESETS, max_days: int = 30, catalogue: Catalogue | None = None
) -> SettingChoices:
    return SettingChoices(make_guild(), catalogue or load_catalogue(), presets, max_days)


def make_panel(settings: GuildSettings, language: str = "en", choices: SettingChoices | None = None) -> ServerPanel:
    choices = choices or make_choices()
    labels = SettingLabels(load_messages(language), choices.catalogue, choices.guild, choices.presets)
    return ServerPanel(settings, choices, labels, datetime(2026, 7, 1, tzinfo=UTC))
