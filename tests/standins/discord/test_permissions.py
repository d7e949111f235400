"""Permissions: how they restrict the bot, and how interactions report them."""

from typing import Any

import pytest

from demo.standins.discord.interaction_create import render_interaction
from tests.support.discord_standin import DiscordStandIn, make_form, make_png

LEAST_PERMISSIONS = 309237763072
VIEW, SEND, EMBED, ATTACH, HISTORY = 1 << 10, 1 << 11, 1 << 14, 1 << 15, 1 << 16
PUBLIC_THREADS, SEND_IN_THREADS = 1 << 35, 1 << 38


async def deny_permissions(discord_standin: DiscordStandIn, bits: int) -> None:
    await discord_standin.call_page_api(
        "PUT", f"/control/permissions/{discord_standin.channel_id}", {"deny": str(bits)}
    )


@pytest.mark.parametrize(
    ("denied", "code", "payload"),
    [
        (VIEW, 50001, {"content": "x"}),
        (SEND, 50013, {"content": "x"}),
        (EMBED, 50013, {"embeds": [{"title": "t"}]}),
        (HISTORY, 160002, {"content": "x", "message_reference": {"message_id": "1"}}),
    ],
)
async def test_a_missing_permission_refuses_the_message_that_needs_it(
    discord_standin: DiscordStandIn, denied: int, code: int, payload: dict[str, Any]
) -> None:
    await deny_permissions(discord_standin, denied)
    await discord_standin.call_rest_rejected(code, "POST", f"/channels/{discord_standin.channel_id}/messages", payload)
    if denied in (EMBED, HISTORY):
        await discord_standin.post_message(content="plain words are still allowed")


async def test_files_need_attach_files(discord_standin: DiscordStandIn) -> None:
    await deny_permissions(discord_standin, ATTACH)
    path = f"/channels/{discord_standin.channel_id}/messages"
    refusal = await discord_standin.call_rest_rejected(50013, "POST", path, data=make_form({}, ("a.png", make_png())))
    assert (refusal["status"], refusal["message"]) == (403, "Missing Permissions")


async def test_threads_need_their_own_permissions(discord_standin: DiscordStandIn) -> None:
    message = await discord_standin.post_message(content="start")
    path = f"/channels/{discord_standin.channel_id}/messages/{message['id']}/threads"
    await deny_permissions(discord_standin, PUBLIC_THREADS)
    await discord_standin.call_rest_rejected(50013, "POST", path, {"name": "t"})
    await deny_permissions(discord_standin, SEND)
    opened = await discord_standin.call_rest_ok("POST", path, {"name": "t"})
    await discord_standin.call_rest_ok(
        "POST", f"/channels/{opened['id']}/messages", {"content": "SEND_MESSAGES is of no matter here"}
    )
    await deny_permissions(discord_standin, SEND_IN_THREADS)
    await discord_standin.call_rest_rejected(50013, "POST", f"/channels/{opened['id']}/messages", {"content": "x"})
    await discord_standin.call_rest_rejected(50013, "POST", f"/channels/{opened['id']}/typing")


async def test_without_history_a_channel_reads_as_empty_and_a_message_not_at_all(
    discord_standin: DiscordStandIn,
) -> None:
    message = await discord_standin.post_message(content="x")
    await deny_permissions(discord_standin, HISTORY)
    path = f"/channels/{discord_standin.channel_id}/messages"
    assert await discord_standin.call_rest_ok("GET", path) == []
    await discord_standin.call_rest_rejected(50013, "GET", f"{path}/{message['id']}")


async def test_an_interaction_has_the_bots_permissions_in_its_channel(discord_standin: DiscordStandIn) -> None:
    interaction = await discord_standin.start_interaction()
    assert int(render_interaction(discord_standin.state, interaction)["app_permissions"]) == LEAST_PERMISSIONS
    await deny_permissions(discord_standin, ATTACH)
    assert int(render_interaction(discord_standin.state, interaction)["app_permissions"]) == LEAST_PERMISSIONS & ~ATTACH
    await deny_permissions(discord_standin, VIEW)
    assert render_interaction(discord_standin.state, interaction)["app_permissions"] == "0"


