"""The direct message that all data of a person is deleted, when `/forget-me` could not show it."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

import discord
from discord import ui

from bot.domain.notices import Notice
from bot.features.privacy.store import build_summary
from bot.features.privacy.view import format_deleted_data
from shared.i18n.messages import Messages


async def render_deletion_notice(
    notice: Notice, messages: Messages, guild: discord.Guild | None
) -> Sequence[ui.Item[Any]]:
    """Render a notice: how much was deleted of which kind."""
    del guild
    return (ui.TextDisplay(format_deleted_data(build_summary(Counter(notice.data["counts"])), messages)),)
