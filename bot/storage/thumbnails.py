"""Thumbnails over SQLAlchemy. One that cannot be kept, or not be read, is made again when it is needed."""

import logging
from collections.abc import Collection, Mapping

from sqlalchemy import LargeBinary, insert, literal, select
from sqlalchemy.exc import IntegrityError

from bot.storage.database import DATABASE_ERRORS, Database
from bot.storage.tables import jobs, thumbnails

log = logging.getLogger(__name__)


class SqlThumbnailStore:
    """Thumbnails in SQLite or PostgreSQL."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def load_thumbnails(self, job_ids: Collection[str]) -> Mapping[str, bytes]:
        try:
            async with self._database.transaction() as records:
                rows = await records.execute(select(thumbnails).where(thumbnails.c.job_id.in_(job_ids)))
                return {row.job_id: row.jpeg for row in rows}
        except DATABASE_ERRORS:
            log.warning("thumbnails cannot be read", exc_info=True)
            return {}

    async def save_thumbnail(self, job_id: str, jpeg: bytes) -> None:
        shown = select(jobs.c.id, literal(jpeg, LargeBinary)).where(jobs.c.id == job_id, jobs.c.deleted_at.is_(None))
        try:
            async with self._database.transaction() as records:
                await records.execute(insert(thumbnails).from_select(["job_id", "jpeg"], shown))
        except IntegrityError:
            log.debug("job %s: its thumbnail is kept already", job_id)
        except DATABASE_ERRORS:
            log.warning("job %s: its thumbnail cannot be kept", job_id, exc_info=True)
