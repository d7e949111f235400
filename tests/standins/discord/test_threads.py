"""Threads: once per message, archived, locked, private, and how many there may be."""

from typing import Any

import pytest

from tests.support.discord_standin import DiscordStandIn, drain_events, list_error_codes

MANAGE_THREADS = str(1 << 34)


async def open_thread(stand_in: DiscordStandIn, **body: Any) -> tuple[Any, Any]:
    """Post a message and open a thread on it."""
    message = await stand_in.post_message(content="start")
    path = f"/channels/{stand_in.channel_id}/messages/{message['id']}/threads"
    status, opened = await stand_in.call_rest("POST", path, {"name": "a thread", **body})
    assert status == 201, opened
    return message, opened


async def test_a_thread_takes_its_messages_id_and_shows_on_it(stand_in: DiscordStandIn) -> None:
    queue = stand_in.state.events.subscribe_page(stand_in.state.find_user("ada").id)
    message, opened = await open_thread(stand_in, auto_archive_duration=60)
    assert (opened["id"], opened["parent_id"], opened["type"]) == (message["id"], stand_in.channel_id, 11)
    assert opened["thread_metadata"]["auto_archive_duration"] == 60
    (starter,) = await stand_in.list_messages_seen_by("ada")
    assert starter["thread"]["id"] == opened["id"]
    assert starter["flags"] & 32
    told = [event["t"] for event in drain_events(queue)]
    assert told == ["MESSAGE_CREATE", "THREAD_CREATE", "MESSAGE_UPDATE"]


async def test_a_message_has_one_thread(stand_in: DiscordStandIn) -> None:
    message, _ = await open_thread(stand_in)
    path = f"/channels/{stand_in.channel_id}/messages/{message['id']}/threads"
    refusal = await stand_in.call_rest_rejected(160004, "POST", path, {"name": "again"})
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
async def test_a_faulty_thread_is_refused(
    stand_in: DiscordStandIn, body: dict[str, Any], expected: tuple[str, str]
) -> None:
    message = await stand_in.post_message(content="start")
    path = f"/channels/{stand_in.channel_id}/messages/{message['id']}/threads"
    assert list_error_codes(await stand_in.call_rest_rejected(50035, "POST", path, body)) == [expected]


async def test_threads_have_no_threads_and_unknown_messages_none_either(stand_in: DiscordStandIn) -> None:
    _, opened = await open_thread(stand_in)
    inside = await stand_in.call_rest_ok("POST", f"/channels/{opened['id']}/messages", {"content": "x"})
    await stand_in.call_rest_rejected(
        50024, "POST", f"/channels/{opened['id']}/messages/{inside['id']}/threads", {"name": "t"}
    )
    await stand_in.call_rest_rejected(50024, "POST", f"/channels/{opened['id']}/threads", {"name": "t", "type": 11})
    await stand_in.call_rest_rejected(
        10008, "POST", f"/channels/{stand_in.channel_id}/messages/1/threads", {"name": "t"}
    )


async def test_a_thread_without_a_message_is_private_unless_it_says_otherwise(stand_in: DiscordStandIn) -> None:
    path = f"/channels/{stand_in.channel_id}/threads"
    await stand_in.call_rest_rejected(50013, "POST", path, {"name": "secret"})
    assert (await stand_in.call_rest_ok("POST", path, {"name": "open", "type": 11}))["type"] == 11
    await stand_in.call_page_api("PUT", f"/control/permissions/{stand_in.channel_id}", {"allow": str(1 << 36)})
    secret = await stand_in.call_rest_ok("POST", path, {"name": "secret"})
    assert secret["type"] == 12
    await stand_in.call_page_api("GET", f"/client/channels/{secret['id']}/messages?user=ada", status=403)
    ada = stand_in.state.find_user("ada").id
    await stand_in.call_rest_ok("PUT", f"/channels/{secret['id']}/thread-members/{ada}")
    assert await stand_in.list_messages_seen_by("ada", secret["id"]) == []


