"""Acknowledging a request: the status message, in the channel or in the requester's direct messages.

Later edits of the status message belong to `bot.status.status_messages`.
"""

import asyncio
import logging
from typing import Any, Final

import discord

from bot.domain.messages import MessageRef
from bot.interactions.components import remove_action_rows
from bot.interactions.custom_ids import CustomId
from bot.interactions.locale import get_guild_settings, get_localized_messages, require_preferences
from bot.interactions.responses import fetch_response_id
from bot.interactions.result_buttons import build_cancel_view
from bot.rendering.job_list import build_origin_link
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


async def post_status(interaction: discord.Interaction) -> Origin:
    """Post a status message where the result goes. Raises `RejectedError` where direct messages are closed.

    The job is not recorded yet, so the message promises nothing.
    """
    text = get_localized_messages(interaction).text("status.starting")
    # the nonce of the result is the job's id; silent: only the result is worth a notification
    return await post_message(interaction, nonce=f"s-{interaction.id}", content=text, silent=True)


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


async def close_choice(interaction: discord.Interaction, choice: CustomId, job: Job) -> None:
    """Remove the buttons of a choice that was made; a private message says where to watch the job instead."""
    text = get_localized_messages(interaction).text("status.started", where=build_origin_link(job.origin))
    message = interaction.message
    async with asyncio.timeout(DISCORD_TIMEOUT_SECONDS):
        if message is not None and message.flags.components_v2:
            view = remove_action_rows(message, type(choice), text if message.flags.ephemeral else "")
            await interaction.edit_original_response(view=view)
        else:
            await interaction.edit_original_response(content=text, view=None)


async def delete_message(interaction: discord.Interaction, origin: Origin) -> None:
    """Delete the message of a request that was rejected. Failures are logged only."""
    try:
        async with asyncio.timeout(DISCORD_TIMEOUT_SECONDS):
            channel = interaction.client.get_partial_messageable(origin.channel_id)
            await channel.get_partial_message(origin.message_id).delete()
    except Exception:  # the requester sees the rejection all the same
        log.warning("job %s: its message was not deleted", interaction.id, exc_info=True)


async def explain_queue_delay(interaction: discord.Interaction) -> None:
    """Tell the requester alone that the queue does not respond and the request waits. Failures are logged only."""
    try:
        async with asyncio.timeout(DISCORD_TIMEOUT_SECONDS):
            await interaction.followup.send(
                get_localized_messages(interaction).text("status.queue_unknown"), ephemeral=True
            )
    except Exception:  # the outcome is delivered all the same
        log.warning("job %s: the delay could not be explained", interaction.id, exc_info=True)


async def post_message(interaction: discord.Interaction, *, nonce: str, **content: Any) -> Origin:
    """Post a message in the channel of the interaction, or directly if the requester prefers private results.

    Raises `RejectedError`.
    """
    private, channel = is_private(interaction), interaction.channel_id or 0
    target: discord.abc.Messageable = interaction.user
    if not private:
        target = interaction.client.get_partial_messageable(channel, guild_id=interaction.guild_id)
    try:
        async with asyncio.timeout(DISCORD_TIMEOUT_SECONDS):
            message = await target.send(nonce=nonce, **content)
    except discord.Forbidden as error:
        if not private:
            raise
        raise RejectedError(make_problem("direct_messages_closed")) from error
    is_direct = private or interaction.guild_id is None
    return Origin(
        guild_id=interaction.guild_id or 0,
        channel_id=message.channel.id,
        message_id=message.id,
        is_in_thread=is_direct or is_in_thread(interaction),
        is_direct_message=is_direct,
        locale=None if private else get_guild_settings(interaction).language,
    )
