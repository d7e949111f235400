"""Full-size images: those that jobs start from, and results that no message could carry."""

import logging
import time
from collections.abc import Callable
from typing import Final

from sqlalchemy import (
    BindParameter,
    Connection,
    bindparam,
    case,
    delete,
    exists,
    func,
    insert,
    select,
    union_all,
    update,
)
from sqlalchemy.exc import IntegrityError

from bot.domain.images import StoredImage
from bot.domain.rounds import Phase
from bot.storage.session import DATABASE_ERRORS, Database, begin_transaction, translate_database_errors
from bot.storage.tables import (
    batch_images,
    batch_results,
    contests,
    guild_settings,
    jobs,
    outcomes,
    round_entries,
    source_images,
    undelivered_images,
)
from bot.storage.upsert import build_upsert
from shared.job import Job

log = logging.getLogger(__name__)

SECONDS_PER_DAY: Final = 86400.0
LAST_USED_PRECISION_SECONDS: Final = 3600.0
"""A source image's last use is recorded at most this often."""

_JOB_ID: Final[BindParameter[str]] = bindparam("target_job_id")
_NOW: Final[BindParameter[float]] = bindparam("now")
_SELECT_SOURCE_SHA256: Final = select(jobs.c.source_sha256).where(jobs.c.id == _JOB_ID)
_IS_SOURCE_OF_JOB: Final = source_images.c.sha256 == _SELECT_SOURCE_SHA256.scalar_subquery()
_SELECT_LAST_USED_AT: Final = select(source_images.c.last_used_at).where(_IS_SOURCE_OF_JOB)
_IS_OPEN_CONTEST: Final = contests.c.phase != Phase.ENDED
_SELECT_SOURCES_OF_OPEN_CONTESTS: Final = select(contests.c.source_sha256).where(
    _IS_OPEN_CONTEST, contests.c.source_sha256.is_not(None)
)
_SELECT_ENTRIES_OF_OPEN_CONTESTS: Final = (
    select(round_entries.c.job_id).join(contests, contests.c.id == round_entries.c.contest_id).where(_IS_OPEN_CONTEST)
)
_BEFORE: Final[BindParameter[float]] = bindparam("before")
_RETENTION: Final[BindParameter[float]] = bindparam("retention")
_RETENTION_OF_GUILD: Final = case(
    (guild_settings.c.retention_days * SECONDS_PER_DAY < _RETENTION, guild_settings.c.retention_days * SECONDS_PER_DAY),
    else_=_RETENTION,
)
_JOBS_OF_GUILDS: Final = jobs.outerjoin(guild_settings, guild_settings.c.guild_id == jobs.c.guild_id)
_SOURCE_LAST_USED_AT: Final = source_images.c.last_used_at + LAST_USED_PRECISION_SECONDS
_DELETE_SOURCES: Final = delete(source_images).where(
    source_images.c.last_used_at < _BEFORE - LAST_USED_PRECISION_SECONDS,  # few rows, found by their index
    source_images.c.sha256.not_in(_SELECT_SOURCES_OF_OPEN_CONTESTS),
    (_SOURCE_LAST_USED_AT < _NOW - _RETENTION)
    | exists().where(jobs.c.source_sha256 == source_images.c.sha256).correlate(source_images),
    ~exists()
    .select_from(_JOBS_OF_GUILDS)
    .where(
        jobs.c.source_sha256 == source_images.c.sha256,
        _SOURCE_LAST_USED_AT >= _NOW - _RETENTION_OF_GUILD,
    )
    .correlate(source_images),
)
_DELETE_UNUSED_SOURCES: Final = delete(source_images).where(
    source_images.c.last_used_at.between(_NOW - 3 * SECONDS_PER_DAY, _NOW - SECONDS_PER_DAY),
    source_images.c.sha256.not_in(_SELECT_SOURCES_OF_OPEN_CONTESTS),
    ~exists().where(jobs.c.source_sha256 == source_images.c.sha256).correlate(source_images),
)
"""The pictures of edits that were shown but not started, found within days of that by the index."""
_DELETE_RESULTS: Final = delete(undelivered_images).where(
    undelivered_images.c.stored_at < _BEFORE,
    undelivered_images.c.job_id.not_in(_SELECT_ENTRIES_OF_OPEN_CONTESTS),
    ~exists()
    .select_from(_JOBS_OF_GUILDS)
    .where(
        jobs.c.id == undelivered_images.c.job_id,
        undelivered_images.c.stored_at >= _NOW - _RETENTION_OF_GUILD,
    )
    .correlate(undelivered_images),
)
_UPDATE_LAST_USED_AT: Final = update(source_images).where(_IS_SOURCE_OF_JOB).values(last_used_at=_NOW)


