"""The preferences of people."""

import json
import time
from collections.abc import Callable
from typing import Final

from sqlalchemy import BindParameter, ColumnElement, bindparam, select

from bot.domain.gallery import GalleryReason, Remover
from bot.domain.preferences import Ping, Preferences, ReusePolicy
from bot.storage.gallery_rows import withdraw_posts
from bot.storage.saved_options import parse_saved_choice, parse_saved_options
from bot.storage.session import Database, begin_transaction, translate_database_errors
from bot.storage.tables import gallery_posts, jobs, user_preferences
from bot.storage.upsert import build_upsert

_USER_ID: Final[BindParameter[int]] = bindparam("target_user_id")
_SELECT_PREFERENCES: Final = select(user_preferences).where(user_preferences.c.user_id == _USER_ID)


class SqlPreferencesStore:
    """Stored preferences. Every method raises `RejectedError` (database_unavailable). `clock` gives Unix seconds."""

    def __init__(self, database: Database, *, clock: Callable[[], float] = time.time) -> None:
        self._database = database
        self._clock = clock

    async def load_preferences(self, user_id: int) -> Preferences:
        """Load a person's preferences, or the defaults."""
        with translate_database_errors():
            row = await self._database.run_transaction(
                lambda connection: connection.execute(_SELECT_PREFERENCES, {_USER_ID.key: user_id}).one_or_none()
            )
        if row is None:
            return Preferences()
        name, defaults = f"the preferences of user {user_id}", Preferences()
        return Preferences(
            row.language,
            parse_saved_choice(name, row.ping, Ping.AFTER_MINUTE if row.pings else Ping.NEVER, unknown=defaults.ping),
            row.private,
            parse_saved_options(name, row.options),
            parse_saved_choice(name, row.reuse_policy, defaults.reuse_policy, unknown=ReusePolicy.NOBODY),
            row.in_galleries is not False,
        )

    async def save_preferences(self, user_id: int, preferences: Preferences) -> None:
        """Store a person's preferences in place of any before.

        Whoever wants to be in no gallery is taken out of those where others put their results.
        """
        row = {
            "user_id": user_id,
            "language": preferences.language,
            "pings": preferences.ping is not Ping.NEVER,  # for the release before
            "ping": preferences.ping,
            "private": preferences.private,
            "options": json.dumps(dict(preferences.options)),
            "reuse_policy": preferences.reuse_policy,
            "in_galleries": preferences.in_galleries,
        }
        async with begin_transaction(self._database) as connection:
            await connection.execute(build_upsert(connection, user_preferences, row, conflict_columns=["user_id"]))
            if not preferences.in_galleries:
                await withdraw_posts(connection, _is_post_by_others(user_id), Remover.AUTHOR, self._clock())


def _is_post_by_others(user_id: int) -> ColumnElement[bool]:
    """Match the results of a person in galleries that they did not share themselves."""
    posts_of_others = gallery_posts.c.reason != GalleryReason.SHARED
    return posts_of_others & gallery_posts.c.job_id.in_(select(jobs.c.id).where(jobs.c.requester_id == user_id))
