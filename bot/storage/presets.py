"""Settings under a name, over SQLAlchemy."""

import json
import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from sqlalchemy import ColumnElement, Insert, Row, delete, func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.presets import Preset, PresetOwner
from bot.storage.database import Database, build_upsert
from bot.storage.job_history import begin_transaction
from bot.storage.tables import IS_GUILD_PRESET, IS_PERSONAL_PRESET, presets
from shared.problems import RejectedError, make_problem

MAX_PERSONAL_PRESETS: Final = 25
MAX_GUILD_PRESETS: Final = 50
_CODE_ALPHABET: Final = "23456789abcdefghjkmnpqrstuvwxyz"  # none that is taken for another
_CODE_LENGTH: Final = 10


class SqlPresetStore:
    """Presets in SQLite or PostgreSQL. `clock` gives Unix seconds."""

    def __init__(self, database: Database, *, clock: Callable[[], float] = time.time) -> None:
        self._database = database
        self._clock = clock

    async def save_preset(self, owner: PresetOwner, name: str, options: Mapping[str, Any]) -> Preset | None:
        limit = MAX_GUILD_PRESETS if owner.guild_id else MAX_PERSONAL_PRESETS
        code = "".join(secrets.choice(_CODE_ALPHABET) for _ in range(_CODE_LENGTH))
        row = {
            "code": code,
            "user_id": owner.user_id,
            "guild_id": owner.guild_id,
            "name": name,
            "folded_name": name.casefold(),
            "options": json.dumps(dict(options)),
            "saved_at": self._clock(),
        }
        same = _is_owned_by(owner) & (presets.c.folded_name == name.casefold())
        async with begin_transaction(self._database) as records:
            before = (await records.execute(select(presets).where(same).with_for_update())).one_or_none()
            await records.execute(_build_preset_upsert(records, owner, row))
            count = (
                await records.execute(select(func.count()).select_from(presets).where(_is_owned_by(owner)))
            ).scalar_one()
            if count > limit:
                raise RejectedError(make_problem("preset_full", limit=limit))
        return None if before is None else _parse_preset(before)

    async def list_presets(self, owner: PresetOwner) -> Sequence[Preset]:
        wanted = (
            select(presets)
            .where(or_(_is_owned_by(PresetOwner(owner.user_id)), _is_owned_by(owner)))
            .order_by(presets.c.folded_name)
        )
        async with begin_transaction(self._database) as records:
            return [_parse_preset(row) for row in (await records.execute(wanted)).all()]

    async def find_preset_by_code(self, code: str) -> Preset | None:
        async with begin_transaction(self._database) as records:
            row = (await records.execute(select(presets).where(presets.c.code == code))).one_or_none()
        return None if row is None else _parse_preset(row)

    async def delete_preset(self, owner: PresetOwner, name: str) -> bool:
        same = _is_owned_by(owner) & (presets.c.folded_name == name.casefold())
        async with begin_transaction(self._database) as records:
            return bool((await records.execute(delete(presets).where(same))).rowcount)


def _build_preset_upsert(connection: AsyncConnection, owner: PresetOwner, row: Mapping[str, Any]) -> Insert:
    """Who has the code of one of this name still gets what is under the name."""
    whose, which = ("guild_id", IS_GUILD_PRESET) if owner.guild_id else ("user_id", IS_PERSONAL_PRESET)
    return build_upsert(
        connection,
        presets,
        row,
        conflict_columns=[whose, "folded_name"],
        conflict_where=which,
        unchanged_columns=["code"],
    )


def _is_owned_by(owner: PresetOwner) -> ColumnElement[bool]:
    if owner.guild_id:
        return presets.c.guild_id == owner.guild_id
    return (presets.c.guild_id == 0) & (presets.c.user_id == owner.user_id)


def _parse_preset(row: Row[Any]) -> Preset:
    return Preset(row.code, row.name, row.guild_id, json.loads(row.options))
