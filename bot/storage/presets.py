"""Presets in the database. Names are compared without regard to case."""

import json
import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from sqlalchemy import Insert, Row, delete, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.owners import Owner
from bot.domain.presets import Preset
from bot.storage.owned_rows import is_named, is_owned_by, is_usable_by
from bot.storage.saved_options import parse_saved_options
from bot.storage.session import Database, begin_transaction, translate_database_errors
from bot.storage.tables import IS_OF_GUILD, IS_PERSONAL, presets
from bot.storage.upsert import build_upsert
from shared.problems import RejectedError, make_problem

MAX_PERSONAL_PRESETS: Final = 25
MAX_GUILD_PRESETS: Final = 50
_CODE_ALPHABET: Final = "23456789abcdefghjkmnpqrstuvwxyz"  # without characters that are mistaken for one another
_CODE_LENGTH: Final = 10


class SqlPresetStore:
    """Stored presets. Every method raises `RejectedError` (database_unavailable). `clock` gives Unix seconds."""

    def __init__(self, database: Database, *, clock: Callable[[], float] = time.time) -> None:
        self._database = database
        self._clock = clock

    async def save_preset(self, owner: Owner, name: str, options: Mapping[str, Any]) -> Preset | None:
        """Store settings under a name; return the preset that had the name before.

        Raises `RejectedError` (preset_full), too.
        """
        limit = MAX_GUILD_PRESETS if owner.guild_id else MAX_PERSONAL_PRESETS
        row = {
            "code": "".join(secrets.choice(_CODE_ALPHABET) for _ in range(_CODE_LENGTH)),
            "user_id": owner.user_id,
            "guild_id": owner.guild_id,
            "name": name,
            "folded_name": name.casefold(),
            "options": json.dumps(dict(options)),
            "saved_at": self._clock(),
        }
        select_previous = select(presets).where(is_named(presets, owner, name)).with_for_update()
        count_presets = select(func.count()).select_from(presets).where(is_owned_by(presets, owner))
        async with begin_transaction(self._database) as connection:
            previous = (await connection.execute(select_previous)).one_or_none()
            await connection.execute(_build_preset_upsert(connection, owner, row))
            if (await connection.execute(count_presets)).scalar_one() > limit:
                raise RejectedError(make_problem("preset_full", limit=limit))
        return None if previous is None else _parse_preset(previous)

    async def list_presets(self, owner: Owner) -> Sequence[Preset]:
        """List the person's own presets and the guild's, by name."""
        query = select(presets).where(is_usable_by(presets, owner)).order_by(presets.c.folded_name)
        async with begin_transaction(self._database) as connection:
            return [_parse_preset(row) for row in (await connection.execute(query)).all()]

    async def list_guild_presets(self, guild_id: int) -> Sequence[Preset]:
        """List the presets of a guild, by name."""
        query = select(presets).where(presets.c.guild_id == guild_id).order_by(presets.c.folded_name)
        with translate_database_errors():
            rows = await self._database.run_transaction(lambda connection: connection.execute(query).all())
        return [_parse_preset(row) for row in rows]

    async def find_preset_by_code(self, code: str) -> Preset | None:
        """Find the preset with this code, whoever owns it; None for a text that is no code."""
        if not set(code) <= set(_CODE_ALPHABET):
            return None
        async with begin_transaction(self._database) as connection:
            row = (await connection.execute(select(presets).where(presets.c.code == code))).one_or_none()
        return None if row is None else _parse_preset(row)

    async def delete_preset(self, owner: Owner, name: str) -> bool:
        """Delete a preset; False if there is none of this name."""
        async with begin_transaction(self._database) as connection:
            return bool((await connection.execute(delete(presets).where(is_named(presets, owner, name)))).rowcount)


def _build_preset_upsert(connection: AsyncConnection, owner: Owner, row: Mapping[str, Any]) -> Insert:
    """Keep the existing share code when a preset is overwritten."""
    owner_column, index_where = ("guild_id", IS_OF_GUILD) if owner.guild_id else ("user_id", IS_PERSONAL)
    return build_upsert(
        connection,
        presets,
        row,
        conflict_columns=[owner_column, "folded_name"],
        conflict_where=index_where,
        unchanged_columns=["code"],
    )


def _parse_preset(row: Row[Any]) -> Preset:
    return Preset(row.code, row.name, row.guild_id, parse_saved_options(f"preset {row.code}", row.options))
