"""Edits messages of contests to what they show now, and lets those that were deleted be sent anew."""

import asyncio
import logging
from collections.abc import Iterable
from dataclasses import dataclass

import aiohttp
import discord

from bot.delivery.destinations import CALL_TIMEOUT_SECONDS
from bot.delivery.discord_errors import UNKNOWN_MESSAGE_CODE
from bot.domain.round_phases import get_entry_page
from bot.domain.rounds import PHASE_KINDS, Contest, MessageKind, RoundEntry, RoundMessage
from bot.rounds.message_builder import RoundMessageBuilder
from bot.rounds.message_sender import build_nonce
from bot.storage.round_stores import RoundStores
from shared.problems import RejectedError

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class RoundMessageEditor:
    """Draws posted messages again. One that cannot be drawn is logged: the contest goes on without it."""

    stores: RoundStores
    builder: RoundMessageBuilder

    async def redraw_phase(self, client: discord.Client, contest: Contest) -> None:
        """Draw the message that tells of the present phase again."""
        kind = PHASE_KINDS.get(contest.phase)
        if kind is None:
            return
        try:
            message = await self.stores.messages.find_message(contest.id, kind, round_number=contest.round_number)
        except RejectedError:
            log.warning("contest %s: its message %s cannot be found", contest.id, kind, exc_info=True)
            return
        await self._redraw(client, contest, [message] if message else [])

    async def redraw_entry(self, client: discord.Client, contest: Contest, entry: RoundEntry) -> None:
        """Draw the messages again that show an entry."""
        try:
            sent = await self.stores.messages.list_sent_messages(contest.id, entry.round_number)
        except RejectedError:
            log.warning("contest %s: the messages that show an entry cannot be found", contest.id, exc_info=True)
            return
        await self._redraw(
            client,
            contest,
            [
                message
                for message in sent
                if (message.kind is MessageKind.ENTRY and message.job_id == entry.job_id)
                or (message.kind is MessageKind.ENTRIES and message.page == get_entry_page(entry))
            ],
        )

    async def _redraw(self, client: discord.Client, contest: Contest, messages: Iterable[RoundMessage]) -> None:
        for message in messages:
            if message.message_id is None:
                continue
            try:
                await self._edit(client, contest, message, message.message_id)
            except (RejectedError, discord.HTTPException, aiohttp.ClientError, OSError):
                log.warning("contest %s: its message %s cannot be drawn again", contest.id, message.kind, exc_info=True)

    async def _edit(self, client: discord.Client, contest: Contest, message: RoundMessage, message_id: int) -> None:
        built = await self.builder.build_message(client, contest, message, build_nonce(message))
        channel = client.get_partial_messageable(contest.thread_id, guild_id=contest.guild_id)
        try:
            async with asyncio.timeout(CALL_TIMEOUT_SECONDS):
                await channel.get_partial_message(message_id).edit(
                    view=built.payload["view"],
                    attachments=built.payload.get("files", []),
                    allowed_mentions=discord.AllowedMentions.none(),
                )
        except discord.NotFound as error:
            if error.code != UNKNOWN_MESSAGE_CODE:
                raise
            await self.stores.messages.reopen_message(message)
