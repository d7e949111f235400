"""The contests that a member sees, and their rights in them. Every id comes from a client."""

from collections.abc import Sequence
from typing import Final

import discord

from bot.domain.preferences import ReusePolicy
from bot.domain.rounds import Contest
from bot.interactions.locale import require_preferences
from bot.interactions.visibility import list_readable_channels, resolve_permissions
from bot.storage.round_stores import RoundStores
from shared.problems import RejectedError, make_problem

MAX_LISTED_CONTESTS: Final = 100


async def find_contest_here(stores: RoundStores, interaction: discord.Interaction, contest_id: str) -> Contest:
    """Find a contest of this server. Raises `RejectedError` (round_unknown): the id comes from a client."""
    contest = await stores.contests.find_contest(contest_id)
    if contest is None or contest.guild_id != interaction.guild_id:
        raise RejectedError(make_problem("round_unknown"))
    return contest


async def list_readable_contests(
    stores: RoundStores, interaction: discord.Interaction, *, is_open: bool | None = None
) -> Sequence[Contest]:
    """List the contests of this server whose channel or thread the user can read, newest first."""
    readable = list_readable_channels(interaction)
    found = await stores.contests.list_contests(interaction.guild_id or 0, MAX_LISTED_CONTESTS, is_open=is_open)
    return [contest for contest in found if contest.thread_id in readable or contest.channel_id in readable]


async def resolve_contest(
    stores: RoundStores, interaction: discord.Interaction, contest_id: str | None, *, is_open: bool | None = None
) -> Contest:
    """Find the contest that a command is about: the one that was chosen, that of this thread, or the only one.

    Raises `RejectedError`: round_unknown, round_ambiguous.
    """
    contests = await list_readable_contests(stores, interaction, is_open=is_open)
    if contest_id is not None:
        contests = [contest for contest in contests if contest.id == contest_id.strip()]
    else:
        here = [contest for contest in contests if contest.thread_id == interaction.channel_id]
        contests = here[:1] or contests
    if not contests:
        raise RejectedError(make_problem("round_unknown"))
    if len(contests) > 1:
        raise RejectedError(make_problem("round_ambiguous"))
    return contests[0]


def require_entrant(interaction: discord.Interaction, contest: Contest) -> None:
    """Raise `RejectedError` for a member who may not enter a contest, or take turns in it.

    The codes are round_role_required and, for who lets nobody build on the picture from which others would go on,
    round_reuse_declined.
    """
    role_id = contest.settings.entrant_role_id
    roles = interaction.user.roles if isinstance(interaction.user, discord.Member) else []
    if role_id is not None and role_id not in {role.id for role in roles}:
        raise RejectedError(make_problem("round_role_required", roles=f"<@&{role_id}>"))
    goes_on = contest.settings.is_relay or contest.round_number < contest.settings.rounds
    if goes_on and require_preferences(interaction).reuse_policy is ReusePolicy.NOBODY:
        raise RejectedError(make_problem("round_reuse_declined"))


def require_voter(interaction: discord.Interaction, contest: Contest) -> None:
    """Raise `RejectedError` (round_member_too_new) for who joined since the start, where that matters."""
    joined_at = interaction.user.joined_at if isinstance(interaction.user, discord.Member) else None
    is_new = joined_at is None or joined_at.timestamp() > contest.created_at
    if contest.settings.needs_earlier_membership and is_new:
        raise RejectedError(make_problem("round_member_too_new"))


def require_host_or_moderator(interaction: discord.Interaction, contest: Contest) -> None:
    """Raise `RejectedError` (round_not_allowed) for anybody but the host and moderators of the contest's channel."""
    if interaction.user.id != contest.host_id and not is_contest_moderator(interaction, contest):
        raise RejectedError(make_problem("round_not_allowed"))


def is_contest_moderator(interaction: discord.Interaction, contest: Contest) -> bool:
    """Tell whether the user may manage messages where the contest takes place."""
    guild, user = interaction.guild, interaction.user
    if guild is None or not isinstance(user, discord.Member) or guild.id != contest.guild_id:
        return False
    if interaction.channel_id == contest.thread_id:
        return interaction.permissions.manage_messages
    return resolve_permissions(user, guild.get_channel(contest.channel_id)).manage_messages
