"""Finding jobs of the past by SQL, and what was searched for in Redis, where it ends by itself."""

import json
from collections.abc import Collection, Iterator
from dataclasses import asdict
from typing import Final, cast

from redis.asyncio import Redis
from sqlalchemy import ColumnElement, func, select

from bot.domain.ports import SearchPage, SearchQuery
from bot.queue.redis_queue import translate_redis_errors
from bot.storage.database import Database
from bot.storage.job_history import begin_transaction, parse_job_record, select_job_records
from bot.storage.tables import RecordState, favourites, jobs
from shared.prompts import normalize_search_text
from shared.queue.keys import KEY_PREFIX

SAVED_SEARCH_TTL_SECONDS: Final = 86400


class SqlJobSearch:
    """`bot.domain.ports.Searching` over SQLite or PostgreSQL."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def search_jobs(
        self, query: SearchQuery, *, guild_id: int | None, channel_ids: Collection[int], limit: int, offset: int = 0
    ) -> SearchPage:
        holds = list(_build_conditions(query, guild_id, channel_ids))
        page = (
            select_job_records()
            .where(*holds)
            .order_by(jobs.c.accepted_at.desc(), jobs.c.id.desc())
            .limit(limit)
            .offset(offset)
        )
        async with begin_transaction(self._database) as records:
            count = (await records.execute(select(func.count()).select_from(jobs).where(*holds))).scalar_one()
            rows = (await records.execute(page)).all()
        return SearchPage([past for row in rows if (past := parse_job_record(row))], count)


class RedisSavedSearchStore:
    """`bot.domain.ports.Searches` over Redis."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    async def save_search(self, search_id: str, query: SearchQuery) -> None:
        key = _build_saved_searches_key(query.viewer_id)
        with translate_redis_errors():
            async with self._redis.pipeline() as writing:
                writing.hset(key, search_id, json.dumps(asdict(query)))
                writing.pexpire(key, SAVED_SEARCH_TTL_SECONDS * 1000)
                await writing.execute()

    async def load_search(self, search_id: str, viewer_id: int) -> SearchQuery | None:
        with translate_redis_errors():
            written = cast("bytes | None", await self._redis.hget(_build_saved_searches_key(viewer_id), search_id))
        return None if written is None else SearchQuery(**json.loads(written))

    async def delete_searches(self, viewer_id: int) -> None:
        with translate_redis_errors():
            await self._redis.delete(_build_saved_searches_key(viewer_id))


def _build_saved_searches_key(viewer_id: int) -> str:
    return f"{KEY_PREFIX}searches:{viewer_id}"


def _build_conditions(
    query: SearchQuery, guild: int | None, channels: Collection[int]
) -> Iterator[ColumnElement[bool]]:
    yield jobs.c.state == RecordState.DELIVERED
    here = jobs.c.guild_id == guild
    own = jobs.c.requester_id == query.viewer_id
    if query.is_guild_wide or query.is_favourite:
        yield own | (here & jobs.c.channel_id.in_(channels) & jobs.c.deleted_at.is_(None))
    else:
        yield own
    if query.is_guild_wide:
        yield here
    if query.requester_id is not None:
        yield jobs.c.requester_id == query.requester_id
    if query.is_favourite:
        yield jobs.c.id.in_(select(favourites.c.job_id).where(favourites.c.user_id == query.viewer_id))
    for word in normalize_search_text(query.keywords).split():
        yield jobs.c.words.contains(word, autoescape=True)
    if query.model is not None:
        yield jobs.c.model == query.model
    if query.accepted_after is not None:
        yield jobs.c.accepted_at >= query.accepted_after
    if query.accepted_before is not None:
        yield jobs.c.accepted_at < query.accepted_before
