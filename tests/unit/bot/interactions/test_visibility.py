"""Which jobs of other users a user may see: those of channels that they can read."""

from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

import discord
import pytest

from bot.domain.messages import MessageRef
from bot.domain.records import JobRecord
from bot.interactions.permissions import is_moderator, require_guild_manager
from bot.interactions.visibility import list_readable_channels, may_read_origin, may_view_job
from shared.job import EntryRef
from shared.problems import RejectedError
from tests.support.views import make_job, make_request

GUILD, ADA = 10, 7
OPEN_CHANNEL, HIDDEN_CHANNEL, MODERATED_CHANNEL, UNKNOWN_CHANNEL = 100, 101, 102, 999
OPEN_THREAD, PRIVATE_THREAD, HIDDEN_THREAD = 200, 201, 202
READING = discord.Permissions(view_channel=True, read_message_history=True)
MODERATING = discord.Permissions(manage_messages=True)
MODERATED = {"id": str(GUILD), "type": 0, "allow": str(MODERATING.value), "deny": "0"}
DENIED = {"id": str(GUILD), "type": 0, "allow": "0", "deny": str(READING.value)}
METADATA = {"archived": False, "auto_archive_duration": 60, "archive_timestamp": "2026-11-22T00:00:00+00:00"}


def make_channel(number: int, *overwrites: Any) -> dict[str, Any]:
    return {"id": str(number), "type": 0, "name": "x", "position": 0, "permission_overwrites": overwrites}


def make_thread(number: int, parent: int, kind: int = 11) -> dict[str, Any]:
    counts = {"message_count": 0, "member_count": 1, "rate_limit_per_user": 0}
    who = {"owner_id": "1", "guild_id": str(GUILD), "parent_id": str(parent), "name": "x"}
    return {"id": str(number), "type": kind, "thread_metadata": METADATA | {"locked": False}, **counts, **who}


def make_interaction(at: int) -> Any:
    state = discord.Client(intents=discord.Intents(guilds=True))._connection
    everyone = {"id": str(GUILD), "name": "@everyone", "permissions": str(READING.value), "position": 0, "color": 0}
    data = {
        "id": str(GUILD),
        "name": "x",
        "owner_id": "1",
        "roles": [everyone | {"colors": {"primary_color": 0}, "hoist": False, "managed": False, "mentionable": False}],
        "channels": [
            make_channel(OPEN_CHANNEL),
            make_channel(HIDDEN_CHANNEL, DENIED),
            make_channel(MODERATED_CHANNEL, MODERATED),
        ],
        "threads": [
            make_thread(OPEN_THREAD, OPEN_CHANNEL),
            make_thread(PRIVATE_THREAD, OPEN_CHANNEL, 12),
            make_thread(HIDDEN_THREAD, HIDDEN_CHANNEL),
        ],
    }
    guild = discord.Guild(data=cast("Any", data), state=state)
    user = {"id": str(ADA), "username": "ada", "discriminator": "0", "avatar": None}
    member: dict[str, Any] = {"user": user, "roles": [], "joined_at": None, "flags": 0}
    ada = discord.Member(data=cast("Any", member), guild=guild, state=state)
    permissions = MODERATING if at == MODERATED_CHANNEL else READING
    return SimpleNamespace(guild=guild, guild_id=GUILD, user=ada, channel_id=at, permissions=permissions)


def make_record(at: int, *, user: int = 8, deleted: bool = False, **place: Any) -> JobRecord:
    asked = make_job(make_request())
    where = asked.origin.model_copy(update={"guild_id": GUILD, "channel_id": at, **place})
    requester = asked.requester.model_copy(update={"id": user})
    return JobRecord(
        asked.model_copy(update={"origin": where, "requester": requester}), "generated", 7, None, 9.0, None, deleted
    )


@pytest.mark.parametrize("at", [OPEN_CHANNEL, PRIVATE_THREAD, UNKNOWN_CHANNEL])
def test_a_user_sees_the_jobs_of_readable_channels_and_of_the_current_one(at: int) -> None:
    interaction = make_interaction(at)
    places = (
        *(OPEN_CHANNEL, HIDDEN_CHANNEL, MODERATED_CHANNEL, UNKNOWN_CHANNEL),
        *(OPEN_THREAD, PRIVATE_THREAD, HIDDEN_THREAD),
    )

    seen = {place for place in places if may_view_job(interaction, make_record(place))}

    assert seen == list_readable_channels(interaction) == {OPEN_CHANNEL, MODERATED_CHANNEL, OPEN_THREAD, at}


