"""The chat page's API: the client's checks, uploads, and events."""

import asyncio
import io
import json
from typing import Any

import aiohttp
import pytest

from demo.standins.discord.interaction_create import render_interaction
from tests.support.discord_standin import DiscordStandIn, drain_events, make_image_file, make_png

OPTIONS = [
    {"type": 3, "name": "prompt", "description": "p", "required": True, "min_length": 2, "max_length": 5},
    {"type": 4, "name": "steps", "description": "s", "min_value": 10, "max_value": 50},
    {"type": 10, "name": "keep", "description": "k", "min_value": 0.5, "max_value": 1},
    {"type": 5, "name": "loud", "description": "l"},
    {"type": 3, "name": "style", "description": "s", "choices": [{"name": "Anime", "value": "anime"}]},
    {"type": 11, "name": "image", "description": "i"},
    {"type": 6, "name": "who", "description": "w"},
]
VALID_OPTIONS: dict[str, Any] = {"prompt": "fog"}


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"prompt": "x"},
        {"prompt": "xxxxxx"},
        {"prompt": 5},
        {**VALID_OPTIONS, "steps": 9},
        {**VALID_OPTIONS, "steps": 51},
        {**VALID_OPTIONS, "steps": 10.5},
        {**VALID_OPTIONS, "steps": True},
        {**VALID_OPTIONS, "keep": 0.4},
        {**VALID_OPTIONS, "loud": "yes"},
        {**VALID_OPTIONS, "style": "oil"},
        {**VALID_OPTIONS, "image": "123"},
        {**VALID_OPTIONS, "who": "ada"},
        {**VALID_OPTIONS, "unknown": 1},
    ],
)
async def test_an_invalid_command_never_reaches_the_bot(
    discord_standin: DiscordStandIn, options: dict[str, Any]
) -> None:
    await discord_standin.register_command(options=OPTIONS)
    await discord_standin.invoke_command("go", options, status=400)
    assert discord_standin.state.interactions == {}


async def test_a_valid_command_carries_its_values_and_their_resolved_objects(
    discord_standin: DiscordStandIn,
) -> None:
    await discord_standin.register_command(options=OPTIONS)
    ben = discord_standin.state.find_user("ben").id
    given = {**VALID_OPTIONS, "steps": 50, "keep": 1, "loud": False, "style": "anime", "who": ben}
    interaction = await discord_standin.invoke_command("go", given, files={"image": make_image_file("my pic.png")})
    data = discord_standin.state.interactions[interaction].data
    image = next(o["value"] for o in data["options"] if o["name"] == "image")
    assert {o["name"]: o["value"] for o in data["options"]} == {**given, "image": image}
    assert discord_standin.state.attachments[image].filename == "my_pic.png"
    assert discord_standin.state.attachments[image].ephemeral


async def test_an_outdated_command_is_not_sent(discord_standin: DiscordStandIn) -> None:
    interaction = {"type": 2, "channel_id": discord_standin.channel_id, "data": {"id": "1", "name": "go", "type": 1}}
    response = await discord_standin.call_page_api("POST", "/client/interactions?user=ada", interaction, status=400)
    assert "outdated" in response["message"]


async def test_a_moderator_command_is_rejected_for_other_users(discord_standin: DiscordStandIn) -> None:
    await discord_standin.register_command(default_member_permissions=str(1 << 5))
    await discord_standin.invoke_command("go", status=400)


async def test_a_disabled_button_a_foreign_message_and_a_wrong_choice_are_forbidden(
    discord_standin: DiscordStandIn,
) -> None:
    button = {"type": 2, "style": 1, "label": "Go", "custom_id": "go", "disabled": True}
    options = [{"label": "a", "value": "a"}, {"label": "b", "value": "b"}]
    select = {"type": 3, "custom_id": "pick", "options": options}
    message = await discord_standin.post_message(
        content="x", components=[{"type": 1, "components": [button]}, {"type": 1, "components": [select]}]
    )
    interaction = {"user": "ada", "message_id": message["id"]}
    for wrong in (
        {"custom_id": "go"},
        {"custom_id": "none"},
        {"custom_id": "pick", "values": ["c"]},
        {"custom_id": "pick"},
    ):
        await discord_standin.call_page_api("POST", "/control/press", {**interaction, **wrong}, status=400)
    pressed = await discord_standin.press_button(message["id"], "pick", values=["b"])
    assert discord_standin.state.interactions[pressed].data["values"] == ["b"]


async def test_role_and_channel_selects_take_what_the_client_lists_of_the_server(
    discord_standin: DiscordStandIn,
) -> None:
    other = await discord_standin.call_page_api("POST", "/control/guilds", {"name": "Elsewhere", "members": ["ada"]})
    role = await discord_standin.call_page_api("POST", "/control/roles", {"name": "artists"})
    voice = await discord_standin.call_page_api("POST", "/control/channels", {"name": "talk", "type": 2})
    selects = [
        {"type": 6, "custom_id": "roles", "min_values": 0, "max_values": 2},
        {"type": 8, "custom_id": "channels", "min_values": 0, "max_values": 2, "channel_types": [0]},
    ]
    message = await discord_standin.post_message(
        content="x", components=[{"type": 1, "components": [select]} for select in selects]
    )
    interaction = {"user": "ada", "message_id": message["id"]}
    for wrong in (
        {"custom_id": "roles", "values": [other["id"]]},
        {"custom_id": "channels", "values": [voice["id"]]},
        {"custom_id": "channels", "values": [other["channels"][0]["id"]]},
    ):
        await discord_standin.call_page_api("POST", "/control/press", {**interaction, **wrong}, status=400)

    chosen = {"roles": [role["id"]], "channels": [discord_standin.channel_id]}
    for custom_id, values in chosen.items():
        pressed = await discord_standin.press_button(message["id"], custom_id, values=values)
        sent = render_interaction(discord_standin.state, discord_standin.state.interactions[pressed])["data"]
        assert sent["values"] == values
        assert list(sent["resolved"][custom_id]) == values
    emptied = await discord_standin.press_button(message["id"], "roles", values=[])
    assert discord_standin.state.interactions[emptied].data["values"] == []


