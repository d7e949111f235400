"""The batches that a member sees, and their rights in them. Every id comes from a client."""

from collections.abc import Sequence
from typing import Final, Protocol

import discord

from bot.domain.batches import Batch, BatchItem, BatchState
from bot.interactions.visibility import list_readable_channels
from shared.problems import RejectedError, make_problem

MAX_LISTED_BATCHES: Final = 100


class BatchReader(Protocol):
    """Finds batches. Implemented by `bot.storage`. Every method raises `RejectedError` (database_unavailable)."""

    async def find_batch(self, batch_id: str) -> Batch | None: ...

    async def find_batch_in_thread(self, thread_id: int) -> Batch | None: ...

    async def list_batches(
        self, guild_id: int, limit: int, *, is_open: bool | None = None, requester_id: int | None = None
    ) -> Sequence[Batch]: ...

    async def list_drafts(self, guild_id: int, requester_id: int) -> Sequence[Batch]: ...

    async def find_item(self, batch_id: str, number: int) -> BatchItem | None: ...


async def find_batch_here(store: BatchReader, interaction: discord.Interaction, batch_id: str) -> Batch:
    """Find a batch of this server that the user may see. Raises `RejectedError` (batch_unknown)."""
    batch = await store.find_batch(batch_id.strip())
    if batch is None or not _may_see(batch, interaction, list_readable_channels(interaction)):
        raise RejectedError(make_problem("batch_unknown"))
    return batch


async def list_readable_batches(
    store: BatchReader, interaction: discord.Interaction, *, is_open: bool | None = None
) -> Sequence[Batch]:
    """List the batches of this server that the user may see, newest first; the open ones begin with drafts."""
    readable, guild_id = list_readable_channels(interaction), interaction.guild_id or 0
    found = await store.list_batches(guild_id, MAX_LISTED_BATCHES, is_open=is_open)
    drafts = await store.list_drafts(guild_id, interaction.user.id) if is_open else ()
    return [batch for batch in (*drafts, *found) if _may_see(batch, interaction, readable)]


async def resolve_batch(
    store: BatchReader, interaction: discord.Interaction, batch_id: str | None, *, is_open: bool | None = None
) -> Batch:
    """Find the batch that a command is about: the one that was chosen, that of this thread, or the only one.

    Raises `RejectedError`: batch_unknown, batch_ambiguous.
    """
    if batch_id is not None:
        return await find_batch_here(store, interaction, batch_id)
    here = await store.find_batch_in_thread(interaction.channel_id or 0)
    if here is not None and here.place.guild_id == interaction.guild_id:
        return here
    batches = await list_readable_batches(store, interaction, is_open=is_open)
    if not batches:
        raise RejectedError(make_problem("batch_unknown"))
    if len(batches) > 1:
        raise RejectedError(make_problem("batch_ambiguous"))
    return batches[0]


async def find_batch_item(store: BatchReader, batch_id: str, number: int, attempt: int | None = None) -> BatchItem:
    """Find an item of a batch, if it is still of this attempt, unless that is None.

    Raises `RejectedError`: batch_item_unknown, batch_item_changed.
    """
    item = await store.find_item(batch_id, number)
    if item is None:
        raise RejectedError(make_problem("batch_item_unknown"))
    if attempt is not None and item.attempt != attempt:
        raise RejectedError(make_problem("batch_item_changed"))
    return item


def require_requester(interaction: discord.Interaction, batch: Batch) -> None:
    """Raise `RejectedError` (batch_not_yours) for anybody but the requester of a batch."""
    if interaction.user.id != batch.requester.id:
        raise RejectedError(make_problem("batch_not_yours"))


def _may_see(batch: Batch, interaction: discord.Interaction, readable: frozenset[int]) -> bool:
    """Tell whether the user may see a batch: their own, or one of a channel that they can read, once it is no draft."""
    if batch.place.guild_id != interaction.guild_id:
        return False
    if batch.requester.id == interaction.user.id:
        return True
    is_shown = batch.state is not BatchState.DRAFT
    return is_shown and not {batch.place.channel_id, batch.place.thread_id}.isdisjoint(readable)
