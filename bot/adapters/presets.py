"""Settings under a name, over SQLAlchemy."""

import json
import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from sqlalchemy import ColumnElement, Insert, Row, delete, func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.adapters.library import opened
from bot.ports import Owner, Preset
from bot.records.database import Database, upsert
from bot.records.models import OF_GUILD, OF_PERSON, presets
from shared.errors import Refused, problem

MOST_OWN: Final = 25
MOST_OF_GUILD: Final = 50
_LETTERS: Final = "23456789abcdefghjkmnpqrstuvwxyz"  # none that is taken for another
_CODE_LENGTH: Final = 10


class KeptPresets:
    """`bot.ports.Presetting` over SQLite or PostgreSQL. `clock` gives Unix seconds."""

    def __init__(self, database: Database, *, clock: Callable[[], float] = time.time) -> None:
        self._database = database
        self._clock = clock

    async def save(self, owner: Owner, name: str, options: Mapping[str, Any]) -> Preset | None:
        limit = MOST_OF_GUILD if owner.guild else MOST_OWN
        code = "".join(secrets.choice(_LETTERS) for _ in range(_CODE_LENGTH))
        row = {
            "code": code,
            "user_id": owner.user,
            "guild_id": owner.guild,
            "name": name,
            "folded": name.casefold(),
            "options": json.dumps(dict(options)),
            "at": self._clock(),
        }
        same = _of(owner) & (presets.c.folded == name.casefold())
        async with opened(self._database) as records:
            before = (await records.execute(select(presets).where(same).with_for_update())).one_or_none()
            await records.execute(_upsert(records, owner, row))
            count = (await records.execute(select(func.count()).select_from(presets).where(_of(owner)))).scalar_one()
            if count > limit:
                raise Refused(problem("preset_full", limit=limit))
        return None if before is None else _preset(before)

    async def presets(self, owner: Owner) -> Sequence[Preset]:
        wanted = select(presets).where(or_(_of(Owner(owner.user)), _of(owner))).order_by(presets.c.folded)
        async with opened(self._database) as records:
            return [_preset(row) for row in (await records.execute(wanted)).all()]

    async def shared(self, code: str) -> Preset | None:
        async with opened(self._database) as records:
            row = (await records.execute(select(presets).where(presets.c.code == code))).one_or_none()
        return None if row is None else _preset(row)

    async def delete(self, owner: Owner, name: str) -> bool:
        same = _of(owner) & (presets.c.folded == name.casefold())
        async with opened(self._database) as records:
            return bool((await records.execute(delete(presets).where(same))).rowcount)


def _upsert(records: AsyncConnection, owner: Owner, row: Mapping[str, Any]) -> Insert:
    """Who has the code of one of this name still gets what is under the name."""
    whose, which = ("guild_id", OF_GUILD) if owner.guild else ("user_id", OF_PERSON)
    return upsert(records, presets, row, same=[whose, "folded"], where=which, kept=["code"])


def _of(owner: Owner) -> ColumnElement[bool]:
    if owner.guild:
        return presets.c.guild_id == owner.guild
    return (presets.c.guild_id == 0) & (presets.c.user_id == owner.user)


def _preset(row: Row[Any]) -> Preset:
    return Preset(row.code, row.name, row.guild_id, json.loads(row.options))