async def test_overwrites_combine_from_everyone_through_roles_to_the_member(discord_standin: DiscordStandIn) -> None:
    state = discord_standin.state
    overwrites = [
        {"id": discord_standin.guild_id, "type": 0, "deny": str(SEND | ATTACH)},
        {"id": state.guild.bot_role_id, "type": 0, "allow": str(ATTACH)},
        {"id": state.bot.id, "type": 1, "allow": str(SEND), "deny": str(ATTACH)},
    ]
    path = f"/control/channels/{discord_standin.channel_id}"
    await discord_standin.call_page_api("PATCH", path, {"permission_overwrites": overwrites})
    bits = state.compute_permissions(state.channels[discord_standin.channel_id], state.bot.id)
    assert bits & SEND
    assert not bits & ATTACH


async def test_roles_set_by_the_control_api_change_the_bots_permissions(discord_standin: DiscordStandIn) -> None:
    role = await discord_standin.call_page_api("POST", "/control/roles", {"name": "Mute", "permissions": str(VIEW)})
    await discord_standin.call_page_api(
        "PUT", f"/control/members/{discord_standin.state.bot.id}", {"roles": [role["id"]]}
    )
    await discord_standin.call_rest_rejected(
        50013, "POST", f"/channels/{discord_standin.channel_id}/messages", {"content": "x"}
    )


async def test_a_bot_removed_from_the_guild_has_no_access(discord_standin: DiscordStandIn) -> None:
    await discord_standin.call_page_api("POST", "/control/guild/remove")
    await discord_standin.call_rest_rejected(
        50001, "POST", f"/channels/{discord_standin.channel_id}/messages", {"content": "x"}
    )
    await discord_standin.call_rest_rejected(50001, "GET", f"/guilds/{discord_standin.guild_id}")
    await discord_standin.call_page_api("POST", "/control/guild/add")
    await discord_standin.post_message(content="back")


@pytest.mark.parametrize("token", [None, "wrong"])
async def test_the_api_needs_the_bots_token(discord_standin: DiscordStandIn, token: str | None) -> None:
    status, body = await discord_standin.call_rest("GET", "/users/@me", token=token)
    assert (status, body) == (401, {"message": "401: Unauthorized", "code": 0})


async def test_a_client_must_send_a_user_agent(discord_standin: DiscordStandIn) -> None:
    headers = {"Authorization": "Bot demo-token", "User-Agent": ""}
    async with discord_standin.http.get(f"{discord_standin.url}/api/v10/users/@me", headers=headers) as answer:
        assert (answer.status, (await answer.json())["code"]) == (403, 40333)


async def test_unknown_routes_and_methods_answer_as_json(discord_standin: DiscordStandIn) -> None:
    assert await discord_standin.call_rest("GET", "/nowhere") == (404, {"message": "404: Not Found", "code": 0})
    assert await discord_standin.call_rest("PUT", "/users/@me") == (
        405,
        {"message": "405: Method Not Allowed", "code": 0},
    )


async def test_answers_are_exactly_application_json(discord_standin: DiscordStandIn) -> None:
    headers = {"Authorization": "Bot demo-token"}
    async with discord_standin.http.get(f"{discord_standin.url}/api/v10/users/@me", headers=headers) as answer:
        assert answer.headers["Content-Type"] == "application/json"


async def test_the_switches_of_the_integrations_page_are_told_to_the_bot(discord_standin: DiscordStandIn) -> None:
    commands = f"/applications/{discord_standin.state.application_id}/commands"
    command = await discord_standin.call_rest_ok("PUT", commands, [{"name": "imagine", "description": "x"}])
    path = (
        f"/applications/{discord_standin.state.application_id}/guilds/{discord_standin.guild_id}/commands/permissions"
    )
    switches = [{"id": discord_standin.channel_id, "type": 3, "permission": False}]

    before = await discord_standin.call_rest_ok("GET", path)
    for name in ("imagine", None):
        await discord_standin.call_page_api("PUT", "/control/integrations", {"command": name, "permissions": switches})
    after = await discord_standin.call_rest_ok("GET", path)

    assert before == []
    assert {entry["id"]: entry["permissions"] for entry in after} == {
        command[0]["id"]: switches,
        discord_standin.state.application_id: switches,
    }


async def test_a_channel_can_be_made_age_restricted(discord_standin: DiscordStandIn) -> None:
    path = f"/control/channels/{discord_standin.channel_id}"
    await discord_standin.call_page_api("PATCH", path, {"nsfw": True})

    assert (await discord_standin.call_rest_ok("GET", f"/channels/{discord_standin.channel_id}"))["nsfw"] is True
