"""Posts each message of a contest once, in order, in its thread; what nobody can read any more ends in words."""

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Final

import discord

from bot.change_signal import ChangeSignal
from bot.delivery.destinations import CALL_TIMEOUT_SECONDS, open_direct_channel
from bot.delivery.discord_errors import (
    FORBIDDEN_CODES,
    GONE_CODES,
    REFUSED_CODES,
    UNKNOWN_MESSAGE_CODE,
    is_transient,
)
from bot.delivery.posted_messages import PostedMessageFinder, derive_nonce
from bot.delivery.retrying_sender import RetryingSender, may_send_later
from bot.domain.round_changes import end_contest
from bot.domain.round_phases import get_entry_page
from bot.domain.round_steps import NewMessage
from bot.domain.rounds import DIRECT_KINDS, Contest, EndReason, EntryState, MessageKind, RoundEntry, RoundMessage
from bot.periodic import choose_rest, run_on_changes
from bot.rounds.forum_tags import update_post_tags
from bot.rounds.message_builder import RoundMessageBuilder
from bot.storage.round_stores import RoundStores
from shared.outage_log import OutageLog

log = logging.getLogger(__name__)

INTERVAL_SECONDS: Final = 0.5
MAX_WAITING_PER_CONTEST: Final = 2
"""Few in one pass, so that a contest of hundreds of entries does not hold up the others."""


