"""Threads: once per message, archived, locked, private, and how many there may be."""

from typing import Any

import pytest

from demo.standins.discord.channels import ChannelType
from demo.standins.discord.permissions import Permission
from tests.support.discord_standin import DiscordStandIn, drain_events, list_error_codes

MANAGE_THREADS = str(1 << 34)


async def open_thread(discord_standin: DiscordStandIn, **body: Any) -> tuple[Any, Any]:
    """Post a message and open a thread on it."""
    message = await discord_standin.post_message(content="start")
    path = f"/channels/{discord_standin.channel_id}/messages/{message['id']}/threads"
    status, opened = await discord_standin.call_rest("POST", path, {"name": "a thread", **body})
    assert status == 201, opened
    return message, opened


async def test_a_thread_takes_its_messages_id_and_shows_on_it(discord_standin: DiscordStandIn) -> None:
    queue = discord_standin.state.events.subscribe_page(discord_standin.state.find_user("ada").id)
    message, opened = await open_thread(discord_standin, auto_archive_duration=60)
    assert (opened["id"], opened["parent_id"], opened["type"]) == (message["id"], discord_standin.channel_id, 11)
    assert opened["thread_metadata"]["auto_archive_duration"] == 60
    (starter,) = await discord_standin.list_messages_seen_by("ada")
    assert starter["thread"]["id"] == opened["id"]
    assert starter["flags"] & 32
    response = [event["t"] for event in drain_events(queue)]
    assert response == ["MESSAGE_CREATE", "THREAD_CREATE", "MESSAGE_UPDATE"]


async def test_a_message_has_one_thread(discord_standin: DiscordStandIn) -> None:
    message, _ = await open_thread(discord_standin)
    path = f"/channels/{discord_standin.channel_id}/messages/{message['id']}/threads"
    refusal = await discord_standin.call_rest_rejected(160004, "POST", path, {"name": "again"})
    assert refusal["status"] == 400


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"name": ""}, ("name", "BASE_TYPE_REQUIRED")),
        ({"name": "n" * 101}, ("name", "BASE_TYPE_BAD_LENGTH")),
        ({"name": "n", "auto_archive_duration": 61}, ("auto_archive_duration", "BASE_TYPE_CHOICES")),
        ({"name": "n", "rate_limit_per_user": 21601}, ("rate_limit_per_user", "NUMBER_TYPE_MAX")),
    ],
)
async def test_an_invalid_thread_is_rejected(
    discord_standin: DiscordStandIn, body: dict[str, Any], expected: tuple[str, str]
) -> None:
    message = await discord_standin.post_message(content="start")
    path = f"/channels/{discord_standin.channel_id}/messages/{message['id']}/threads"
    assert list_error_codes(await discord_standin.call_rest_rejected(50035, "POST", path, body)) == [expected]


async def test_threads_have_no_threads_and_unknown_messages_none_either(discord_standin: DiscordStandIn) -> None:
    _, opened = await open_thread(discord_standin)
    inside = await discord_standin.call_rest_ok("POST", f"/channels/{opened['id']}/messages", {"content": "x"})
    await discord_standin.call_rest_rejected(
        50024, "POST", f"/channels/{opened['id']}/messages/{inside['id']}/threads", {"name": "t"}
    )
    await discord_standin.call_rest_rejected(
        50024, "POST", f"/channels/{opened['id']}/threads", {"name": "t", "type": 11}
    )
    await discord_standin.call_rest_rejected(
        10008, "POST", f"/channels/{discord_standin.channel_id}/messages/1/threads", {"name": "t"}
    )


async def test_a_thread_without_a_message_is_private_unless_it_says_otherwise(discord_standin: DiscordStandIn) -> None:
    path = f"/channels/{discord_standin.channel_id}/threads"
    await discord_standin.call_rest_rejected(50013, "POST", path, {"name": "secret"})
    assert (await discord_standin.call_rest_ok("POST", path, {"name": "open", "type": 11}))["type"] == 11
    await discord_standin.call_page_api(
        "PUT", f"/control/permissions/{discord_standin.channel_id}", {"allow": str(1 << 36)}
    )
    secret = await discord_standin.call_rest_ok("POST", path, {"name": "secret"})
    assert secret["type"] == 12
    await discord_standin.call_page_api("GET", f"/client/channels/{secret['id']}/messages?user=ada", status=403)
    ada = discord_standin.state.find_user("ada").id
    await discord_standin.call_rest_ok("PUT", f"/channels/{secret['id']}/thread-members/{ada}")
    assert await discord_standin.list_messages_seen_by("ada", secret["id"]) == []


async def test_a_message_unarchives_a_thread_and_an_edit_does_not(discord_standin: DiscordStandIn) -> None:
    _, opened = await open_thread(discord_standin)
    place = f"/channels/{opened['id']}"
    inside = await discord_standin.call_rest_ok("POST", f"{place}/messages", {"content": "x"})
    await discord_standin.call_page_api("PATCH", f"/control/channels/{opened['id']}", {"archived": True})
    await discord_standin.call_rest_rejected(50083, "PATCH", f"{place}/messages/{inside['id']}", {"content": "y"})
    await discord_standin.call_rest_rejected(50083, "PATCH", place, {"name": "other"})
    ada = discord_standin.state.find_user("ada").id
    await discord_standin.call_rest_rejected(50083, "PUT", f"{place}/thread-members/{ada}")
    await discord_standin.call_rest_ok("POST", f"{place}/messages", {"content": "wake"})
    assert (await discord_standin.call_rest_ok("GET", place))["thread_metadata"]["archived"] is False


