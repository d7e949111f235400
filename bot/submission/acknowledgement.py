"""Acknowledging a request: the status message, in the channel or in the requester's direct messages.

Later edits of the status message belong to `bot.status.status_messages`.
"""

import asyncio
import logging
from typing import Any, Final

import discord
from discord import ui

from bot.domain.messages import MessageRef
from bot.interactions.locale import get_guild_settings, get_localized_messages, require_preferences
from bot.interactions.responses import fetch_response_id
from bot.interactions.result_buttons import build_cancel_view
from bot.rendering.status_text import format_preparing_status
from bot.submission.threads import is_in_thread
from shared.i18n.messages import load_messages
from shared.job import Job, Origin
from shared.problems import RejectedError, make_problem

log = logging.getLogger(__name__)

DISCORD_TIMEOUT_SECONDS: Final = 30.0  # discord.py retries a 5xx for about 25 s


def is_private(interaction: discord.Interaction) -> bool:
    """Tell whether the result goes to direct messages although the command was used in a server.

    Raises `RejectedError` if the preferences could not be read.
    """
    return require_preferences(interaction).private and interaction.guild_id is not None


async def get_response_origin(interaction: discord.Interaction) -> Origin:
    """Return the deferred response ("thinking…") as the origin of a job."""
    async with asyncio.timeout(DISCORD_TIMEOUT_SECONDS):
        message_id = await fetch_response_id(interaction)
    return Origin(
        guild_id=interaction.guild_id or 0,
        channel_id=interaction.channel_id or 0,
        message_id=message_id,
        is_in_thread=is_in_thread(interaction) or interaction.guild_id is None,
        is_direct_message=interaction.guild_id is None,
        locale=get_guild_settings(interaction).language,
    )


async def send_direct_status(interaction: discord.Interaction) -> Origin:
    """Send a status message to the requester's direct messages. Raises `RejectedError` where they are closed.

    The job is not recorded yet, so the message promises nothing.
    """
    text = get_localized_messages(interaction).text("status.starting")
    nonce = f"s-{interaction.id}"  # the nonce of the result is the job's id
    try:
        # silent: only the result is worth a notification
        return await _send_direct_message(interaction, content=text, nonce=nonce, silent=True)
    except RejectedError:
        await interaction.edit_original_response(content=text)
        raise


async def show_status(interaction: discord.Interaction, job: Job) -> None:
    """Turn the deferred response into the status message, or into a link to the one in direct messages.

    This comes before any rejection: once "thinking…" is deleted, Discord may refuse followups.
    https://github.com/discord/discord-api-docs/issues/3087
    """
    origin = job.origin
    messages = load_messages(job.requester.locale if origin.is_direct_message else job.locale)
    async with asyncio.timeout(DISCORD_TIMEOUT_SECONDS):
        if origin.is_direct_message:
            link = MessageRef(origin.channel_id, origin.message_id, is_private=True).build_link(origin.guild_id)
            await interaction.edit_original_response(content=messages.text("status.direct", where=link))
        else:
            await interaction.edit_original_response(
                content=format_preparing_status(job, messages), view=build_cancel_view(job.id, messages)
            )


async def delete_direct_status(interaction: discord.Interaction, origin: Origin) -> None:
    """Delete the status message of a rejected job from the direct messages. Failures are logged only."""
    try:
        async with asyncio.timeout(DISCORD_TIMEOUT_SECONDS):
            channel = interaction.client.get_partial_messageable(origin.channel_id)
            await channel.get_partial_message(origin.message_id).delete()
    except Exception:  # the requester sees the rejection all the same
        log.warning("job %s: its status message was not deleted", interaction.id, exc_info=True)


async def explain_queue_delay(interaction: discord.Interaction) -> None:
    """Tell the requester alone that the queue does not respond and the request waits. Failures are logged only."""
    try:
        async with asyncio.timeout(DISCORD_TIMEOUT_SECONDS):
            await interaction.followup.send(
                get_localized_messages(interaction).text("status.queue_unknown"), ephemeral=True
            )
    except Exception:  # the outcome is delivered all the same
        log.warning("job %s: the delay could not be explained", interaction.id, exc_info=True)


async def post_message(interaction: discord.Interaction, nonce: str, view: ui.LayoutView) -> Origin:
    """Post a message in the channel of the command, or in direct messages if the requester prefers private results.

    Posted again with the same `nonce` within a few minutes, it is the same message. Raises `RejectedError`.
    """
    if is_private(interaction):
        return await _send_direct_message(interaction, nonce=nonce, view=view)
    channel = interaction.client.get_partial_messageable(interaction.channel_id or 0, guild_id=interaction.guild_id)
    async with asyncio.timeout(DISCORD_TIMEOUT_SECONDS):
        message = await channel.send(nonce=nonce, view=view)
    return Origin(
        guild_id=interaction.guild_id or 0,
        channel_id=channel.id,
        message_id=message.id,
        is_in_thread=is_in_thread(interaction),
        locale=get_guild_settings(interaction).language,
    )


async def _send_direct_message(interaction: discord.Interaction, **content: Any) -> Origin:
    try:
        async with asyncio.timeout(DISCORD_TIMEOUT_SECONDS):
            message = await interaction.user.send(**content)
    except discord.Forbidden as error:
        raise RejectedError(make_problem("direct_messages_closed")) from error
    return Origin(
        guild_id=interaction.guild_id or 0,
        channel_id=message.channel.id,
        message_id=message.id,
        is_in_thread=True,
        is_direct_message=True,
    )