async def test_an_upload_is_ephemeral_and_has_a_limit_that_nitro_raises(discord_standin: DiscordStandIn) -> None:
    async def upload(data: bytes) -> tuple[int, Any]:
        body = aiohttp.FormData(quote_fields=False)
        body.add_field("file", io.BytesIO(data), filename="a b.png", content_type="image/png")
        async with discord_standin.http.post(f"{discord_standin.url}/client/attachments?user=ada", data=body) as answer:
            return answer.status, await answer.json()

    status, attachment = await upload(make_png())
    assert (status, attachment["filename"], attachment["ephemeral"]) == (200, "a_b.png", True)
    assert (attachment["width"], attachment["content_type"]) == (64, "image/png")
    async with discord_standin.http.get(attachment["url"]) as answer:
        assert await answer.read() == make_png()
    status, refusal = await upload(b"\0" * ((10 << 20) + 1))
    assert (status, refusal["code"]) == (413, 40005)


async def test_events_stream_to_the_users_who_may_see_them(discord_standin: DiscordStandIn) -> None:
    async with discord_standin.http.get(f"{discord_standin.url}/client/events?user=ben") as stream:
        assert stream.headers["Content-Type"].startswith("text/event-stream")
        assert await stream.content.readline() == b": hello\n"
        await discord_standin.start_interaction()
        interaction = next(iter(discord_standin.state.interactions.values()))
        path = f"/interactions/{interaction.id}/{interaction.token}/callback"
        await discord_standin.call_rest_ok("POST", path, {"type": 4, "data": {"content": "psst", "flags": 64}})
        await discord_standin.post_message(content="for all")
        response: list[Any] = []
        async with asyncio.timeout(5):
            while len(response) < 2:
                line = await stream.content.readline()
                if line.startswith(b"data: "):
                    response.append(json.loads(line.removeprefix(b"data: ")))
    assert [event["t"] for event in response] == ["APPLICATION_COMMANDS_UPDATE", "MESSAGE_CREATE"]
    assert response[1]["d"]["content"] == "for all"


async def test_a_user_receives_events_of_their_own_interactions_only(discord_standin: DiscordStandIn) -> None:
    state = discord_standin.state
    ada, ben = (state.events.subscribe_page(state.find_user(name).id) for name in ("ada", "ben"))
    interaction = await discord_standin.start_interaction()
    await discord_standin.call_rest_ok(
        "POST", f"/interactions/{interaction.id}/{interaction.token}/callback", {"type": 5}
    )
    assert {"t": "INTERACTION_SUCCESS", "d": {"id": interaction.id}} in drain_events(ada)
    assert "INTERACTION_SUCCESS" not in [event["t"] for event in drain_events(ben)]


async def test_the_bootstrap_response_has_everything_that_the_page_needs(discord_standin: DiscordStandIn) -> None:
    await discord_standin.register_command()
    await discord_standin.call_page_api("POST", "/client/locale?user=ada", {"locale": "fr"})
    begun = await discord_standin.call_page_api("GET", "/client/bootstrap?user=ada")
    assert begun["me"]["username"] == "ada"
    assert begun["me_locale"] == "fr"
    assert [guild["name"] for guild in begun["guilds"]] == ["Pentimento Studio"]
    assert [c["name"] for c in begun["channels"]] == ["general", "gallery"]
    assert [c["name"] for c in begun["commands"][discord_standin.guild_id]] == ["go"]
    assert begun["application"]["bot"]["bot"] is True


async def test_slowmode_limits_users_but_not_the_bot(discord_standin: DiscordStandIn) -> None:
    await discord_standin.call_page_api(
        "PATCH", f"/control/channels/{discord_standin.channel_id}", {"rate_limit_per_user": 60}
    )
    path = f"/client/channels/{discord_standin.channel_id}/messages?user=ada"
    await discord_standin.call_page_api("POST", path, {"content": "one"})
    assert (await discord_standin.call_page_api("POST", path, {"content": "two"}, status=429))["code"] == 20016
    for _ in range(2):
        await discord_standin.post_message(content="bots are exempt")


async def test_the_state_dump_includes_deleted_messages(discord_standin: DiscordStandIn) -> None:
    message = await discord_standin.post_message(content="x")
    await discord_standin.call_page_api("DELETE", f"/control/messages/{message['id']}")
    interaction = await discord_standin.start_interaction()
    state = await discord_standin.call_page_api("GET", "/control/state")
    assert state["messages"][discord_standin.channel_id][0]["deleted"] is True
    assert state["interactions"][0]["id"] == interaction.id
    assert state["guild_commands"][0]["name"] == "go"


async def test_an_unknown_user_channel_or_field_is_reported_with_a_message(discord_standin: DiscordStandIn) -> None:
    await discord_standin.call_page_api("GET", "/client/bootstrap?user=nobody", status=404)
    await discord_standin.call_page_api("GET", "/client/channels/1/messages?user=ada", status=404)
    response = await discord_standin.call_page_api("POST", "/control/press", {"user": "ada"}, status=400)
    assert "message_id" in response["message"]