async def test_commands_cannot_be_used_in_an_archived_thread(discord_standin: DiscordStandIn) -> None:
    _, opened = await open_thread(discord_standin)
    await discord_standin.register_command()
    await discord_standin.call_page_api("PATCH", f"/control/channels/{opened['id']}", {"archived": True})
    await discord_standin.invoke_command("go", channel_id=opened["id"], status=400)


async def test_a_locked_thread_is_closed_to_a_bot_without_manage_threads(discord_standin: DiscordStandIn) -> None:
    _, opened = await open_thread(discord_standin)
    place = f"/channels/{opened['id']}"
    await discord_standin.call_page_api(
        "PATCH", f"/control/channels/{opened['id']}", {"locked": True, "archived": True}
    )
    refusal = await discord_standin.call_rest_rejected(160005, "POST", f"{place}/messages", {"content": "x"})
    assert refusal["status"] == 403
    await discord_standin.call_rest_rejected(50013, "PATCH", place, {"archived": False})
    await discord_standin.call_page_api(
        "PUT", f"/control/permissions/{discord_standin.channel_id}", {"allow": MANAGE_THREADS}
    )
    await discord_standin.call_rest_ok("PATCH", place, {"archived": False, "locked": False})
    await discord_standin.call_rest_ok("POST", f"{place}/messages", {"content": "x"})


async def test_the_bot_names_and_archives_its_own_thread_but_locks_none(discord_standin: DiscordStandIn) -> None:
    _, opened = await open_thread(discord_standin)
    place = f"/channels/{opened['id']}"
    assert (await discord_standin.call_rest_ok("PATCH", place, {"name": "new", "archived": True}))["name"] == "new"
    await discord_standin.call_rest_ok("PATCH", place, {"archived": False})
    await discord_standin.call_rest_rejected(50013, "PATCH", place, {"locked": True})
    await discord_standin.call_rest_rejected(50013, "DELETE", place)


async def test_a_guild_has_a_limit_of_active_threads(discord_standin: DiscordStandIn) -> None:
    await discord_standin.call_page_api("PATCH", "/control/guild", {"max_active_threads": 1})
    _, opened = await open_thread(discord_standin)
    message = await discord_standin.post_message(content="another")
    path = f"/channels/{discord_standin.channel_id}/messages/{message['id']}/threads"
    await discord_standin.call_rest_rejected(160006, "POST", path, {"name": "t"})
    await discord_standin.call_rest_ok("PATCH", f"/channels/{opened['id']}", {"archived": True})
    await discord_standin.call_rest_ok("POST", path, {"name": "t"})


async def test_active_threads_are_listed_with_the_bots_membership(discord_standin: DiscordStandIn) -> None:
    _, opened = await open_thread(discord_standin)
    listed = await discord_standin.call_rest_ok("GET", f"/guilds/{discord_standin.guild_id}/threads/active")
    assert [t["id"] for t in listed["threads"]] == [opened["id"]]
    assert listed["members"][0]["user_id"] == discord_standin.state.bot.id
    (member,) = await discord_standin.call_rest_ok("GET", f"/channels/{opened['id']}/thread-members")
    assert member["user_id"] == discord_standin.state.bot.id


async def test_a_deleted_channel_is_unknown_and_so_are_its_threads(discord_standin: DiscordStandIn) -> None:
    _, opened = await open_thread(discord_standin)
    await discord_standin.call_page_api("DELETE", f"/control/channels/{discord_standin.channel_id}")
    await discord_standin.call_rest_rejected(10003, "GET", f"/channels/{discord_standin.channel_id}")
    await discord_standin.call_rest_rejected(10003, "POST", f"/channels/{opened['id']}/messages", {"content": "x"})


async def test_a_post_of_a_forum_is_a_thread_with_its_first_message_and_tags(discord_standin: DiscordStandIn) -> None:
    state = discord_standin.state
    forum = state.add_channel(state.guild, "gallery", ChannelType.FORUM)
    state.guild.roles[state.guild.id].permissions |= int(Permission.MANAGE_CHANNELS)
    edited = await discord_standin.call_rest_ok("PATCH", f"/channels/{forum.id}", {"available_tags": [{"name": "Oil"}]})
    (tag,) = edited["available_tags"]
    path, body = f"/channels/{forum.id}/threads", {"name": "a castle", "message": {"content": "look"}}

    status, post = await discord_standin.call_rest("POST", path, body | {"applied_tags": [tag["id"]]})
    refusal = await discord_standin.call_rest_rejected(50035, "POST", path, body | {"applied_tags": ["17"]})
    empty = await discord_standin.call_rest_rejected(50035, "POST", path, {"name": "a castle"})

    assert status == 201
    assert (post["parent_id"], post["type"], post["applied_tags"]) == (forum.id, 11, [tag["id"]])
    assert (post["message"]["id"], post["message"]["channel_id"], post["message"]["content"]) == (
        *(post["id"], post["id"], "look"),
    )
    assert list_error_codes(refusal) == [("applied_tags", "INVALID_FORUM_TAG")]
    assert list_error_codes(empty) == [("message", "BASE_TYPE_REQUIRED")]
    await discord_standin.call_rest_rejected(50008, "POST", f"/channels/{forum.id}/messages", {"content": "x"})
