"""Who may go on from a picture: one rule, wherever a request starts from one."""

from collections.abc import Iterable
from dataclasses import dataclass

import discord

from bot.domain.guild_settings import ButtonPolicy
from bot.domain.ports import JobHistory, PreferencesStore
from bot.domain.preferences import ReusePolicy
from bot.interactions.locale import get_preferences, require_guild_settings
from bot.interactions.permissions import is_moderator
from bot.results.owners import find_owner, get_forwarded_guild_id
from shared.job import Origin
from shared.problems import RejectedError, make_problem


@dataclass(frozen=True)
class ReuseRule:
    """The server's setting and the wish of each owner hold together."""

    preferences_store: PreferencesStore

    async def require_permission(
        self,
        interaction: discord.Interaction,
        owner_ids: Iterable[int | None],
        origin: Origin | None = None,
        *,
        guild_id: int | None = None,
    ) -> int | None:
        """Return whose picture it is; None if it is the user's own, or if nobody knows.

        What an owner wishes to keep binds everyone else. Where the server lets only authors go on, moderators of
        `origin` may as well. The picture belongs to the server of `origin`, else to the server `guild_id`, else to the
        one where it is used. Raises `RejectedError`: not_author, reuse_declined, reuse_elsewhere, and as
        `PreferencesStore` does.
        """
        others = [owner_id for owner_id in owner_ids if owner_id not in {None, interaction.user.id}]
        if not others:
            return None
        policy = require_guild_settings(interaction).button_policy
        if policy is not ButtonPolicy.EVERYONE and not is_moderator(interaction, origin):
            raise RejectedError(make_problem("not_author"))
        source_guild_id = origin.guild_id if origin else interaction.guild_id if guild_id is None else guild_id
        is_credited = _is_credited(interaction, source_guild_id)
        for owner_id in others:
            preferences = await self.preferences_store.load_preferences(owner_id or 0)
            if preferences.reuse_policy is ReusePolicy.NOBODY:
                raise RejectedError(make_problem("reuse_declined"))
            if preferences.reuse_policy is ReusePolicy.CREDIT and not is_credited:
                raise RejectedError(make_problem("reuse_elsewhere"))
        return others[0]

    async def require_message_permission(
        self, interaction: discord.Interaction, message: discord.Message, job_history: JobHistory
    ) -> int | None:
        """Return whose the pictures of a message are, as `require_permission` does. Raises as that and `find_owner`."""
        owner_id = await find_owner(interaction.client, message, job_history)
        return await self.require_permission(interaction, [owner_id], guild_id=get_forwarded_guild_id(message))


def _is_credited(interaction: discord.Interaction, source_guild_id: int | None) -> bool:
    """Tell whether the result names the owner in the server of the picture, where everyone reads it."""
    is_same_guild = interaction.guild_id is not None and interaction.guild_id == source_guild_id
    return is_same_guild and not get_preferences(interaction).private
