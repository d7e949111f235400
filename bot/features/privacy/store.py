"""Deleting everything about a person in one transaction."""

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final

from sqlalchemy import Column, ColumnElement, Select, delete, exists, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql.schema import Table

from bot.domain.gallery import Remover
from bot.domain.records import NO_USER_ID
from bot.features.privacy.summary import StoredDataSummary
from bot.storage.anonymous_jobs import anonymize_ancestors, delete_childless_jobs, forget_source_owner
from bot.storage.batch_retention import (
    count_batches,
    count_pending_items,
    forget_batches,
)
from bot.storage.gallery_rows import note_changed_favourites, withdraw_posts
from bot.storage.notices import NO_DATA
from bot.storage.round_members import PERSONAL_TABLES, forget_member
from bot.storage.session import DATABASE_ERRORS, Database, begin_transaction
from bot.storage.tables import (
    OPEN_STATES,
    audit_entries,
    explorations,
    favourites,
    gallery_posts,
    jobs,
    ledger_entries,
    notices,
    outcomes,
    presets,
    queue_entries,
    reports,
    result_hashes,
    source_images,
    style_sets,
    team_choices,
    teams,
    thumbnails,
    undelivered_images,
    user_preferences,
    word_rules,
)

log = logging.getLogger(__name__)

_ACTOR_COLUMNS: Final[Mapping[Table, Column[Any]]] = MappingProxyType(
    {
        reports: reports.c.closed_by,
        ledger_entries: ledger_entries.c.user_id,
        audit_entries: audit_entries.c.actor_id,
        word_rules: word_rules.c.created_by,
        teams: teams.c.created_by,
    }
)
"""Who did what a row tells of, which stays without them."""


class SqlUserDataStore:
    """The stored data of a person. Every method raises `RejectedError` (database_unavailable).

    `clock` gives Unix seconds.
    """

    def __init__(self, database: Database, *, clock: Callable[[], float] = time.time) -> None:
        self._database = database
        self._clock = clock

    async def summarise_stored_data(self, user_id: int) -> StoredDataSummary:
        """Count the rows and images about a person."""
        async with begin_transaction(self._database) as connection:
            return await _count_user_data(connection, user_id)

    async def list_ended_jobs(self, user_id: int) -> Sequence[str]:
        """List the ids of a person's jobs that have ended."""
        async with begin_transaction(self._database) as connection:
            job_ids: Sequence[str] = (await connection.execute(_select_ended_job_ids(user_id))).scalars().all()
        return job_ids

    async def delete_personal_data(self, user_id: int) -> StoredDataSummary:
        """Delete everything that `summarise_stored_data` counts, except open jobs; return the counts.

        Jobs that others started from the person's results stay, and so does the place of those results in the lineage:
        without the person, the request, or the picture. Presets and style sets that the person gave to a guild stay
        without an author. Results in a gallery are taken out of it.
        """
        async with begin_transaction(self._database) as connection:
            now = self._clock()
            summary = await _count_user_data(connection, user_id)
            select_sources = select(source_images.c.sha256).where(_is_source_image_used_only_by(user_id))
            source_hashes = (await connection.execute(select_sources)).scalars().all()
            is_theirs = gallery_posts.c.job_id.in_(_select_ended_job_ids(user_id))
            await withdraw_posts(connection, is_theirs, Remover.DELETION, now)
            marked_ids = select(favourites.c.job_id).where(favourites.c.user_id == user_id)
            await note_changed_favourites(connection, gallery_posts.c.job_id.in_(marked_ids), now)
            about_theirs = reports.c.job_id.in_(_select_ended_job_ids(user_id))
            await connection.execute(delete(reports).where(about_theirs))
            await connection.execute(
                update(notices).where(_is_notice_about(user_id)).values(closed_at=now, data=NO_DATA)
            )
            await anonymize_ancestors(connection, user_id, now)
            await forget_source_owner(connection, user_id)
            await connection.execute(
                update(jobs).where(jobs.c.parent_id.in_(_select_ended_job_ids(user_id))).values(parent_id=None)
            )
            for table in (presets, style_sets):
                given = (table.c.user_id == user_id) & (table.c.guild_id != 0)
                await connection.execute(update(table).where(given).values(user_id=NO_USER_ID))
            is_own_entry = ledger_entries.c.user_id == user_id
            ended = _select_ended_job_ids(user_id)
            await connection.execute(  # the keys of a role's counters contain the id of the member
                update(ledger_entries).where(is_own_entry, ledger_entries.c.job_id.in_(ended)).values(counters=None)
            )
            for table, column in _ACTOR_COLUMNS.items():
                await connection.execute(update(table).where(column == user_id).values({column: NO_USER_ID}))
            await forget_member(connection, user_id)
            await forget_batches(connection, user_id)
            for table, condition in _build_owned_rows_conditions(user_id).items():
                await connection.execute(delete(table).where(condition))
            await connection.execute(delete(jobs).where(_is_ended_job_of(user_id)))  # the rows about them go with them
            await delete_childless_jobs(connection)
            await connection.execute(delete(source_images).where(source_images.c.sha256.in_(source_hashes)))
        try:
            await self._database.checkpoint_wal()
        except DATABASE_ERRORS:
            log.warning("deleted rows remain in the write-ahead log until the next checkpoint", exc_info=True)
        return summary


