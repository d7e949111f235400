"""Where a result is, and whether everybody who reads the gallery can read it there."""

from dataclasses import replace
from typing import Any, cast

import discord
import pytest

from bot.domain.gallery import GallerySettings
from bot.domain.messages import MessageRef
from bot.domain.records import JobRecord
from bot.features.gallery.place import GalleryChannel, describe_place
from bot.features.gallery.setup import apply_choice
from shared.job import BatchRef, EntryRef
from tests.support.views import make_result_record

GUILD, MEMBERS, MUTED = 10, 11, 12
READING = discord.Permissions(view_channel=True, read_message_history=True).value
OPEN, MEMBERS_ONLY, NOT_FOR_MUTED, STAFF, ADULT, FORUM = 100, 101, 102, 103, 104, 105
THREAD, PRIVATE_THREAD = 200, 201
METADATA = {"archived": False, "auto_archive_duration": 60, "archive_timestamp": "2026-11-22T00:00:00+00:00"}


def make_overwrite(role: int, allow: int = 0, deny: int = 0) -> dict[str, Any]:
    return {"id": str(role), "type": 0, "allow": str(allow), "deny": str(deny)}


def make_channel(number: int, *overwrites: Any, kind: int = 0, nsfw: bool = False) -> dict[str, Any]:
    fields = {
        "name": "x",
        "position": 0,
        "bitrate": 64000,
        "user_limit": 0,
        "permission_overwrites": overwrites,
        "nsfw": nsfw,
        "available_tags": [],
    }
    return {"id": str(number), "type": kind, **fields}


def make_thread(number: int, kind: int) -> dict[str, Any]:
    counts = {"message_count": 0, "member_count": 1, "rate_limit_per_user": 0}
    who = {"owner_id": "1", "guild_id": str(GUILD), "parent_id": str(MEMBERS_ONLY), "name": "x"}
    return {"id": str(number), "type": kind, "thread_metadata": METADATA | {"locked": False}, **counts, **who}


def make_role(number: int, permissions: int) -> dict[str, Any]:
    shown = {"colors": {"primary_color": 0}, "color": 0, "hoist": False, "managed": False, "mentionable": False}
    return {"id": str(number), "name": "x", "permissions": str(permissions), "position": number - GUILD, **shown}


@pytest.fixture
def guild() -> discord.Guild:
    """A server whose @everyone reads nothing, as those that let members in by hand."""
    no_one = make_overwrite(GUILD, deny=READING)
    data = {
        "id": str(GUILD),
        "name": "x",
        "owner_id": "1",
        "roles": [make_role(GUILD, 0), make_role(MEMBERS, READING), make_role(MUTED, READING)],
        "channels": [
            make_channel(OPEN, make_overwrite(GUILD, allow=READING)),
            make_channel(MEMBERS_ONLY),
            make_channel(NOT_FOR_MUTED, make_overwrite(MUTED, deny=READING)),
            make_channel(STAFF, no_one, make_overwrite(MEMBERS, deny=READING), make_overwrite(MUTED, deny=READING)),
            make_channel(ADULT, nsfw=True),
            make_channel(FORUM, kind=15),
            make_channel(106, kind=2),
        ],
        "threads": [make_thread(THREAD, 11), make_thread(PRIVATE_THREAD, 12)],
    }
    state = discord.Client(intents=discord.Intents(guilds=True))._connection
    return discord.Guild(data=cast("Any", data), state=state)


def make_record(channel: int, **fields: Any) -> JobRecord:
    record = make_result_record()
    origin = record.job.origin.model_copy(update={"guild_id": GUILD, "channel_id": channel} | fields)
    return replace(record, job=record.job.model_copy(update={"origin": origin}))


async def describe(guild: discord.Guild, gallery: int, record: JobRecord) -> Any:
    return await describe_place(cast("GalleryChannel", guild.get_channel(gallery)), record)