class SqlImageStore:
    """Stored images.

    Storing a source image is a convenience: its failures are only logged. Every other method raises `RejectedError`
    (database_unavailable). `clock` gives Unix seconds.
    """

    def __init__(self, database: Database, *, clock: Callable[[], float] = time.time) -> None:
        self._database = database
        self._clock = clock

    async def load_source_image(self, sha256: str) -> StoredImage | None:
        """Load the prepared image of the upload with this hash; None if it is not stored."""
        query = select(source_images.c.image).where(source_images.c.sha256 == sha256)
        async with begin_transaction(self._database) as connection:
            data = (await connection.execute(query)).scalar()
        return None if data is None else StoredImage(sha256, data)

    async def save_bundle(self, image: StoredImage) -> None:
        """Store the pictures of an edit, which its requester is shown before it is submitted."""
        row = {"sha256": image.sha256, "image": image.data, "last_used_at": self._clock()}
        with translate_database_errors():
            await self._database.run_transaction(
                lambda connection: connection.execute(
                    build_upsert(
                        connection, source_images, row, conflict_columns=["sha256"], unchanged_columns=["image"]
                    )
                )
            )

    async def load_upload(self, job: Job, sha256: str) -> StoredImage | None:
        """Load the picture with this hash that a job starts from: prepared, or stored with its batch or as a result."""
        image = await self.load_source_image(sha256)
        if image is not None:
            return image
        is_of_parent = batch_results.c.job_id == job.parent_id
        queries = [select(batch_results.c.image).where(is_of_parent, batch_results.c.sha256 == sha256)]
        if job.batch is not None:
            is_of_batch = batch_images.c.batch_id == job.batch.batch_id
            queries.append(select(batch_images.c.image).where(is_of_batch, batch_images.c.sha256 == sha256))
        async with begin_transaction(self._database) as connection:
            data = (await connection.execute(union_all(*queries))).scalar()
        return None if data is None else StoredImage(sha256, data)

    async def refresh_source_image(self, job_id: str) -> bool:
        """Tell whether the image that the job started from is stored, and postpone its expiry."""
        now = self._clock()

        def update_last_use(connection: Connection) -> bool:
            last_used_at = connection.execute(_SELECT_LAST_USED_AT, {_JOB_ID.key: job_id}).scalar()
            if last_used_at is not None and now - last_used_at > LAST_USED_PRECISION_SECONDS:
                connection.execute(_UPDATE_LAST_USED_AT, {_JOB_ID.key: job_id, _NOW.key: now})
            return last_used_at is not None

        try:
            return await self._database.run_transaction(update_last_use)
        except DATABASE_ERRORS:
            log.warning("job %s: its source image could not be looked up", job_id, exc_info=True)
            return False

    async def save_source_image(self, job_id: str, data: bytes) -> None:
        """Store the image that the job started from, once for all jobs that start from the same upload."""
        now = self._clock()

        def insert_image(connection: Connection) -> None:
            sha256 = connection.execute(_SELECT_SOURCE_SHA256, {_JOB_ID.key: job_id}).scalar()
            if sha256 is not None:
                connection.execute(insert(source_images), {"sha256": sha256, "image": data, "last_used_at": now})

        try:
            await self._database.run_transaction(insert_image)
        except IntegrityError:
            log.debug("job %s: another job stored the same source image", job_id)
        except DATABASE_ERRORS:
            log.warning("job %s: its source image could not be stored", job_id, exc_info=True)

    async def load_undelivered_image(self, job_id: str) -> bytes | None:
        """Load a result that no message carries, such as that of an item of a batch; None if it is not stored."""
        tables = (undelivered_images, batch_results)
        query = union_all(*(select(table.c.image).where(table.c.job_id == job_id) for table in tables))
        async with begin_transaction(self._database) as connection:
            return (await connection.execute(query)).scalar()

    async def save_undelivered_image(self, job_id: str, data: bytes) -> None:
        """Store the result of a job whose outcome is recorded, unless it is stored already."""
        query = (
            select(undelivered_images.c.stored_at)
            .select_from(outcomes)
            .outerjoin(undelivered_images, undelivered_images.c.job_id == outcomes.c.job_id)
            .where(outcomes.c.job_id == job_id)
        )
        async with begin_transaction(self._database) as connection:
            row = (await connection.execute(query)).one_or_none()
            if row is not None and row.stored_at is None:
                image = {"job_id": job_id, "image": data, "stored_at": self._clock()}
                await connection.execute(insert(undelivered_images).values(image))

    async def delete_expired_images(self, retention_days: float) -> int:
        """Delete the images last used or stored more than so many days ago; return their number.

        Those of a guild that keeps images for a shorter time are deleted earlier, unless a job of another guild started
        from the same image. Those of open contests stay. The pictures of an edit that nobody started go after a day.
        """
        select_shortest = select(func.min(guild_settings.c.retention_days))

        def delete_images(connection: Connection) -> int:
            shortest: int | None = connection.execute(select_shortest).scalar()
            days = retention_days if shortest is None else min(shortest, retention_days)
            facts = {_BEFORE.key: self._clock() - days * SECONDS_PER_DAY, _NOW.key: self._clock()}
            facts[_RETENTION.key] = retention_days * SECONDS_PER_DAY
            queries = (_DELETE_SOURCES, _DELETE_UNUSED_SOURCES, _DELETE_RESULTS)
            return sum(connection.execute(query, facts).rowcount for query in queries)

        with translate_database_errors():
            return await self._database.run_transaction(delete_images)