def test_deleted_private_and_foreign_jobs_of_other_users_are_hidden() -> None:
    interaction = make_interaction(OPEN_CHANNEL)
    pasts = (
        make_record(OPEN_CHANNEL, deleted=True),
        make_record(OPEN_CHANNEL, is_direct_message=True),
        make_record(OPEN_CHANNEL, guild_id=11),
    )

    assert [may_view_job(interaction, past) for past in pasts] == [False] * 3
    assert may_view_job(interaction, make_record(HIDDEN_CHANNEL, user=ADA, deleted=True, is_direct_message=True))


def test_an_entry_of_a_contest_is_seen_by_its_author_alone_until_it_is_published() -> None:
    interaction = make_interaction(OPEN_CHANNEL)
    record = make_record(OPEN_CHANNEL)
    entry = record.job.model_copy(update={"entry": EntryRef(contest_id="17", round_number=1)})
    secret = replace(record, job=entry)

    assert not may_view_job(interaction, secret)
    assert may_view_job(interaction, replace(secret, message=MessageRef(OPEN_CHANNEL, 5)))
    own = entry.model_copy(update={"requester": record.job.requester.model_copy(update={"id": ADA})})
    assert may_view_job(interaction, replace(record, job=own))


@pytest.mark.parametrize("kind", ["filtered", "failed", None])
def test_a_request_without_a_picture_is_seen_by_its_requester_alone(kind: str | None) -> None:
    interaction = make_interaction(OPEN_CHANNEL)

    assert not may_view_job(interaction, replace(make_record(OPEN_CHANNEL), outcome_kind=kind))
    assert may_view_job(interaction, replace(make_record(OPEN_CHANNEL, user=ADA), outcome_kind=kind))


def test_one_job_is_checked_without_listing_every_channel(monkeypatch: pytest.MonkeyPatch) -> None:
    interaction = make_interaction(UNKNOWN_CHANNEL)
    monkeypatch.setattr(discord.Guild, "channels", property(lambda _: pytest.fail("every channel was looked at")))

    assert may_view_job(interaction, make_record(OPEN_CHANNEL))


def test_a_user_in_the_thread_of_a_job_sees_it_without_the_history_of_its_channel() -> None:
    origin = make_record(HIDDEN_CHANNEL, message_id=777).job.origin

    assert may_read_origin(make_interaction(777), origin)
    assert not may_read_origin(make_interaction(OPEN_CHANNEL), origin)


def test_a_thread_whose_parent_is_unknown_is_not_readable_and_hides_no_other_channel() -> None:
    interaction = make_interaction(OPEN_CHANNEL)
    del interaction.guild._channels[HIDDEN_CHANNEL]

    assert list_readable_channels(interaction) == {OPEN_CHANNEL, MODERATED_CHANNEL, OPEN_THREAD}


def test_a_moderator_of_one_channel_is_none_in_another() -> None:
    here, elsewhere = make_record(MODERATED_CHANNEL).job.origin, make_record(OPEN_CHANNEL).job.origin

    assert is_moderator(make_interaction(MODERATED_CHANNEL), here)
    assert is_moderator(make_interaction(OPEN_CHANNEL), here)
    assert is_moderator(make_interaction(MODERATED_CHANNEL), None)
    assert not is_moderator(make_interaction(MODERATED_CHANNEL), elsewhere)
    assert not is_moderator(make_interaction(OPEN_CHANNEL), None)


def test_only_members_who_manage_the_server_pass() -> None:
    interaction = make_interaction(OPEN_CHANNEL)

    with pytest.raises(RejectedError, match="settings_not_allowed"):
        require_guild_manager(interaction, "settings_not_allowed")
    interaction.permissions = discord.Permissions(manage_guild=True)
    require_guild_manager(interaction, "settings_not_allowed")
    interaction.guild_id = None
    with pytest.raises(RejectedError, match="settings_not_allowed"):
        require_guild_manager(interaction, "settings_not_allowed")
