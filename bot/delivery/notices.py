"""Posts each waiting notice once in its channel, or as a direct message.

The nonce of the message is the notice's id. A notice that may have been posted already is looked for first.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, Final

import discord
from discord import ui

from bot.change_signal import ChangeSignal
from bot.delivery.destinations import CALL_TIMEOUT_SECONDS, get_own_permissions, open_direct_channel
from bot.delivery.discord_errors import (
    UNKNOWN_MESSAGE_CODE,
    DestinationForbiddenError,
    is_transient,
)
from bot.delivery.ports import GuildSettingsReader
from bot.delivery.posted_messages import PostedMessageFinder
from bot.delivery.retrying_sender import RetryingSender
from bot.discord_client.feature import NoticeRenderer
from bot.discord_client.sharded_client import load_guild
from bot.domain.notices import DIRECT_MESSAGE, Notice, NoticeKind
from bot.periodic import choose_rest, run_on_changes
from bot.rendering.layout import build_container_view
from bot.rendering.outcome_views import compute_component_id
from bot.storage.notices import SqlNoticeStore
from shared.i18n.messages import Messages, load_messages
from shared.outage_log import OutageLog

log = logging.getLogger(__name__)

INTERVAL_SECONDS: Final = 2.0


class NoticeSender:
    """Posts notices, in order within a channel, in the language of the server. `clock` gives Unix seconds.

    `renderers` are those of the features; a notice of another kind waits for a release that knows it.
    """

    def __init__(
        self,
        client: discord.Client,
        store: SqlNoticeStore,
        renderers: Mapping[NoticeKind, NoticeRenderer],
        guild_settings: GuildSettingsReader,
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._client = client
        self._store = store
        self._renderers = dict(renderers)
        self._guild_settings = guild_settings
        self._posted_messages = PostedMessageFinder(client, clock=clock)
        self._sender: RetryingSender[int, Notice] = RetryingSender(
            self._send_to_place, outage=OutageLog(log, "notices are posted"), subject="notices for", clock=clock
        )

    async def run(self, changes: ChangeSignal) -> None:
        """Post notices until cancelled, as soon as the client knows its servers."""
        await self._client.wait_until_ready()
        self._posted_messages.restart()
        await run_on_changes(INTERVAL_SECONDS, self.send_waiting, changes, "posting notices")

    async def send_waiting(self) -> float:
        """Post the notices that wait, in several channels at once; return how many seconds to rest.

        Raises `DATABASE_ERRORS` and `RejectedError`.
        """
        waiting = await self._store.list_waiting(self._renderers)
        await self._sender.send_messages(waiting, lambda notice: notice.place_id)
        return choose_rest(waiting)

    async def _send_to_place(self, notices: Sequence[Notice]) -> None:
        """Post the notices of one channel or user."""
        await load_guild(self._client, notices[0].guild_id)
        open_channel = partial(self._open_channel, notices[0])
        created_at = {notice.nonce: notice.created_at for notice in notices}
        posted = await self._posted_messages.find_posted(notices[0].guild_id, open_channel, created_at)
        for notice in notices:
            await self._send_notice(notice, posted.get(notice.nonce))

    async def _send_notice(self, notice: Notice, message_id: int | None) -> None:
        """Post a notice, unless it was posted as this message, and close it."""
        if message_id is None and (items := await self._render(notice)):
            view = build_container_view(*items, component_id=compute_component_id(notice.nonce))
            message_id = await self._post(notice, view)
        await self._store.close_notice(notice, message_id)
        self._posted_messages.mark_recorded(notice.nonce)

    async def _render(self, notice: Notice) -> Sequence[ui.Item[Any]]:
        """Render a notice; () if there is nothing to tell. One that cannot be rendered does not hold up the others."""
        guild = self._client.get_guild(notice.guild_id)
        messages = await self._load_messages(notice, guild)
        try:
            return await self._renderers[NoticeKind(notice.kind)](notice, messages, guild)
        except (KeyError, ValueError, TypeError):
            log.exception("notice %d (%s) cannot be rendered and is given up", notice.id, notice.kind)
            return ()

    async def _post(self, notice: Notice, view: ui.LayoutView) -> int | None:
        """Post a notice. None, and a line in the log, if its channel is gone or refuses it."""
        try:
            with self._posted_messages.watch_posting(notice.nonce):
                self._require_permissions(notice)
                async with asyncio.timeout(CALL_TIMEOUT_SECONDS):
                    channel = self._client.get_partial_messageable(await self._open_channel(notice))
                    return (await channel.send(view=view, nonce=notice.nonce)).id
        except (discord.HTTPException, DestinationForbiddenError) as error:
            if is_transient(error):
                raise
            is_deleted = isinstance(error, discord.HTTPException) and error.code == UNKNOWN_MESSAGE_CODE
            if not is_deleted:  # otherwise its nonce belongs to a message that was deleted since
                log.warning(
                    "notice %d (%s) for guild %d is given up: channel %d does not accept it (%s)",
                    *(notice.id, notice.kind, notice.guild_id, notice.channel_id, error),
                )
            return None

    async def _open_channel(self, notice: Notice) -> int:
        """Return the id of the channel, which for a direct message is opened first."""
        if notice.channel_id != DIRECT_MESSAGE:
            return notice.channel_id
        return await open_direct_channel(self._client, notice.data["user_id"])

    def _require_permissions(self, notice: Notice) -> None:
        """Raise `DestinationForbiddenError` if the bot is known to be unable to post: then Discord is not asked."""
        permissions = get_own_permissions(self._client, notice.guild_id, notice.channel_id)
        if permissions is not None and not (permissions.view_channel and permissions.send_messages):
            raise DestinationForbiddenError("forbidden")

    async def _load_messages(self, notice: Notice, guild: discord.Guild | None) -> Messages:
        """Load the texts in the reader's language, if the notice names it, or else in the server's."""
        language = notice.data.get("locale") or (await self._guild_settings.load_settings(notice.guild_id)).language
        return load_messages(language or ("" if guild is None else str(guild.preferred_locale)))
