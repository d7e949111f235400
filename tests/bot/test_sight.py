"""What a person may see of others' pictures: the channel of each is looked at, and no other."""

from types import SimpleNamespace
from typing import Any, cast

import discord
import pytest

from bot.interactions.sight import channels_of, may_see
from bot.ports import Past
from tests.bot.test_render import ask, job

GUILD, ADA = 10, 7
OPEN, HIDDEN, UNKNOWN = 100, 101, 999
IN_OPEN, PRIVATE, IN_HIDDEN = 200, 201, 202
READING = discord.Permissions(view_channel=True, read_message_history=True)
NOTHING = {"id": str(GUILD), "type": 0, "allow": "0", "deny": str(READING.value)}
METADATA = {"archived": False, "auto_archive_duration": 60, "archive_timestamp": "2026-11-22T00:00:00+00:00"}


def channel(number: int, *overwrites: Any) -> dict[str, Any]:
    return {"id": str(number), "type": 0, "name": "x", "position": 0, "permission_overwrites": overwrites}


def thread(number: int, parent: int, kind: int = 11) -> dict[str, Any]:
    counts = {"message_count": 0, "member_count": 1, "rate_limit_per_user": 0}
    who = {"owner_id": "1", "guild_id": str(GUILD), "parent_id": str(parent), "name": "x"}
    return {"id": str(number), "type": kind, "thread_metadata": METADATA | {"locked": False}, **counts, **who}


def used_by_ada(at: int) -> Any:
    state = discord.Client(intents=discord.Intents(guilds=True))._connection
    everyone = {"id": str(GUILD), "name": "@everyone", "permissions": str(READING.value), "position": 0, "color": 0}
    data = {
        "id": str(GUILD),
        "name": "x",
        "owner_id": "1",
        "roles": [everyone | {"colors": {"primary_color": 0}, "hoist": False, "managed": False, "mentionable": False}],
        "channels": [channel(OPEN), channel(HIDDEN, NOTHING)],
        "threads": [thread(IN_OPEN, OPEN), thread(PRIVATE, OPEN, 12), thread(IN_HIDDEN, HIDDEN)],
    }
    guild = discord.Guild(data=cast("Any", data), state=state)
    user = {"id": str(ADA), "username": "ada", "discriminator": "0", "avatar": None}
    member: dict[str, Any] = {"user": user, "roles": [], "joined_at": None, "flags": 0}
    ada = discord.Member(data=cast("Any", member), guild=guild, state=state)
    return SimpleNamespace(guild=guild, guild_id=GUILD, user=ada, channel_id=at)


def told(at: int, *, user: int = 8, deleted: bool = False, **place: Any) -> Past:
    asked = job(ask())
    where = asked.place.model_copy(update={"guild": GUILD, "channel": at, **place})
    requester = asked.requester.model_copy(update={"id": user})
    return Past(
        asked.model_copy(update={"place": where, "requester": requester}), "generated", 7, None, 9.0, None, deleted
    )


@pytest.mark.parametrize("at", [OPEN, PRIVATE, UNKNOWN])
def test_the_channels_that_one_can_read_and_where_one_is(at: int) -> None:
    interaction = used_by_ada(at)
    places = (OPEN, HIDDEN, UNKNOWN, IN_OPEN, PRIVATE, IN_HIDDEN)

    seen = {place for place in places if may_see(interaction, told(place))}

    assert seen == channels_of(interaction) == {OPEN, IN_OPEN, at}


def test_others_pictures_are_seen_neither_deleted_nor_private_nor_from_elsewhere() -> None:
    interaction = used_by_ada(OPEN)
    pasts = (told(OPEN, deleted=True), told(OPEN, direct=True), told(OPEN, guild=11))

    assert [may_see(interaction, past) for past in pasts] == [False] * 3
    assert may_see(interaction, told(HIDDEN, user=ADA, deleted=True, direct=True))


def test_one_picture_is_looked_at_without_the_whole_server(monkeypatch: pytest.MonkeyPatch) -> None:
    interaction = used_by_ada(UNKNOWN)
    monkeypatch.setattr(discord.Guild, "channels", property(lambda _: pytest.fail("every channel was looked at")))

    assert may_see(interaction, told(OPEN))
