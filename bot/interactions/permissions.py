"""What the bot must be allowed to do in a channel before it takes on a job there."""

from typing import Final

import discord
from discord import Permissions

# View Channel, Send Messages, Send Messages in Threads, Create Public Threads, Attach Files, Embed Links, Read History
INVITE_PERMISSIONS: Final = Permissions(309237763072)

_REQUIRED_PERMISSIONS: Final = ("view_channel", "attach_files", "embed_links", "read_message_history")
_THREAD_PARENT_TYPES: Final = (discord.ChannelType.text, discord.ChannelType.news)


def list_missing_permissions(permissions: Permissions, *, in_thread: bool) -> tuple[str, ...]:
    """Name what the bot lacks to answer here, as `permission` sections of the phrases do; () when it has all it needs.

    In a channel an answer needs no thread: without one it is a reply. https://discord.com/developers/docs/topics/threads
    """
    speak = "send_messages_in_threads" if in_thread else "send_messages"
    needed = (_REQUIRED_PERMISSIONS[0], speak, *_REQUIRED_PERMISSIONS[1:])
    return () if permissions.administrator else tuple(name for name in needed if not getattr(permissions, name))


def may_open_thread(permissions: Permissions, kind: discord.ChannelType | None) -> bool:
    """Tell whether a public thread can be opened under a message, and written in."""
    allowed = permissions.administrator or (permissions.create_public_threads and permissions.send_messages_in_threads)
    return allowed and kind in _THREAD_PARENT_TYPES
