"""Drafts of batches: their items, pictures and previews, and the choices of their requesters until they are started."""

from collections.abc import AsyncIterator, Callable, Collection, Sequence
from dataclasses import replace
from typing import Final

from pydantic import TypeAdapter
from sqlalchemy import Connection, delete, insert, literal, select

from bot.domain.batch_previews import BatchPreview
from bot.domain.batches import DRAFT_STATES, Batch, BatchItem, BatchState, get_due_time
from bot.storage.batch_charges import SqlBatchCharges
from bot.storage.batch_items import add_items, save_batch
from bot.storage.batch_rows import build_batch_row, lock_batch_in
from bot.storage.tables import batch_images, batch_items, batch_previews, batches
from bot.storage.upsert import build_insert_unless_exists

_PREVIEW_ADAPTER: Final = TypeAdapter(BatchPreview)


class SqlBatchDrafts(SqlBatchCharges):
    """Stores batches before they are started. Every method raises `RejectedError` (database_unavailable)."""

    async def add_draft(self, batch: Batch, items: Sequence[BatchItem]) -> bool:
        """Store a new batch that nobody else sees; False if it is stored, or one with its idempotency key.

        It is deleted after a day unless it is started.
        """
        draft = replace(batch, state=BatchState.DRAFT, due_at=get_due_time(BatchState.DRAFT, self._clock()))

        def add(connection: Connection) -> bool:
            row = build_batch_row(draft) | {"drawn_version": draft.version, "approval_is_drawn": True}
            if connection.execute(build_insert_unless_exists(connection, batches, row)).one_or_none() is None:
                return False
            self._add_priced_items(connection, draft.id, items)
            return True

        return await self._transact(add)

    async def replace_items(self, batch_id: str, items: Sequence[BatchItem]) -> Batch:
        """Put items in the place of those of a batch that was not started; its pictures stay.

        Raises `RejectedError` (batch_started).
        """

        def put_items(connection: Connection, batch: Batch) -> Batch:
            connection.execute(delete(batch_items).where(batch_items.c.batch_id == batch_id))
            self._add_priced_items(connection, batch_id, items)
            return save_batch(connection, batch)

        return await self._change_draft(batch_id, put_items)

    async def change_draft(self, batch_id: str, change: Callable[[Batch], Batch]) -> Batch:
        """Change the brief, the priority or the pings of a batch that was not started.

        Raises `RejectedError` (batch_started).
        """
        return await self._change_draft(batch_id, lambda connection, batch: save_batch(connection, change(batch)))

    async def delete_draft(self, batch_id: str) -> None:
        """Delete a draft with its items and pictures; nothing happens to a batch that is none any more."""
        query = delete(batches).where(batches.c.id == batch_id, batches.c.state == BatchState.DRAFT)
        await self._change(query)

    async def list_drafts(self, guild_id: int, requester_id: int) -> Sequence[Batch]:
        """List the drafts of a member in a guild, newest first."""
        of_member = (batches.c.guild_id == guild_id, batches.c.requester_id == requester_id)
        query = select(batches).where(*of_member, batches.c.state == BatchState.DRAFT)
        return await self._list_batches(query.order_by(batches.c.created_at.desc(), batches.c.id.desc()))

    async def add_image(self, batch_id: str, sha256: str, name: str, data: bytes) -> None:
        """Store a picture that items of a batch start from; `sha256` is the hash of `data`."""
        row = {"batch_id": batch_id, "sha256": sha256, "name": name, "image": data}

        def insert_image(connection: Connection) -> None:
            connection.execute(build_insert_unless_exists(connection, batch_images, row)).one_or_none()

        await self._transact(insert_image)

    async def iterate_images(self, batch_id: str) -> AsyncIterator[tuple[str, str, bytes]]:
        """Iterate over the pictures of a batch, in the order of their hashes: hash, name and data, one at a time."""
        previous = ""
        while True:
            query = select(batch_images).where(batch_images.c.batch_id == batch_id, batch_images.c.sha256 > previous)
            rows = await self._read(query.order_by(batch_images.c.sha256).limit(1))
            if not rows:
                return
            previous = rows[0].sha256
            yield previous, rows[0].name, rows[0].image

    async def list_image_names(self, batch_id: str) -> dict[str, str]:
        """List the names of the pictures of a batch, by their hashes."""
        columns = (batch_images.c.sha256, batch_images.c.name)
        rows = await self._read(select(*columns).where(batch_images.c.batch_id == batch_id))
        return {row.sha256: row.name for row in rows}

    async def copy_images(self, batch_id: str, new_batch_id: str, hashes: Collection[str]) -> None:
        """Store the pictures of a batch that have these hashes for another one, too, unless it has them."""
        has_already = select(batch_images.c.sha256).where(batch_images.c.batch_id == new_batch_id)
        source = select(literal(new_batch_id), batch_images.c.sha256, batch_images.c.name, batch_images.c.image).where(
            batch_images.c.batch_id == batch_id,
            batch_images.c.sha256.in_(hashes),
            batch_images.c.sha256.not_in(has_already),
        )
        await self._change(insert(batch_images).from_select(["batch_id", "sha256", "name", "image"], source))

    async def save_preview(self, batch_id: str, preview: BatchPreview) -> None:
        """Store the preview of a batch, in place of an earlier one."""
        stored = _PREVIEW_ADAPTER.dump_json(replace(preview, table=None)).decode()
        row = {"batch_id": batch_id, "preview_json": stored, "table_data": preview.table}

        def put_preview(connection: Connection) -> None:
            connection.execute(delete(batch_previews).where(batch_previews.c.batch_id == batch_id))
            connection.execute(insert(batch_previews), row)

        await self._transact(put_preview)

    async def load_preview(self, batch_id: str) -> BatchPreview:
        """Load the preview of a batch; an empty one if there is none."""
        rows = await self._read(select(batch_previews).where(batch_previews.c.batch_id == batch_id))
        if not rows:
            return BatchPreview()
        return replace(_PREVIEW_ADAPTER.validate_json(rows[0].preview_json), table=rows[0].table_data)

    def _add_priced_items(self, connection: Connection, batch_id: str, items: Sequence[BatchItem]) -> None:
        if items:
            add_items(connection, batch_id, [replace(item, price=self._get_price(item.request)) for item in items])

    async def _change_draft(self, batch_id: str, change: Callable[[Connection, Batch], Batch]) -> Batch:
        def change_locked(connection: Connection) -> Batch:
            return change(connection, lock_batch_in(connection, batch_id, DRAFT_STATES, "batch_started"))

        return await self._transact(change_locked)
