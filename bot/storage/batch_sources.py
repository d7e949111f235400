"""The pictures that the items of batches start from: their names, and copies of them for another batch."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, insert, literal, select

from bot.storage.session import Database, translate_database_errors
from bot.storage.tables import batch_images


@dataclass(frozen=True)
class SqlBatchSourceStore:
    """Stored pictures. Every method raises `RejectedError` (database_unavailable)."""

    database: Database

    async def list_names(self, batch_id: str) -> Mapping[str, str]:
        """List the names of the pictures that a batch starts from, by their hashes."""
        query = select(batch_images.c.sha256, batch_images.c.name).where(batch_images.c.batch_id == batch_id)
        with translate_database_errors():
            rows = await self.database.run_transaction(lambda connection: connection.execute(query).all())
        return {row.sha256: row.name for row in rows}

    async def copy_images(self, batch_id: str, new_batch_id: str, hashes: Collection[str]) -> None:
        """Store the pictures of a batch that have these hashes for another one, too, unless it has them."""
        has_already = select(batch_images.c.sha256).where(batch_images.c.batch_id == new_batch_id)
        source = select(literal(new_batch_id), batch_images.c.sha256, batch_images.c.name, batch_images.c.image).where(
            batch_images.c.batch_id == batch_id,
            batch_images.c.sha256.in_(hashes),
            batch_images.c.sha256.not_in(has_already),
        )
        copy = insert(batch_images).from_select(["batch_id", "sha256", "name", "image"], source)

        def execute(connection: Connection) -> None:
            connection.execute(copy)

        with translate_database_errors():
            await self.database.run_transaction(execute)
