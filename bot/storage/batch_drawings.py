"""The boards and sheets of batches that are to be drawn, because their contents have changed."""

from collections.abc import Sequence

from sqlalchemy import select, update

from bot.domain.batches import Batch, BatchSheet
from bot.storage.batch_reader import SqlBatchReader
from bot.storage.batch_rows import parse_batch, parse_sheet
from bot.storage.tables import batch_sheets, batches
from bot.storage.tables.batches import IS_UNDRAWN


class SqlBatchDrawings(SqlBatchReader):
    """Lists the messages that are to be drawn. Every method raises `RejectedError` (database_unavailable)."""

    async def list_undrawn_batches(self, limit: int) -> Sequence[Batch]:
        """List batches whose boards do not show their latest version."""
        rows = await self._read(select(batches).where(IS_UNDRAWN).order_by(batches.c.id).limit(limit))
        return [batch for row in rows if (batch := parse_batch(row))]

    async def list_undrawn_sheets(self, limit: int) -> Sequence[BatchSheet]:
        """List sheets that do not show the latest version of their items, in the order of their batches."""
        query = select(batch_sheets).where(IS_UNDRAWN).order_by(batch_sheets.c.batch_id, batch_sheets.c.number)
        return [parse_sheet(row) for row in await self._read(query.limit(limit))]

    async def list_sheets(self, batch_id: str) -> Sequence[BatchSheet]:
        """List the sheets of a batch in their order."""
        query = select(batch_sheets).where(batch_sheets.c.batch_id == batch_id).order_by(batch_sheets.c.number)
        return [parse_sheet(row) for row in await self._read(query)]

    async def mark_drawn(self, batch: Batch) -> None:
        """Record that the board shows this version of a batch, or that it is not to be shown."""
        query = update(batches).where(batches.c.id == batch.id, batches.c.drawn_version < batch.version)
        await self._transact(lambda connection: connection.execute(query.values(drawn_version=batch.version)))

    async def mark_sheet_drawn(self, sheet: BatchSheet, message_id: int | None) -> bool:
        """Record that a message shows this version of a sheet; False if the sheet is to be sent anew meanwhile."""
        return await self._update_sheet(sheet, message_id=message_id, drawn_version=sheet.version)

    async def reopen_sheet(self, sheet: BatchSheet) -> bool:
        """Let a sheet whose message was deleted be sent anew; False if that is under way already."""
        return await self._update_sheet(sheet, message_id=None, drawn_version=-1, attempt=sheet.attempt + 1)

    async def _update_sheet(self, sheet: BatchSheet, **changes: int | None) -> bool:
        query = update(batch_sheets).where(
            batch_sheets.c.batch_id == sheet.batch_id,
            batch_sheets.c.number == sheet.number,
            batch_sheets.c.attempt == sheet.attempt,
        )
        result = await self._transact(lambda connection: connection.execute(query.values(**changes)))
        return bool(result.rowcount)
