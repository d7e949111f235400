"""Takes the words and the preview of a deleted result out of its channel."""

import asyncio
import contextlib
from typing import Final

import discord
from discord import ui

from shared.i18n.messages import load_messages
from shared.job import Job, Origin

TIMEOUT_SECONDS: Final = 30.0


async def withdraw_status(client: discord.Client, job: Job) -> None:
    """Replace the status message of a job, and the name of the thread below it, by words that say nothing of it.

    The message of an exploration or of a batch stays, as it shows other results. Raises the errors of discord.py,
    except for what is gone already.
    """
    if job.exploration_id or job.batch is not None:
        return
    text = load_messages(job.locale).text("status.deleted")
    origin = job.origin
    view = ui.LayoutView(timeout=None)
    view.add_item(ui.TextDisplay(f"-# {text}"))
    channel = client.get_partial_messageable(origin.channel_id, guild_id=origin.guild_id or None)
    async with asyncio.timeout(TIMEOUT_SECONDS):
        with contextlib.suppress(discord.NotFound):
            await channel.get_partial_message(origin.message_id).edit(content=None, view=view, attachments=[])
    await withdraw_thread_name(client, origin, job.locale)


async def withdraw_thread_name(client: discord.Client, origin: Origin, locale: str) -> None:
    """Rename the thread below a status message, if there is one, to words that say nothing. Raises as above."""
    if not origin.is_in_thread:
        name = load_messages(locale).text("status.deleted")
        async with asyncio.timeout(TIMEOUT_SECONDS):
            with contextlib.suppress(discord.NotFound):
                await client.http.edit_channel(origin.message_id, name=name, archived=False)