@pytest.mark.parametrize(
    ("gallery", "channel", "is_readable"),
    [
        (MEMBERS_ONLY, MEMBERS_ONLY, True),
        (MEMBERS_ONLY, OPEN, True),
        (OPEN, MEMBERS_ONLY, False),
        (MEMBERS_ONLY, NOT_FOR_MUTED, False),
        (NOT_FOR_MUTED, MEMBERS_ONLY, True),
        (MEMBERS_ONLY, STAFF, False),
        (STAFF, MEMBERS_ONLY, True),
        (FORUM, MEMBERS_ONLY, True),
        (MEMBERS_ONLY, THREAD, True),
        (MEMBERS_ONLY, PRIVATE_THREAD, False),
    ],
)
async def test_each_role_that_reads_the_gallery_has_to_read_the_channel(
    guild: discord.Guild, gallery: int, channel: int, is_readable: bool
) -> None:
    place = await describe(guild, gallery, make_record(channel))

    assert place.is_readable is is_readable
    assert not place.is_private


async def test_a_thread_is_in_the_channel_above_it_and_shares_its_age_restriction(guild: discord.Guild) -> None:
    thread = await describe(guild, OPEN, make_record(THREAD))
    adult = await describe(guild, OPEN, make_record(ADULT))

    assert thread.channel_ids == {THREAD, MEMBERS_ONLY}
    assert (thread.is_age_restricted, adult.is_age_restricted) == (False, True)


@pytest.mark.parametrize(
    "record",
    [
        make_record(MEMBERS_ONLY, is_direct_message=True),
        replace(make_record(MEMBERS_ONLY), message=None),
        replace(make_record(MEMBERS_ONLY), message=MessageRef(7, 8, is_private=True)),
    ],
)
async def test_a_result_that_was_sent_directly_is_private(guild: discord.Guild, record: JobRecord) -> None:
    assert (await describe(guild, MEMBERS_ONLY, record)).is_private


async def test_an_item_of_a_batch_has_no_message_and_is_read_in_its_channel(guild: discord.Guild) -> None:
    record = replace(make_record(MEMBERS_ONLY), message=None)
    job = record.job.model_copy(update={"batch": BatchRef(batch_id="1", item_number=1)})

    place = await describe(guild, MEMBERS_ONLY, replace(record, job=job))

    assert (place.is_private, place.is_readable, place.is_secret) == (False, True, False)


async def test_an_entry_is_secret_until_its_round_shows_it(guild: discord.Guild) -> None:
    record = make_record(MEMBERS_ONLY)
    entry = record.job.model_copy(update={"entry": EntryRef(contest_id="1", round_number=1)})

    shown = await describe(guild, MEMBERS_ONLY, replace(record, job=entry))
    secret = await describe(guild, MEMBERS_ONLY, replace(record, job=entry, message=None))

    assert (shown.is_private, shown.is_readable, shown.is_secret) == (False, True, False)
    assert secret.is_secret


@pytest.mark.parametrize(
    ("field", "values", "changed"),
    [
        ("channel", [str(FORUM)], GallerySettings(FORUM, 3)),
        ("channel", [], GallerySettings(None, 3)),
        ("min_favourites", ["off"], GallerySettings(OPEN)),
        ("min_favourites", ["10"], GallerySettings(OPEN, 10)),
        ("own_marks", ["on"], GallerySettings(OPEN, 3, counts_own_marks=True)),
        ("ignored", [str(OPEN), str(STAFF)], GallerySettings(OPEN, 3, ignored_channel_ids=frozenset({OPEN, STAFF}))),
        ("ignored", [], GallerySettings(OPEN, 3)),
        ("channel", ["106"], None),
        ("channel", ["999"], None),
        ("channel", ["x"], None),
        ("min_favourites", ["0"], None),
        ("min_favourites", ["1"], None),
        ("own_marks", ["maybe"], None),
        ("ignored", ["999"], None),
        ("ignored", ["x"], None),
    ],
)
def test_only_what_was_offered_is_a_choice(
    guild: discord.Guild, field: str, values: list[str], changed: GallerySettings | None
) -> None:
    assert apply_choice(GallerySettings(OPEN, 3), field, values, guild) == changed