class RoundMessageSender:
    """Posts the messages that wait. `clock` gives Unix seconds."""

    def __init__(
        self,
        client: discord.Client,
        stores: RoundStores,
        builder: RoundMessageBuilder,
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._client = client
        self._stores = stores
        self._builder = builder
        self._posted_messages = PostedMessageFinder(client, clock=clock)
        self._sender: RetryingSender[str, RoundMessage] = RetryingSender(
            self._send_of_contest,
            outage=OutageLog(log, "messages of contests are posted"),
            subject="messages of contest",
            may_pass=may_send_later,
            clock=clock,
        )

    async def run(self, changes: ChangeSignal) -> None:
        """Post messages until cancelled, as soon as the client knows its servers."""
        await self._client.wait_until_ready()
        self._posted_messages.restart()
        await run_on_changes(INTERVAL_SECONDS, self.send_waiting, changes, "posting the messages of contests")

    async def send_waiting(self) -> float:
        """Post the messages that wait, those of several contests at once; return how many seconds to rest.

        Raises `RejectedError`.
        """
        waiting = await self._stores.messages.list_waiting_messages(MAX_WAITING_PER_CONTEST)
        await self._sender.send_messages(waiting, lambda message: message.contest_id)
        return choose_rest(waiting)

    async def _send_of_contest(self, messages: Sequence[RoundMessage]) -> None:
        """Post the messages of one contest."""
        contest = await self._stores.contests.find_contest(messages[0].contest_id)
        if contest is not None:
            await self._send_in_order(contest, messages)

    async def _send_in_order(self, contest: Contest, messages: Sequence[RoundMessage]) -> None:
        try:
            open_channel = partial(self._open_channel, contest, messages[0])
            created_at = {build_nonce(message): message.created_at for message in messages}
            posted = await self._posted_messages.find_posted(contest.guild_id, open_channel, created_at)
            for message in messages:
                if message.kind is MessageKind.CANNOT_POST:  # what comes before it was posted
                    await self._stores.messages.close_message(message, None)
                else:
                    await self._send_message(contest, message, posted.get(build_nonce(message)))
        except discord.HTTPException as error:
            if error.code in GONE_CODES and messages[0].kind not in DIRECT_KINDS:
                await self._end_gone_contest(contest, error)
                return
            if error.code in FORBIDDEN_CODES:
                await self._tell_host(contest)
            raise

    async def _send_message(self, contest: Contest, message: RoundMessage, message_id: int | None) -> None:
        """Post a message, unless it was posted under this id, publish what it reveals, and record it."""
        if message_id is None:
            message_id = await self._post(contest, message)
        if message_id is not None:
            await self._publish_entries(contest, message, message_id)
            if contest.settings.forum_id is not None and message.kind not in DIRECT_KINDS:
                await self._update_tags(contest)
        await self._stores.messages.close_message(message, message_id)
        self._posted_messages.mark_recorded(build_nonce(message))

    async def _post(self, contest: Contest, message: RoundMessage) -> int | None:
        """Post a message; None, and a line in the log, if it never can be. Raises the errors of Discord."""
        nonce = build_nonce(message)
        built = await self._builder.build_message(self._client, contest, message, nonce)
        try:
            with self._posted_messages.watch_posting(nonce):
                async with asyncio.timeout(CALL_TIMEOUT_SECONDS):
                    channel = self._client.get_partial_messageable(await self._open_channel(contest, message))
                    sent = await channel.send(nonce=nonce, allowed_mentions=built.allowed_mentions, **built.payload)
        except discord.HTTPException as error:
            if error.code == UNKNOWN_MESSAGE_CODE:  # its nonce belongs to a message that was deleted since
                return None
            is_final = message.kind in DIRECT_KINDS or error.code in REFUSED_CODES
            if is_final and not is_transient(error):
                log.exception("contest %s: its message %s is given up", contest.id, message.kind)
                return None
            raise
        return sent.id

    async def _publish_entries(self, contest: Contest, message: RoundMessage, message_id: int) -> None:
        """Let everybody know of the entries of a round when its result is posted, and of a relay's at once."""
        if message.kind is MessageKind.ENTRY and contest.settings.is_relay and message.job_id:
            await self._stores.messages.publish_entries(
                contest.thread_id, {message.job_id: message_id}, kept_ids={message.job_id}
            )
        if message.kind is not MessageKind.RESULT:
            return
        entries = [
            entry
            for entry in await self._stores.contests.list_entries(contest.id, round_number=message.round_number)
            if entry.state is EntryState.ENTERED and entry.number
        ]
        sent = await self._stores.messages.list_sent_messages(contest.id, message.round_number)
        places = _locate_entries(entries, sent) | {entry.job_id: message_id for entry in entries if entry.is_winner}
        winner_ids = {entry.job_id for entry in entries if entry.is_winner}
        await self._stores.messages.publish_entries(contest.thread_id, places, kept_ids=winner_ids)

    async def _update_tags(self, contest: Contest) -> None:
        """Show the state in the tags of the post, before the message is recorded: a bot after this one does it then."""
        entries = () if contest.is_open else await self._stores.contests.list_entries(contest.id)
        await update_post_tags(self._client, contest, has_winner=any(entry.is_winner for entry in entries))

    async def _open_channel(self, contest: Contest, message: RoundMessage) -> int:
        """Return the id of the thread, or of the host's direct messages, which are opened first."""
        if message.kind not in DIRECT_KINDS:
            return contest.thread_id
        return await open_direct_channel(self._client, contest.host_id)

    async def _tell_host(self, contest: Contest) -> None:
        """Tell the host, once in a round, that messages wait until the bot may post them."""
        notice = NewMessage(MessageKind.CANNOT_POST, contest.round_number)
        message = await self._stores.messages.add_message_once(contest.id, notice)
        if message is not None:
            await self._send_message(contest, message, None)

    async def _end_gone_contest(self, contest: Contest, error: discord.HTTPException) -> None:
        """End a contest whose thread is gone; its host is told."""
        log.warning("contest %s: its thread %d is gone (%s)", contest.id, contest.thread_id, error)
        if contest.is_open:
            await self._stores.contests.change_contest(contest.id, partial(end_contest, EndReason.CHANNEL_GONE))
        await self._stores.messages.close_messages(contest.id)


def _locate_entries(entries: Sequence[RoundEntry], sent: Sequence[RoundMessage]) -> dict[str, int]:
    """Find the messages that show entries, by the ids of their jobs."""
    pages = {message.page: message.message_id for message in sent if message.kind is MessageKind.ENTRIES}
    singles = {message.job_id: message.message_id for message in sent if message.kind is MessageKind.ENTRY}
    places = {entry.job_id: singles.get(entry.job_id) or pages.get(get_entry_page(entry)) for entry in entries}
    return {job_id: message_id for job_id, message_id in places.items() if message_id is not None}


def build_nonce(message: RoundMessage) -> str:
    """Derive the nonce of a message; a message sent anew has another one."""
    return derive_nonce(f"{message.contest_id}/{message.sequence}/{message.attempt}")