async def test_a_message_wakes_an_archived_thread_and_an_edit_does_not(stand_in: DiscordStandIn) -> None:
    _, opened = await open_thread(stand_in)
    place = f"/channels/{opened['id']}"
    inside = await stand_in.call_rest_ok("POST", f"{place}/messages", {"content": "x"})
    await stand_in.call_page_api("PATCH", f"/control/channels/{opened['id']}", {"archived": True})
    await stand_in.call_rest_rejected(50083, "PATCH", f"{place}/messages/{inside['id']}", {"content": "y"})
    await stand_in.call_rest_rejected(50083, "PATCH", place, {"name": "other"})
    ada = stand_in.state.find_user("ada").id
    await stand_in.call_rest_rejected(50083, "PUT", f"{place}/thread-members/{ada}")
    await stand_in.call_rest_ok("POST", f"{place}/messages", {"content": "wake"})
    assert (await stand_in.call_rest_ok("GET", place))["thread_metadata"]["archived"] is False


async def test_commands_cannot_be_used_in_an_archived_thread(stand_in: DiscordStandIn) -> None:
    _, opened = await open_thread(stand_in)
    await stand_in.register_command()
    await stand_in.call_page_api("PATCH", f"/control/channels/{opened['id']}", {"archived": True})
    await stand_in.invoke_command("go", channel_id=opened["id"], status=400)


async def test_a_locked_thread_is_closed_to_a_bot_without_manage_threads(stand_in: DiscordStandIn) -> None:
    _, opened = await open_thread(stand_in)
    place = f"/channels/{opened['id']}"
    await stand_in.call_page_api("PATCH", f"/control/channels/{opened['id']}", {"locked": True, "archived": True})
    refusal = await stand_in.call_rest_rejected(160005, "POST", f"{place}/messages", {"content": "x"})
    assert refusal["status"] == 403
    await stand_in.call_rest_rejected(50013, "PATCH", place, {"archived": False})
    await stand_in.call_page_api("PUT", f"/control/permissions/{stand_in.channel_id}", {"allow": MANAGE_THREADS})
    await stand_in.call_rest_ok("PATCH", place, {"archived": False, "locked": False})
    await stand_in.call_rest_ok("POST", f"{place}/messages", {"content": "x"})


async def test_the_bot_names_and_archives_its_own_thread_but_locks_none(stand_in: DiscordStandIn) -> None:
    _, opened = await open_thread(stand_in)
    place = f"/channels/{opened['id']}"
    assert (await stand_in.call_rest_ok("PATCH", place, {"name": "new", "archived": True}))["name"] == "new"
    await stand_in.call_rest_ok("PATCH", place, {"archived": False})
    await stand_in.call_rest_rejected(50013, "PATCH", place, {"locked": True})
    await stand_in.call_rest_rejected(50013, "DELETE", place)


async def test_a_guild_has_room_for_so_many_active_threads(stand_in: DiscordStandIn) -> None:
    await stand_in.call_page_api("PATCH", "/control/guild", {"max_active_threads": 1})
    _, opened = await open_thread(stand_in)
    message = await stand_in.post_message(content="another")
    path = f"/channels/{stand_in.channel_id}/messages/{message['id']}/threads"
    await stand_in.call_rest_rejected(160006, "POST", path, {"name": "t"})
    await stand_in.call_rest_ok("PATCH", f"/channels/{opened['id']}", {"archived": True})
    await stand_in.call_rest_ok("POST", path, {"name": "t"})


async def test_active_threads_are_listed_with_the_bots_membership(stand_in: DiscordStandIn) -> None:
    _, opened = await open_thread(stand_in)
    listed = await stand_in.call_rest_ok("GET", f"/guilds/{stand_in.guild_id}/threads/active")
    assert [t["id"] for t in listed["threads"]] == [opened["id"]]
    assert listed["members"][0]["user_id"] == stand_in.state.bot.id
    (member,) = await stand_in.call_rest_ok("GET", f"/channels/{opened['id']}/thread-members")
    assert member["user_id"] == stand_in.state.bot.id


async def test_a_deleted_channel_is_unknown_and_takes_its_threads_along(stand_in: DiscordStandIn) -> None:
    _, opened = await open_thread(stand_in)
    await stand_in.call_page_api("DELETE", f"/control/channels/{stand_in.channel_id}")
    await stand_in.call_rest_rejected(10003, "GET", f"/channels/{stand_in.channel_id}")
    await stand_in.call_rest_rejected(10003, "POST", f"/channels/{opened['id']}/messages", {"content": "x"})
