"""Who may use the bot at all, and where: unblocked members of served servers, in allowed channels and roles."""

import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import partial
from typing import Final, Protocol

import discord

from bot.domain.blocks import Block
from bot.domain.usage import Check, Usage, build_check
from bot.interactions.locale import get_guild_settings, require_guild_settings
from bot.interactions.usage import build_usage
from shared.problems import Problem, make_problem

MEMBERSHIP_SECONDS: Final = 600.0
MAX_MEMBERS: Final = 10_000
_MAX_LISTED: Final = 8


class Access(StrEnum):
    """How strictly the use of a command, button or form is checked.

    REQUEST: it may lead to a picture, so it is refused where the database cannot tell whether it is allowed.
    VIEW: it makes nothing, so it goes on there, and says itself if it needs the database.
    ALWAYS: help, one's own data and requests, administration: as VIEW, and in every channel and for every role.
    """

    REQUEST = "request"
    VIEW = "view"
    ALWAYS = "always"


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

    async def find_refusal(self, interaction: discord.Interaction, access: Access) -> Problem | None:
        """Find the rule that refuses an interaction.

        Raises `RejectedError` (lookup_timed_out, database_unavailable) where that cannot be told.
        """
        get_settings = get_guild_settings if access is Access.ALWAYS else require_guild_settings
        usage = build_usage(interaction, get_settings(interaction))
        for check in self.list_checks(interaction.client, access):
            problem = await check.find_problem(usage)
            if problem is not None:
                return problem
        return None

    def list_checks(self, client: discord.Client, access: Access) -> Sequence[Check]:
        """List the checks in the order in which they are made."""
        checks = [
            Check("served", partial(self._find_server_problem, client)),
            Check("block", self._find_block_problem),
        ]
        if access is not Access.ALWAYS:
            checks += [build_check("channel", find_channel_problem), build_check("role", find_role_problem)]
        return checks

    def is_served(self, guild_id: int) -> bool:
        """Tell whether the bot serves a server."""
        return not self.served_guild_ids or guild_id in self.served_guild_ids

    async def _find_server_problem(self, client: discord.Client, usage: Usage) -> Problem | None:
        is_served = (
            await self._is_member(client, usage.user_id) if usage.guild_id is None else self.is_served(usage.guild_id)
        )
        return None if is_served else make_problem("server_not_served")

    async def _find_block_problem(self, usage: Usage) -> Problem | None:
        block = None if usage.guild_id is None else await self.blocks.find_block(usage.guild_id, usage.user_id)
        if block is None:
            return None
        code = "blocked" if block.ends_at is None else "blocked_until"
        return make_problem(code, reason=block.reason, until=int(block.ends_at or 0))

    async def _is_member(self, client: discord.Client, user_id: int) -> bool:
        """Tell whether a user is a member of a served server; those who were lately are not looked up again."""
        if not self.served_guild_ids or self._members_until.get(user_id, 0.0) > self.clock():
            return True
        for guild_id in self.served_guild_ids:
            try:
                await client.http.get_member(guild_id, user_id)  # the server may be on a shard of another process
            except (discord.NotFound, discord.Forbidden):
                continue
            self._remember_member(user_id)
            return True
        return False

    def _remember_member(self, user_id: int) -> None:
        """Remember a member for some minutes, and forget those whose time is over, or the oldest of too many."""
        now = self.clock()
        self._members_until.pop(user_id, None)  # so that the oldest come first
        self._members_until[user_id] = now + MEMBERSHIP_SECONDS
        while len(self._members_until) > MAX_MEMBERS or next(iter(self._members_until.values())) <= now:
            del self._members_until[next(iter(self._members_until))]


def find_channel_problem(usage: Usage) -> Problem | None:
    """Find whether the server closes the channel to the bot."""
    allowed = usage.settings.allowed_channel_ids
    if usage.guild_id is None or not allowed or usage.channel_id in allowed:
        return None
    channels = ", ".join(f"<#{channel_id}>" for channel_id in sorted(allowed)[:_MAX_LISTED])
    return make_problem("channel_not_allowed", channels=channels)


def find_role_problem(usage: Usage) -> Problem | None:
    """Find whether the member has none of the roles that may use the bot; those who manage the server always may."""
    allowed = usage.settings.allowed_role_ids
    if usage.guild_id is None or not allowed or usage.is_manager or allowed & usage.role_ids:
        return None
    roles = ", ".join(f"<@&{role_id}>" for role_id in sorted(allowed)[:_MAX_LISTED])
    return make_problem("role_not_allowed", roles=roles)
