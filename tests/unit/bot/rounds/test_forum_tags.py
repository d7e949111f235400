"""The tags of a contest's post: found by their names in any language, and created where the bot may."""

from dataclasses import replace
from typing import Any, cast

import discord
import pytest

from bot.discord_client.forum_posts import complete_tags, find_or_create_tags
from bot.domain.rounds import Phase
from bot.rounds.forum_tags import choose_first_tags, list_tag_names, list_tags, replace_tags
from tests.support.rounds import make_contest

GUILD, BOT, FORUM = 10, 20, 30
NOTHING = discord.Permissions(view_channel=True, send_messages=True)
MANAGE_CHANNELS = NOTHING | discord.Permissions(manage_channels=True)
MANAGE_THREADS = NOTHING | discord.Permissions(manage_threads=True)
EVERYTHING = discord.Permissions.all()


def make_tag(number: int, name: str, *, moderated: bool = False) -> dict[str, Any]:
    return {"id": str(number), "name": name, "moderated": moderated, "emoji_id": None, "emoji_name": None}


def make_forum(
    tags: list[dict[str, Any]], permissions: discord.Permissions, *, flags: int = 0
) -> tuple[discord.ForumChannel, list[list[str]]]:
    """Make a forum in which the bot has these permissions, and a list to which it adds the names it is given."""
    state = discord.Client(intents=discord.Intents(guilds=True))._connection
    edits: list[list[str]] = []

    async def edit_channel(_: int, *, reason: str | None, **options: Any) -> dict[str, Any]:
        del reason
        edits.append([tag["name"] for tag in options["available_tags"]])
        answered = [make_tag(number, name) for number, name in enumerate(edits[-1], 1)]
        return data | {"available_tags": answered}

    state.http = cast("Any", type("Http", (), {"edit_channel": staticmethod(edit_channel)}))
    role = {"id": str(GUILD), "name": "x", "permissions": str(permissions.value), "position": 0}
    shown = {"colors": {"primary_color": 0}, "color": 0, "hoist": False, "managed": False, "mentionable": False}
    guild = discord.Guild(
        data=cast("Any", {"id": str(GUILD), "name": "x", "owner_id": "1", "roles": [role | shown]}), state=state
    )
    user = {"id": str(BOT), "username": "bot", "discriminator": "0", "avatar": None, "bot": True}
    member = {"user": user, "roles": [], "flags": 0, "joined_at": None, "deaf": False, "mute": False}
    guild._add_member(discord.Member(data=cast("Any", member), guild=guild, state=state))
    state.user = cast("Any", discord.Object(BOT))
    data = {"id": str(FORUM), "type": 15, "name": "contests", "position": 0, "permission_overwrites": []}
    data |= {"available_tags": tags, "flags": flags, "nsfw": False}
    return discord.ForumChannel(state=state, guild=guild, data=cast("Any", data)), edits


@pytest.mark.parametrize(
    ("phase", "has_winner", "expected"),
    [
        (Phase.ENTERING, False, ["entering"]),
        (Phase.CLOSING, False, ["entering"]),
        (Phase.TURN, True, ["entering"]),
        (Phase.VOTING, True, ["voting"]),
        (Phase.RUNOFF, False, ["voting"]),
        (Phase.DECIDING, False, ["voting"]),
        (Phase.ENDED, False, ["ended"]),
        (Phase.ENDED, True, ["ended", "winner"]),
    ],
)
def test_the_state_is_one_tag_and_a_winner_is_told_of_at_the_end(
    phase: Phase, has_winner: bool, expected: list[str]
) -> None:
    assert list_tags(replace(make_contest(), phase=phase), has_winner=has_winner) == expected


def test_the_names_of_a_tag_are_those_of_every_language_that_of_the_contest_first() -> None:
    assert list_tag_names("ended", "fr") == ["Terminé", "Ended"]
    assert list_tag_names("ended", "de") == ["Ended", "Terminé"]


def test_a_state_takes_the_place_of_the_last_one_and_other_tags_stay() -> None:
    forum, _ = make_forum(
        [make_tag(n, name) for n, name in enumerate(["Vote", "ENDED", "oil", "a", "b", "c"], 1)], NOTHING
    )
    voting, ended, oil, *others = forum.available_tags

    assert replace_tags([voting, oil], [ended], "en") == [ended, oil]
    assert replace_tags([oil, voting, *others], [ended], "en") == [ended, oil, *others]
    assert len(replace_tags([oil, *others, voting], [ended, voting], "en")) == 5


@pytest.mark.parametrize(
    ("permissions", "count", "edits", "found"),
    [
        (NOTHING, 1, [], ["vote"]),
        (MANAGE_CHANNELS, 1, [["vote", "Ended"]], ["vote", "Ended"]),
        (MANAGE_CHANNELS, 20, [], ["vote"]),
        (MANAGE_CHANNELS, 19, [["vote", *map(str, range(2, 20)), "Ended"]], ["vote", "Ended"]),
    ],
)
async def test_missing_tags_are_created_in_one_call_where_the_bot_may_and_the_forum_has_room(
    permissions: discord.Permissions, count: int, edits: list[list[str]], found: list[str]
) -> None:
    tags = [make_tag(1, "vote"), *(make_tag(number, str(number)) for number in range(2, count + 1))]
    forum, made = make_forum(tags, permissions)

    result = await find_or_create_tags(forum, [["Voting", "Vote"], ["Ended", "Terminé"]])

    assert made == edits
    assert [tag.name for tag in result] == found


async def test_tags_of_moderators_are_applied_by_a_bot_that_may_manage_threads() -> None:
    tags = [make_tag(1, "Voting", moderated=True)]
    plain, _ = make_forum(tags, NOTHING)
    moderating, _ = make_forum(tags, MANAGE_THREADS)

    assert await find_or_create_tags(plain, [["Voting"]]) == []
    assert [tag.name for tag in await find_or_create_tags(moderating, [["Voting"]])] == ["Voting"]


async def test_a_new_post_has_the_state_and_the_theme_if_the_forum_has_it() -> None:
    theme = "Castles in the air and on clouds"
    tags = [make_tag(1, "Participations"), make_tag(2, theme[:20].upper()), make_tag(3, "oil")]
    forum, _ = make_forum(tags, NOTHING)
    managed, edits = make_forum([make_tag(1, "oil")], EVERYTHING)
    strict, _ = make_forum([make_tag(1, "oil")], NOTHING, flags=1 << 4)

    assert [tag.id for tag in await choose_first_tags(forum, theme, "en")] == [1, 2]
    assert [tag.name for tag in await choose_first_tags(managed, theme, "fr")] == ["Participations"]
    assert edits == [["oil", "Participations", "Vote", "Terminé", "Gagnante"]]
    assert [tag.name for tag in await choose_first_tags(strict, theme, "en")] == ["oil"]
    assert complete_tags(strict, []) == list(strict.available_tags)
