"""What other stores change in galleries within their own transactions: new favourites, and results that are deleted."""

import json
import logging
from collections.abc import Iterable
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Row, ScalarSelect, Update, case, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.gallery import GalleryPostState, GalleryReason, GallerySettings, Remover
from bot.storage.tables import favourites, gallery_posts, gallery_settings, jobs, user_preferences
from bot.storage.upsert import build_insert_unless_exists, insert_unless_exists
from shared.unreadable import UnreadableRowLog

COUNT_DELAY_SECONDS: Final = 5.0
"""How long a message shows an older number of favourites at most, so that many marks are one edit."""

MAY_BE_SHOWN: Final = or_(user_preferences.c.in_galleries.is_(None), user_preferences.c.in_galleries)
"""The condition that people let others show their results; their preferences, if they have any, are joined."""

_unreadable_rows: Final = UnreadableRowLog(logging.getLogger(__name__))


def build_post_row(job_id: str, guild_id: int, reason: GalleryReason, now: float) -> dict[str, Any]:
    """Build the row of a result that is to be posted at once."""
    return {
        "job_id": job_id,
        "guild_id": guild_id,
        "reason": reason,
        "state": GalleryPostState.WAITING,
        "created_at": now,
        "due_at": now,
        "version": 0,
        "failures": 0,
        "attempted_at": None,
        "channel_id": None,
        "message_id": None,
        "removed_by": None,
    }


def select_favourite_count(*, counts_own_marks: bool) -> ScalarSelect[int]:
    """Select how many different people marked the job of the outer query."""
    query = select(func.count()).select_from(favourites).where(favourites.c.job_id == jobs.c.id)
    if not counts_own_marks:
        query = query.where(favourites.c.user_id != jobs.c.requester_id)
    return query.correlate(jobs).scalar_subquery()


async def add_popular_result(connection: AsyncConnection, job_id: str, now: float) -> None:
    """Let a result enter the gallery of its guild if enough people have marked it.

    The leading bot checks all else before it posts it: only a bot knows who can read a channel.
    """
    count = case(
        (gallery_settings.c.count_own_marks, select_favourite_count(counts_own_marks=True)),
        else_=select_favourite_count(counts_own_marks=False),
    )
    popular = (
        select(jobs.c.guild_id)
        .join(gallery_settings, gallery_settings.c.guild_id == jobs.c.guild_id)
        .outerjoin(user_preferences, user_preferences.c.user_id == jobs.c.requester_id)
        .where(
            jobs.c.id == job_id,
            jobs.c.deleted_at.is_(None),
            gallery_settings.c.channel_id.is_not(None),
            count >= gallery_settings.c.min_favourites,
            MAY_BE_SHOWN,
        )
    )
    guild_id = (await connection.execute(popular)).scalar_one_or_none()
    if guild_id is not None:
        row = build_post_row(job_id, guild_id, GalleryReason.FAVOURITES, now)
        await insert_unless_exists(connection, gallery_posts, row)


def add_round_winners(connection: Connection, guild_id: int, job_ids: Iterable[str], now: float) -> None:
    """Let the winners of a round enter the gallery of their guild, if it has one."""
    has_gallery = select(gallery_settings.c.guild_id).where(
        gallery_settings.c.guild_id == guild_id, gallery_settings.c.channel_id.is_not(None)
    )
    if connection.execute(has_gallery).one_or_none() is not None:
        for job_id in job_ids:
            row = build_post_row(job_id, guild_id, GalleryReason.WINNER, now)
            connection.execute(build_insert_unless_exists(connection, gallery_posts, row))


def build_changed_favourites_note(are_changed: ColumnElement[bool], now: float) -> Update:
    """Build the statement that has the number of favourites edited in the messages of these results."""
    is_posted = gallery_posts.c.state == GalleryPostState.POSTED
    changes: dict[str, Any] = {
        "version": gallery_posts.c.version + 1,
        "due_at": func.coalesce(gallery_posts.c.due_at, now + COUNT_DELAY_SECONDS),
    }
    return update(gallery_posts).where(are_changed, is_posted).values(changes)


async def withdraw_posts(
    connection: AsyncConnection, are_withdrawn: ColumnElement[bool], remover: Remover, now: float
) -> int:
    """Have these results taken out of the gallery; return how many were in it, or about to be."""
    return (await connection.execute(build_withdrawal(are_withdrawn, remover, now))).rowcount


def build_withdrawal(are_withdrawn: ColumnElement[bool], remover: Remover, now: float) -> Update:
    """Build the statement that has these results taken out of the gallery, if they are in it, or about to be."""
    is_in_gallery = gallery_posts.c.state.in_((GalleryPostState.WAITING, GalleryPostState.POSTED))
    changes: dict[str, Any] = {
        "state": GalleryPostState.REMOVING,
        "removed_by": remover,
        "due_at": now,
        "failures": 0,
        "version": gallery_posts.c.version + 1,
    }
    return update(gallery_posts).where(are_withdrawn, is_in_gallery).values(changes)


def parse_gallery_settings(row: Row[Any] | None) -> GallerySettings:
    """Parse a row of `gallery_settings`; a server without one has no gallery."""
    if row is None:
        return GallerySettings()
    try:
        ignored = frozenset(int(channel_id) for channel_id in json.loads(row.ignored_channel_ids or "[]"))
    except (ValueError, TypeError) as error:
        _unreadable_rows.report(f"the gallery of guild {row.guild_id}", error)
        ignored = frozenset()
    return GallerySettings(row.channel_id, row.min_favourites, row.count_own_marks, ignored)
