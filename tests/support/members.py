"""Interactions of members of a guild, built as discord.py builds them."""

from collections.abc import Iterable
from types import SimpleNamespace
from typing import Any, Final, cast

import discord

from bot.domain.guild_settings import GuildSettings
from bot.domain.preferences import Preferences
from bot.domain.teams import TeamChoice
from bot.interactions.locale import load_guild_settings, set_preferences
from bot.interactions.teams import set_team_choice
from tests.support.fake_stores import FakeGuildSettingsStore

NO_RULES: Final = GuildSettings()
NO_CHOICE: Final = TeamChoice()
BOT_ID: Final = 7
_THREAD: Final[dict[str, Any]] = {
    "type": 11,
    "owner_id": "1",
    "name": "x",
    "message_count": 0,
    "member_count": 1,
    "rate_limit_per_user": 0,
    "thread_metadata": {
        "archived": False,
        "auto_archive_duration": 60,
        "archive_timestamp": "2026-11-22T00:00:00+00:00",
        "locked": False,
    },
}


def make_member(
    *,
    guild_id: int = 1,
    user_id: int = 10,
    channel_id: int = 2,
    parent_id: int | None = None,
    role_ids: Iterable[int] = (),
    is_age_restricted: bool = False,
    permissions: discord.Permissions | None = None,
) -> tuple[discord.Member, Any]:
    """Make a member of a guild with these roles, and a channel or, if it has a parent, a thread of it.

    Everyone in the guild has the `permissions`.
    """
    state = discord.Client(intents=discord.Intents(guilds=True))._connection
    state.user = discord.ClientUser(state=state, data=cast("Any", _make_user(BOT_ID)))
    channel = {"id": str(parent_id or channel_id), "type": 0, "name": "x", "position": 0, "permission_overwrites": []}
    thread = _THREAD | {"id": str(channel_id), "guild_id": str(guild_id), "parent_id": str(parent_id)}
    data: Any = {
        "id": str(guild_id),
        "name": "x",
        "owner_id": "0",
        "roles": [_make_role(role_id, permissions) for role_id in {guild_id, *role_ids}],
        "channels": [channel | {"nsfw": is_age_restricted}],
        "threads": [] if parent_id is None else [thread],
        "members": [_make_member_data(BOT_ID)],
    }
    guild = discord.Guild(data=data, state=state)
    member = discord.Member(data=cast("Any", _make_member_data(user_id, role_ids)), guild=guild, state=state)
    return member, guild.get_channel_or_thread(channel_id)


async def make_interaction(
    *,
    guild_id: int | None = 1,
    user_id: int = 10,
    channel_id: int = 2,
    parent_id: int | None = None,
    role_ids: Iterable[int] = (),
    is_age_restricted: bool = False,
    permissions: discord.Permissions | None = None,
    settings: GuildSettings | None = NO_RULES,
    preferences: Preferences | None = None,
    client: Any = None,
    team_choice: TeamChoice | None = NO_CHOICE,
) -> Any:
    """Make an interaction in a server with these settings; without settings or a choice, they could not be loaded."""
    member, channel = make_member(
        guild_id=guild_id or 1,
        user_id=user_id,
        channel_id=channel_id,
        parent_id=parent_id,
        role_ids=role_ids,
        is_age_restricted=is_age_restricted,
    )
    interaction: Any = SimpleNamespace(
        id=17,
        guild=member.guild if guild_id else None,
        guild_id=guild_id,
        user=member if guild_id else member._user,
        channel_id=channel_id,
        channel=channel,
        permissions=permissions or discord.Permissions.none(),
        app_permissions=discord.Permissions.all(),
        extras={},
        locale=discord.Locale.american_english,
        filesize_limit=10**7,
        client=client,
        response=SimpleNamespace(is_done=lambda: False),
    )
    set_preferences(interaction, preferences or Preferences())
    await load_guild_settings(interaction, FakeGuildSettingsStore(settings))
    if team_choice is not None:
        set_team_choice(interaction, team_choice)
    return interaction


def _make_user(user_id: int) -> dict[str, Any]:
    return {"id": str(user_id), "username": "ada", "discriminator": "0", "avatar": None}


def _make_member_data(user_id: int, role_ids: Iterable[int] = ()) -> dict[str, Any]:
    roles = [str(role_id) for role_id in role_ids]
    return {"user": _make_user(user_id), "roles": roles, "joined_at": None, "flags": 0, "nick": None}


def _make_role(role_id: int, permissions: discord.Permissions | None) -> dict[str, Any]:
    bits = str((permissions or discord.Permissions.none()).value)
    shown = {"colors": {"primary_color": 0}, "hoist": False, "managed": False, "mentionable": False}
    return {"id": str(role_id), "name": "x", "permissions": bits, "position": 0, "color": 0, **shown}
