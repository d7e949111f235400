"""In which channel a request counts."""

from types import SimpleNamespace
from typing import Any

import discord
import pytest

from bot.submission.spender import build_spender

FORUM, POST = 100, 200


def make_post(parent_id: int) -> discord.Thread:
    """Make a post of a forum, as an interaction describes it; the forum itself is not known."""
    state: Any = discord.Client(intents=discord.Intents.none())._connection
    guild = discord.Guild(data={"id": "1"}, state=state)  # type: ignore[typeddict-item]
    data: Any = {
        "id": str(POST),
        "type": 11,
        "name": "a post",
        "guild_id": "1",
        "parent_id": str(parent_id),
        "owner_id": "2",
        "message_count": 0,
        "member_count": 1,
        "rate_limit_per_user": 0,
        "thread_metadata": {
            "archived": False,
            "locked": False,
            "auto_archive_duration": 60,
            "archive_timestamp": "2026-11-22T00:00:00+00:00",
        },
    }
    return discord.Thread(guild=guild, state=state, data=data)


@pytest.mark.parametrize(
    ("channel", "channel_id", "counted_in"),
    [(make_post(FORUM), POST, FORUM), (SimpleNamespace(), POST, POST), (None, POST, POST), (None, None, 0)],
)
def test_a_request_in_a_post_counts_in_its_forum(channel: Any, channel_id: int | None, counted_in: int) -> None:
    interaction: Any = SimpleNamespace(user=SimpleNamespace(id=2), guild_id=1, channel=channel, channel_id=channel_id)

    spender = build_spender(interaction)

    assert (spender.user_id, spender.guild_id, spender.channel_id) == (2, 1, counted_in)
