"""Finding jobs of the past by SQL, and what was searched for in Redis, where it ends by itself."""

import json
from collections.abc import Collection, Iterator
from dataclasses import asdict
from typing import Final, cast

from redis.asyncio import Redis
from sqlalchemy import ColumnElement, func, select

from bot.adapters.library import opened, past_of, pasts
from bot.adapters.redis import in_words
from bot.ports import Found, Search
from bot.records.database import Database
from bot.records.models import JobState, favourites, jobs
from shared.prompts import folded
from shared.queue.names import PREFIX

KEPT_SECONDS: Final = 86400


class JobSearch:
    """`bot.ports.Searching` over SQLite or PostgreSQL."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def search(
        self, wanted: Search, *, guild: int | None, channels: Collection[int], most: int, skip: int = 0
    ) -> Found:
        holds = list(_conditions(wanted, guild, channels))
        page = pasts().where(*holds).order_by(jobs.c.accepted_at.desc(), jobs.c.id.desc()).limit(most).offset(skip)
        async with opened(self._database) as records:
            count = (await records.execute(select(func.count()).select_from(jobs).where(*holds))).scalar_one()
            rows = (await records.execute(page)).all()
        return Found([past for row in rows if (past := past_of(row))], count)


class RedisSearches:
    """`bot.ports.Searches` over Redis."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    async def keep(self, number: str, wanted: Search) -> None:
        key = _key(wanted.viewer)
        with in_words():
            async with self._redis.pipeline() as writing:
                writing.hset(key, number, json.dumps(asdict(wanted)))
                writing.pexpire(key, KEPT_SECONDS * 1000)
                await writing.execute()

    async def kept(self, number: str, viewer: int) -> Search | None:
        with in_words():
            written = cast("bytes | None", await self._redis.hget(_key(viewer), number))
        return None if written is None else Search(**json.loads(written))

    async def drop(self, viewer: int) -> None:
        with in_words():
            await self._redis.delete(_key(viewer))


def _key(viewer: int) -> str:
    return f"{PREFIX}searches:{viewer}"


def _conditions(wanted: Search, guild: int | None, channels: Collection[int]) -> Iterator[ColumnElement[bool]]:
    yield jobs.c.state == JobState.DELIVERED
    here = jobs.c.guild_id == guild
    own = jobs.c.requester_id == wanted.viewer
    if wanted.here or wanted.starred:
        yield own | (here & jobs.c.channel_id.in_(channels) & jobs.c.deleted_at.is_(None))
    else:
        yield own
    if wanted.here:
        yield here
    if wanted.user is not None:
        yield jobs.c.requester_id == wanted.user
    if wanted.starred:
        yield jobs.c.id.in_(select(favourites.c.job_id).where(favourites.c.user_id == wanted.viewer))
    for word in folded(wanted.words).split():
        yield jobs.c.words.contains(word, autoescape=True)
    if wanted.model is not None:
        yield jobs.c.model == wanted.model
    if wanted.since is not None:
        yield jobs.c.accepted_at >= wanted.since
    if wanted.until is not None:
        yield jobs.c.accepted_at < wanted.until
