"""Opening the thread under a status message."""

from typing import Final

import discord

from shared.job import Origin

THREAD_EXISTS_CODE: Final = 160004  # https://discord.com/developers/docs/topics/opcodes-and-status-codes#json
ARCHIVE_AFTER_MINUTES: Final = 1440


async def open_thread(client: discord.Client, origin: Origin, name: str) -> int:
    """Open a public thread under the message of `origin` unless there is one, and return its id.

    Raises `discord.HTTPException`.
    """
    try:
        await client.http.start_thread_with_message(
            origin.channel_id, origin.message_id, name=name, auto_archive_duration=ARCHIVE_AFTER_MINUTES
        )
    except discord.HTTPException as error:
        if error.code != THREAD_EXISTS_CODE:
            raise
    return origin.message_id  # a thread under a message has the message's own id