async def _count_user_data(connection: AsyncConnection, user_id: int) -> StoredDataSummary:
    async def count_rows(table: Table, condition: ColumnElement[bool]) -> int:
        return (await connection.execute(select(func.count()).select_from(table).where(condition))).scalar_one()

    async def count_rows_about_jobs(table: Table) -> int:
        return await count_rows(table, table.c.job_id.in_(_select_ended_job_ids(user_id)))

    owned = _build_owned_rows_conditions(user_id)
    ended_jobs = await count_rows(jobs, _is_ended_job_of(user_id))
    rows_about_jobs = sum([await count_rows_about_jobs(table) for table in (queue_entries, outcomes, result_hashes)])
    return StoredDataSummary(
        jobs=ended_jobs,
        rows=ended_jobs + rows_about_jobs,
        favourites=await count_rows(favourites, owned[favourites]),
        presets=await count_rows(presets, owned[presets]),
        style_sets=await count_rows(style_sets, owned[style_sets]),
        explorations=await count_rows(explorations, owned[explorations]),
        thumbnails=await count_rows_about_jobs(thumbnails),
        source_images=await count_rows(source_images, _is_source_image_used_only_by(user_id)),
        round_rows=sum([await count_rows(table, table.c.user_id == user_id) for table in PERSONAL_TABLES]),
        undelivered_images=await count_rows_about_jobs(undelivered_images),
        reports=await count_rows(reports, owned[reports]),
        preferences=await count_rows(user_preferences, owned[user_preferences]),
        team_choices=await count_rows(team_choices, owned[team_choices]),
        batches=await count_batches(connection, user_id),
        open_jobs=await count_rows(jobs, (jobs.c.requester_id == user_id) & jobs.c.state.in_(OPEN_STATES))
        + await count_pending_items(connection, user_id),
    )


def _build_owned_rows_conditions(user_id: int) -> Mapping[Table, ColumnElement[bool]]:
    """Return the condition for a person's own rows by table, jobs aside."""
    is_open_variant = jobs.c.id.like(explorations.c.id + "-%") & jobs.c.state.in_(OPEN_STATES)
    return {
        favourites: favourites.c.user_id == user_id,
        presets: (presets.c.user_id == user_id) & (presets.c.guild_id == 0),
        style_sets: (style_sets.c.user_id == user_id) & (style_sets.c.guild_id == 0),
        explorations: (explorations.c.requester_id == user_id) & ~exists().where(is_open_variant),
        reports: reports.c.reporter_id == user_id,
        user_preferences: user_preferences.c.user_id == user_id,
        team_choices: team_choices.c.user_id == user_id,
    }


def _is_notice_about(user_id: int) -> ColumnElement[bool]:
    """Match the notices that wait to be posted to a person or about their part of a role's budget."""
    texts = (f'"user_id": {user_id}{end}' for end in ",}")
    return notices.c.closed_at.is_(None) & or_(*(notices.c.data.contains(text, autoescape=True) for text in texts))


def _select_ended_job_ids(user_id: int) -> Select[Any]:
    return select(jobs.c.id).where(_is_ended_job_of(user_id))


def _is_ended_job_of(user_id: int) -> ColumnElement[bool]:
    return (jobs.c.requester_id == user_id) & jobs.c.state.not_in(OPEN_STATES)


def _is_source_image_used_only_by(user_id: int) -> ColumnElement[bool]:
    """Match the images from which only this person's ended jobs started."""
    other_jobs = jobs.alias()
    is_kept = (other_jobs.c.requester_id != user_id) | other_jobs.c.state.in_(OPEN_STATES)
    hashes = select(jobs.c.source_sha256).where(_is_ended_job_of(user_id))
    return source_images.c.sha256.in_(hashes) & ~exists().where(
        is_kept & (other_jobs.c.source_sha256 == source_images.c.sha256)
    )
