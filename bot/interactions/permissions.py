"""What the bot must be allowed to do in a channel before it takes on a job there."""

from typing import Final

import discord
from discord import Permissions

# View Channel, Send Messages, Send Messages in Threads, Create Public Threads, Attach Files, Embed Links, Read History
INVITED: Final = Permissions(309237763072)

_NEEDED: Final = ("view_channel", "attach_files", "embed_links", "read_message_history")
_THREADED: Final = (discord.ChannelType.text, discord.ChannelType.news)


def missing(granted: Permissions, *, in_thread: bool) -> tuple[str, ...]:
    """Name what the bot lacks to answer here, as `permission` sections of the phrases do; () when it has all it needs.

    In a channel an answer needs no thread: without one it is a reply. https://discord.com/developers/docs/topics/threads
    """
    speak = "send_messages_in_threads" if in_thread else "send_messages"
    needed = (_NEEDED[0], speak, *_NEEDED[1:])
    return () if granted.administrator else tuple(name for name in needed if not getattr(granted, name))


def may_open_thread(granted: Permissions, kind: discord.ChannelType | None) -> bool:
    """Tell whether a public thread can be opened under a message, and written in."""
    allowed = granted.administrator or (granted.create_public_threads and granted.send_messages_in_threads)
    return allowed and kind in _THREADED
