"""The galleries of servers (guilds in code): their settings, and the results in them.

A row is written before its message is posted, and says in which state that is. One bot leads; another one that leads
for a moment, too, finds a row changed and leaves it.
"""

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from sqlalchemy import Row, case, delete, exists, func, select, update

from bot.domain.gallery import GalleryPost, GalleryPostState, GalleryReason, GallerySettings, Remover
from bot.storage.due_times import compute_rest
from bot.storage.gallery_rows import (
    COUNT_DELAY_SECONDS,
    build_post_row,
    parse_gallery_settings,
    select_favourite_count,
    withdraw_posts,
)
from bot.storage.session import Database, begin_transaction
from bot.storage.tables import gallery_posts, gallery_settings, jobs
from bot.storage.upsert import build_upsert, insert_unless_exists

_STATES: Final = GalleryPostState

_SELECT_POSTS: Final = select(gallery_posts).where(
    gallery_posts.c.state.in_(tuple(_STATES)), gallery_posts.c.reason.in_(tuple(GalleryReason))
)
"""Rows with a state or a reason of a newer release are left to it."""


class SqlGalleryStore:
    """Stored galleries. Every method raises `RejectedError` (database_unavailable). `clock` gives Unix seconds."""

    def __init__(self, database: Database, *, clock: Callable[[], float] = time.time) -> None:
        self._database = database
        self._clock = clock

    async def load_settings(self, guild_id: int) -> GallerySettings:
        """Load the settings of a server, or the defaults: no gallery."""
        query = select(gallery_settings).where(gallery_settings.c.guild_id == guild_id)
        async with begin_transaction(self._database) as connection:
            return parse_gallery_settings((await connection.execute(query)).one_or_none())

    async def save_settings(self, guild_id: int, settings: GallerySettings) -> None:
        """Store the settings of a server. What could not be posted so far is tried again at once."""
        row = {
            "guild_id": guild_id,
            "channel_id": settings.channel_id,
            "min_favourites": settings.min_favourites,
            "count_own_marks": settings.counts_own_marks,
            "ignored_channel_ids": json.dumps(sorted(settings.ignored_channel_ids)),
        }
        is_waiting = (gallery_posts.c.guild_id == guild_id) & (gallery_posts.c.state == _STATES.WAITING)
        async with begin_transaction(self._database) as connection:
            await connection.execute(build_upsert(connection, gallery_settings, row, conflict_columns=["guild_id"]))
            await connection.execute(update(gallery_posts).where(is_waiting).values(due_at=self._clock(), failures=0))

    async def find_post(self, job_id: str) -> GalleryPost | None:
        """Find a result that is, was, or is to be in a gallery."""
        query = _SELECT_POSTS.where(gallery_posts.c.job_id == job_id)
        async with begin_transaction(self._database) as connection:
            row = (await connection.execute(query)).one_or_none()
        return None if row is None else _parse_post(row)

    async def add_post(self, job_id: str, guild_id: int, reason: GalleryReason) -> bool:
        """Have the leading bot post a result; False if it is in the gallery, or may not return to it.

        The bot does not post it if it may not enter, for which it asks `bot.domain.gallery.find_refusal`.
        """
        row = build_post_row(job_id, guild_id, reason, self._clock())
        async with begin_transaction(self._database) as connection:
            if await insert_unless_exists(connection, gallery_posts, row):
                return True
            found = _SELECT_POSTS.where(gallery_posts.c.job_id == job_id).with_for_update()
            removed = (await connection.execute(found)).one_or_none()
            if removed is None or not _parse_post(removed).may_return(reason):
                return False
            changes = row | {"version": gallery_posts.c.version + 1}
            await connection.execute(update(gallery_posts).where(gallery_posts.c.job_id == job_id).values(changes))
        return True

    async def remove_post(self, job_id: str, remover: Remover) -> bool:
        """Have a result taken out of the gallery; False if it is not there."""
        async with begin_transaction(self._database) as connection:
            is_post = gallery_posts.c.job_id == job_id
            return await withdraw_posts(connection, is_post, remover, self._clock()) > 0

    async def list_due_posts(self, limit: int, guild_limit: int) -> Sequence[GalleryPost]:
        """List results to post, to edit or to take out, so many of each server, those that waited longest first."""
        order = gallery_posts.c.due_at, gallery_posts.c.job_id
        rank = func.row_number().over(partition_by=gallery_posts.c.guild_id, order_by=order).label("rank")
        due = _SELECT_POSTS.add_columns(rank).where(gallery_posts.c.due_at <= self._clock()).subquery()
        query = select(due).where(due.c.rank <= guild_limit).order_by(due.c.due_at, due.c.job_id).limit(limit)
        async with begin_transaction(self._database) as connection:
            return [_parse_post(row) for row in (await connection.execute(query)).all()]

    async def compute_rest(self) -> float:
        """Compute for how many seconds no result is due; infinity if none ever is."""
        return await compute_rest(self._database, gallery_posts.c.due_at, self._clock)

    async def begin_attempt(self, post: GalleryPost, channel_id: int, lease_seconds: float) -> GalleryPost | None:
        """Record that a result is about to be posted; None if it was changed meanwhile, perhaps by another bot.

        For `lease_seconds` it is due for nobody.
        """
        now = self._clock()
        changes: dict[str, Any] = {
            "attempted_at": now,
            "channel_id": channel_id,
            "due_at": now + lease_seconds,
            "version": post.version + 1,
        }
        begin = update(gallery_posts).where(*_is_unchanged(post)).values(changes)
        async with begin_transaction(self._database) as connection:
            if not (await connection.execute(begin)).rowcount:
                return None
        return replace(post, attempted_at=now, channel_id=channel_id, version=post.version + 1)

    async def mark_posted(self, post: GalleryPost, message_id: int) -> None:
        """Record the message of a result. One that was taken out meanwhile is still due, so that its message goes."""
        is_waiting = gallery_posts.c.state == _STATES.WAITING
        changes: dict[str, Any] = {
            "channel_id": post.channel_id,
            "message_id": message_id,
            "failures": 0,
            "due_at": case((is_waiting, None), else_=self._clock()),
            "state": case((is_waiting, _STATES.POSTED), else_=gallery_posts.c.state),
        }
        await self._update(gallery_posts.c.job_id == post.job_id, changes=changes)

    async def mark_edited(self, post: GalleryPost) -> None:
        """Record that its message shows this version; a later one is due after a while."""
        is_current = gallery_posts.c.version == post.version
        due_at = case((is_current, None), else_=self._clock() + COUNT_DELAY_SECONDS)
        is_posted = gallery_posts.c.state == _STATES.POSTED
        await self._update(gallery_posts.c.job_id == post.job_id, is_posted, changes={"due_at": due_at, "failures": 0})

    async def mark_removed(self, post: GalleryPost, remover: Remover | None = None) -> None:
        """Record that its message is gone; nothing remains of a deleted job. `remover` is the one now found out."""
        is_post = gallery_posts.c.job_id == post.job_id
        changes: dict[str, Any] = {
            "state": _STATES.REMOVED,
            "removed_by": post.removed_by or remover,
            "due_at": None,
            "message_id": None,
            "attempted_at": None,
        }
        async with begin_transaction(self._database) as connection:
            is_orphan = ~exists().where(jobs.c.id == gallery_posts.c.job_id)
            await connection.execute(update(gallery_posts).where(is_post).values(changes))
            await connection.execute(delete(gallery_posts).where(is_post, is_orphan))

    async def discard_post(self, post: GalleryPost) -> None:
        """Forget a result that may not enter the gallery now, unless it was changed meanwhile."""
        async with begin_transaction(self._database) as connection:
            await connection.execute(delete(gallery_posts).where(*_is_unchanged(post)))

    async def postpone(self, post: GalleryPost, seconds: float) -> None:
        """Look at a result again after so many seconds: something failed."""
        changes = {"due_at": self._clock() + seconds, "failures": post.failures + 1}
        is_due = gallery_posts.c.due_at.is_not(None)
        await self._update(gallery_posts.c.job_id == post.job_id, is_due, changes=changes)

    async def count_favourites(self, job_id: str, *, counts_own_marks: bool) -> int:
        """Count the people who marked a result."""
        count = select_favourite_count(counts_own_marks=counts_own_marks)
        async with begin_transaction(self._database) as connection:
            found = (await connection.execute(select(count).select_from(jobs).where(jobs.c.id == job_id))).scalar()
        return found or 0

    async def _update(self, *conditions: Any, changes: Mapping[str, Any]) -> None:
        async with begin_transaction(self._database) as connection:
            await connection.execute(update(gallery_posts).where(*conditions).values(changes))


def _is_unchanged(post: GalleryPost) -> tuple[Any, ...]:
    """Build the conditions that the row of a post is as it was read."""
    is_same = gallery_posts.c.version == post.version, gallery_posts.c.state == post.state
    return (gallery_posts.c.job_id == post.job_id, *is_same)


def _parse_post(row: Row[Any]) -> GalleryPost:
    return GalleryPost(
        job_id=row.job_id,
        guild_id=row.guild_id,
        reason=GalleryReason(row.reason),
        state=GalleryPostState(row.state),
        version=row.version,
        failures=row.failures,
        attempted_at=row.attempted_at,
        channel_id=row.channel_id,
        message_id=row.message_id,
        removed_by=None if row.removed_by is None else Remover(row.removed_by),
    )
