"""Posts the message with which approvers decide on a batch, once, and lets it show the decision."""

import asyncio
import io
import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final

import discord

from bot.batches.approval_view import SHEET_FILENAME, ApprovalFacts, build_approval_view
from bot.batches.languages import load_public_messages
from bot.batches.source_sheet import SourceSheets
from bot.batches.teams import find_batch_team
from bot.change_signal import ChangeSignal
from bot.delivery.destinations import CALL_TIMEOUT_SECONDS
from bot.delivery.discord_errors import is_transient
from bot.delivery.posted_messages import PostedMessageFinder, derive_nonce
from bot.delivery.retrying_sender import RetryingSender, may_send_later
from bot.domain.batches import Batch, BatchState
from bot.domain.ports import GuildSettingsStore
from bot.periodic import choose_rest, run_on_changes
from bot.rendering.outcome_views import compute_component_id
from bot.storage.batches import SqlBatchStore
from bot.storage.teams import SqlTeamStore
from shared.catalogue import Catalogue
from shared.outage_log import OutageLog

log = logging.getLogger(__name__)

INTERVAL_SECONDS: Final = 0.5
MAX_WAITING: Final = 20


class ApprovalMessages:
    """Draws the messages for approvers from what is stored. `clock` gives Unix seconds."""

    def __init__(
        self,
        client: discord.Client,
        store: SqlBatchStore,
        teams: SqlTeamStore,
        guild_settings: GuildSettingsStore,
        catalogue: Catalogue,
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._client = client
        self._store = store
        self._teams = teams
        self._guild_settings = guild_settings
        self._catalogue = catalogue
        self._sheets = SourceSheets(store)
        self._posted_messages = PostedMessageFinder(client, clock=clock)
        self._sender: RetryingSender[str, Batch] = RetryingSender(
            self._draw_messages,
            outage=OutageLog(log, "messages for approvers are posted"),
            subject="messages for approvers of batch",
            may_pass=may_send_later,
            clock=clock,
        )

    async def run(self, changes: ChangeSignal) -> None:
        """Draw messages until cancelled, as soon as the client knows its servers."""
        await self._client.wait_until_ready()
        self._posted_messages.restart()
        await run_on_changes(INTERVAL_SECONDS, self.draw_waiting, changes, "drawing the messages for approvers")

    async def draw_waiting(self) -> float:
        """Draw the messages that do not show the state of their batches; return how many seconds to rest.

        Raises `RejectedError`.
        """
        waiting = await self._store.list_undrawn_approvals(MAX_WAITING)
        await self._sender.send_messages(waiting, lambda batch: batch.id)
        return choose_rest(waiting)

    async def _draw_messages(self, batches: Sequence[Batch]) -> None:
        for batch in batches:
            message_id = batch.approval_message_id
            if batch.state is BatchState.AWAITING_APPROVAL:
                message_id = message_id or await self._find_or_post(batch)
            elif message_id is not None:
                await self._show_decision(batch, message_id)
            await self._store.mark_approval_drawn(batch, message_id)
            self._posted_messages.mark_recorded(build_nonce(batch))

    async def _find_or_post(self, batch: Batch) -> int:
        """Return the message that was posted for this request, by this or an earlier process, or post it."""
        nonce, channel_id = build_nonce(batch), batch.place.channel_id

        async def get_channel_id() -> int:
            return channel_id

        posted = await self._posted_messages.find_posted(
            batch.place.guild_id, get_channel_id, {nonce: batch.created_at}
        )
        if nonce in posted:
            return posted[nonce]
        messages = await load_public_messages(self._guild_settings, batch)
        facts, files = await self._load_facts(batch), []
        drawn = await self._sheets.draw_page(batch.id, facts.items, 0, messages)
        if drawn is not None:
            facts = replace(facts, alt_text=drawn.page.alt_text)
            files = [discord.File(io.BytesIO(drawn.jpeg), SHEET_FILENAME)]
        view = build_approval_view(batch, facts, self._catalogue, messages, compute_component_id(nonce))
        roles = [] if facts.approver_role_id is None else [discord.Object(facts.approver_role_id)]
        mentions = discord.AllowedMentions(everyone=False, users=False, roles=roles, replied_user=False)
        channel = self._client.get_partial_messageable(channel_id)
        with self._posted_messages.watch_posting(nonce):
            async with asyncio.timeout(CALL_TIMEOUT_SECONDS):
                return (await channel.send(view=view, files=files, nonce=nonce, allowed_mentions=mentions)).id

    async def _show_decision(self, batch: Batch, message_id: int) -> None:
        """Let a message show the decision, without buttons; one that is gone needs none."""
        messages = await load_public_messages(self._guild_settings, batch)
        facts, component_id = await self._load_facts(batch), compute_component_id(build_nonce(batch))
        view = build_approval_view(batch, facts, self._catalogue, messages, component_id)
        message = self._client.get_partial_messageable(batch.place.channel_id).get_partial_message(message_id)
        try:
            async with asyncio.timeout(CALL_TIMEOUT_SECONDS):
                await message.edit(view=view, attachments=[], allowed_mentions=discord.AllowedMentions.none())
        except discord.HTTPException as error:
            if is_transient(error):
                raise
            log.warning("batch %s: its message for approvers cannot show the decision (%s)", batch.id, error)

    async def _load_facts(self, batch: Batch) -> ApprovalFacts:
        """Load all that the message shows besides the batch and its sheet."""
        team = await find_batch_team(self._teams, batch)
        role_id = None if team is None else team.approver_role_id
        return ApprovalFacts(await self._store.list_items(batch.id), role_id)


def build_nonce(batch: Batch) -> str:
    """Derive the nonce of the message of a request."""
    return derive_nonce(f"approval/{batch.id}/{batch.version}")
