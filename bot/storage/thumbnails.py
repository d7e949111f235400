"""Thumbnails of results. They can be made again, so that failures are only logged."""

import logging
from collections.abc import Collection, Mapping

from sqlalchemy import LargeBinary, insert, literal, select
from sqlalchemy.exc import IntegrityError

from bot.storage.session import DATABASE_ERRORS, Database
from bot.storage.tables import jobs, thumbnails

log = logging.getLogger(__name__)


class SqlThumbnailStore:
    """Stored thumbnails, as JPEG files by job id."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def load_thumbnails(self, job_ids: Collection[str]) -> Mapping[str, bytes]:
        """Load those that are stored."""
        try:
            async with self._database.transaction() as connection:
                rows = await connection.execute(select(thumbnails).where(thumbnails.c.job_id.in_(job_ids)))
                return {row.job_id: row.jpeg for row in rows}
        except DATABASE_ERRORS:
            log.warning("thumbnails could not be loaded", exc_info=True)
            return {}

    async def save_thumbnail(self, job_id: str, jpeg: bytes) -> None:
        """Store a thumbnail, unless the job is unknown or its result was deleted."""
        existing_result = select(jobs.c.id, literal(jpeg, LargeBinary)).where(
            jobs.c.id == job_id, jobs.c.deleted_at.is_(None)
        )
        try:
            async with self._database.transaction() as connection:
                await connection.execute(insert(thumbnails).from_select(["job_id", "jpeg"], existing_result))
        except IntegrityError:
            log.debug("job %s: its thumbnail is stored already", job_id)
        except DATABASE_ERRORS:
            log.warning("job %s: its thumbnail could not be stored", job_id, exc_info=True)
