"""Who may use the bot at all: members of the servers that it serves whom no moderator has blocked."""

import time
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import Final, Protocol

import discord

from bot.domain.blocks import Block
from shared.problems import RejectedError, make_problem

MEMBERSHIP_SECONDS: Final = 600.0


class BlockReader(Protocol):
    """Finds blocks. Implemented by `bot.storage`."""

    async def find_block(self, guild_id: int, user_id: int) -> Block | None: ...


@dataclass(frozen=True)
class AccessRule:
    """Refuses interactions. `served_guild_ids` is empty if every server is served. `clock` gives seconds.

    In direct messages, members of any served server may use the bot.
    """

    blocks: BlockReader
    served_guild_ids: Collection[int] = ()
    clock: Callable[[], float] = time.monotonic
    _members_until: dict[int, float] = field(default_factory=dict)

    async def require_access(self, interaction: discord.Interaction) -> None:
        """Let the interaction go on. Raises `RejectedError` (server_not_served, blocked, database_unavailable)."""
        guild_id, user_id = interaction.guild_id, interaction.user.id
        is_served = (
            self.is_served(guild_id) if guild_id is not None else await self._is_member(interaction.client, user_id)
        )
        if not is_served:
            raise RejectedError(make_problem("server_not_served"))
        block = await self.blocks.find_block(guild_id, user_id) if guild_id is not None else None
        if block is not None:
            code = "blocked" if block.ends_at is None else "blocked_until"
            raise RejectedError(make_problem(code, reason=block.reason, until=int(block.ends_at or 0)))

    def is_served(self, guild_id: int) -> bool:
        """Tell whether the bot serves a server."""
        return not self.served_guild_ids or guild_id in self.served_guild_ids

    async def _is_member(self, client: discord.Client, user_id: int) -> bool:
        """Tell whether a user is a member of a served server; those who were lately are not looked up again."""
        if not self.served_guild_ids or self._members_until.get(user_id, 0.0) > self.clock():
            return True
        for guild_id in self.served_guild_ids:
            guild = client.get_guild(guild_id)
            if guild is None:
                continue
            try:
                await guild.fetch_member(user_id)
            except discord.NotFound:
                continue
            self._members_until[user_id] = self.clock() + MEMBERSHIP_SECONDS
            return True
        return False
