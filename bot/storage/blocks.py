"""The blocked members of guilds."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import BindParameter, Connection, bindparam, delete, or_, select

from bot.domain.blocks import Block
from bot.storage.session import Database, translate_database_errors
from bot.storage.tables import blocks
from bot.storage.upsert import build_upsert

_GUILD_ID: Final[BindParameter[int]] = bindparam("target_guild_id")
_USER_ID: Final[BindParameter[int]] = bindparam("target_user_id")
_NOW: Final[BindParameter[float]] = bindparam("now")
_SELECT_BLOCKS: Final = select(blocks).where(
    blocks.c.guild_id == _GUILD_ID, or_(blocks.c.ends_at.is_(None), blocks.c.ends_at > _NOW)
)
_SELECT_BLOCK: Final = _SELECT_BLOCKS.where(blocks.c.user_id == _USER_ID)


@dataclass(frozen=True)
class SqlBlockStore:
    """Stored blocks. Every method raises `RejectedError` (database_unavailable). `clock` gives Unix seconds."""

    database: Database
    clock: Callable[[], float] = time.time

    async def find_block(self, guild_id: int, user_id: int) -> Block | None:
        """Find the block of a member; None if there is none or it has ended."""
        values = {_GUILD_ID.key: guild_id, _USER_ID.key: user_id, _NOW.key: self.clock()}
        with translate_database_errors():
            row = await self.database.run_transaction(
                lambda connection: connection.execute(_SELECT_BLOCK, values).one_or_none()
            )
        return None if row is None else Block(row.user_id, row.reason, row.ends_at)

    async def list_blocks(self, guild_id: int) -> Sequence[Block]:
        """List the members who are blocked now, the latest first."""
        query = _SELECT_BLOCKS.order_by(blocks.c.created_at.desc())
        with translate_database_errors():
            rows = await self.database.run_transaction(
                lambda connection: connection.execute(query, {_GUILD_ID.key: guild_id, _NOW.key: self.clock()}).all()
            )
        return [Block(row.user_id, row.reason, row.ends_at) for row in rows]

    async def save_block(self, guild_id: int, block: Block) -> None:
        """Block a member, in place of any block before."""
        with translate_database_errors():
            await self.database.run_transaction(
                lambda connection: upsert_block(connection, guild_id, block, self.clock())
            )

    async def delete_block(self, guild_id: int, user_id: int) -> bool:
        """Unblock a member; False if they are not blocked."""
        statement = delete(blocks).where(blocks.c.guild_id == guild_id, blocks.c.user_id == user_id)
        with translate_database_errors():
            return await self.database.run_transaction(lambda connection: bool(connection.execute(statement).rowcount))


def upsert_block(connection: Connection, guild_id: int, block: Block, at: float) -> None:
    """Block a member, in place of any block before."""
    row = {
        "guild_id": guild_id,
        "user_id": block.user_id,
        "reason": block.reason,
        "created_at": at,
        "ends_at": block.ends_at,
    }
    connection.execute(build_upsert(connection, blocks, row, conflict_columns=["guild_id", "user_id"]))
