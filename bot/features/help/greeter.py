"""Greetings: in a server that the bot joins, and in answer to a mention or a direct message.

Every bot process gets these events; as the nonce of a greeting is the event's id, Discord posts it once. A mention can
be read without the MESSAGE_CONTENT intent: https://discord.com/developers/docs/events/gateway#message-content-intent
"""

import logging
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

import aiohttp
import discord

from bot.domain.ports import GuildSettingsStore, PreferencesStore
from bot.features.help.view import format_greeting
from shared.catalogue import Catalogue
from shared.i18n.messages import DEFAULT_LANGUAGE, load_messages
from shared.problems import RejectedError

log = logging.getLogger(__name__)

DIRECT_MESSAGE_PAUSE_SECONDS: Final = 3600.0
MENTION_PAUSE_SECONDS: Final = 60.0
MAX_REMEMBERED_PLACES: Final = 1000
MAX_JOIN_AGE: Final = timedelta(hours=1)
_TYPED_MESSAGES: Final = frozenset({discord.MessageType.default, discord.MessageType.reply})

_Channel = discord.abc.Messageable


@dataclass(frozen=True)
class Greeter:
    """Greets each place once in a while, where it may write. `clock` is monotonic, in seconds."""

    preferences_store: PreferencesStore
    guild_settings: GuildSettingsStore
    catalogue: Catalogue
    clock: Callable[[], float] = time.monotonic
    _next_times: dict[int, float] = field(default_factory=dict)

    async def greet_guild(self, guild: discord.Guild) -> None:
        """Greet a server that the bot has just joined; one that is back after an outage was greeted long ago."""
        joined_at = guild.me.joined_at
        if joined_at is None or discord.utils.utcnow() - joined_at > MAX_JOIN_AGE:
            return
        channel = next(_iterate_writable_channels(guild), None)
        if channel is not None:
            await self._send(channel, "guild", guild, f"{guild.id}{int(joined_at.timestamp() * 1000) % 100_000:05}")

    async def answer_message(self, message: discord.Message) -> None:
        """Answer a person's direct message, or a message that mentions the bot by name."""
        if message.author.bot or message.type not in _TYPED_MESSAGES:
            return
        channel, guild = message.channel, message.guild
        if isinstance(channel, discord.DMChannel):
            if self._may_greet(message.author.id, DIRECT_MESSAGE_PAUSE_SECONDS):
                await self._send(channel, "direct_message", message.author, str(message.id))
            return
        if guild is None or not isinstance(channel, discord.abc.GuildChannel | discord.Thread):
            return
        is_asked = _mentions(message, guild.me) and _may_write(channel, guild.me)
        if is_asked and self._may_greet(channel.id, MENTION_PAUSE_SECONDS):
            await self._send(channel, "mention", guild, str(message.id))

    def _may_greet(self, place_id: int, pause_seconds: float) -> bool:
        """Tell whether the pause since the last greeting of a place is over; if so, the next one begins."""
        now = self.clock()
        if self._next_times.get(place_id, now) > now:
            return False
        self._next_times[place_id] = now + pause_seconds
        while len(self._next_times) > MAX_REMEMBERED_PLACES:
            del self._next_times[next(iter(self._next_times))]
        return True

    async def _send(
        self, channel: _Channel, key: str, reader: discord.Guild | discord.User | discord.Member, nonce: str
    ) -> None:
        try:
            messages = load_messages(await self._find_locale(reader))
            await channel.send(format_greeting(key, self.catalogue, messages), nonce=nonce)
        except (RejectedError, discord.HTTPException, aiohttp.ClientError, OSError) as error:
            log.info("no greeting could be posted (%r)", error)

    async def _find_locale(self, reader: discord.Guild | discord.User | discord.Member) -> str:
        if isinstance(reader, discord.Guild):
            return (await self.guild_settings.load_settings(reader.id)).language or str(reader.preferred_locale)
        return (await self.preferences_store.load_preferences(reader.id)).language or DEFAULT_LANGUAGE


def _iterate_writable_channels(guild: discord.Guild) -> Iterator[discord.TextChannel]:
    """Yield the text channels where the bot may write: the one of system messages first, then by their position."""
    for channel in (guild.system_channel, *guild.text_channels):
        if channel is not None and _may_write(channel, guild.me):
            yield channel


def _mentions(message: discord.Message, me: discord.Member) -> bool:
    """Tell whether a message names the bot, as a reply to one of its messages alone does not."""
    return f"<@{me.id}>" in message.content or f"<@!{me.id}>" in message.content


def _may_write(channel: discord.abc.GuildChannel | discord.Thread, me: discord.Member) -> bool:
    permissions = channel.permissions_for(me)
    is_thread = isinstance(channel, discord.Thread)
    return permissions.view_channel and (
        permissions.send_messages_in_threads if is_thread else permissions.send_messages
    )
