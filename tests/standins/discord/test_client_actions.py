"""The control API's uses of a bot: commands on messages, autocompletion, presses of anybody and forged ones."""

import asyncio
from typing import Any

import pytest

from demo.standins.discord.interaction_create import render_interaction
from tests.standins.discord.conftest import StandInStarter
from tests.support.discord_standin import COMPONENTS_V2_FLAG, DiscordStandIn, make_form, make_png

BUTTON = {"type": 2, "style": 1, "label": "Go", "custom_id": "go"}
COMPLETED_OPTION = {"type": 3, "name": "word", "description": "w", "autocomplete": True}
PLAIN_OPTION = {"type": 3, "name": "plain", "description": "p"}


async def test_a_message_command_is_found_by_name_and_carries_all_attachments(
    discord_standin: DiscordStandIn,
) -> None:
    await discord_standin.register_command(name="Use this picture", type=3, description="")
    path = f"{discord_standin.url}/client/channels/{discord_standin.channel_id}/messages?user=ben"
    pictures = make_form(
        {"content": "look", "attachments": [{"id": 0}, {"id": 1}]}, ("a.png", make_png()), ("b.png", make_png())
    )
    async with discord_standin.http.post(path, data=pictures) as answer:
        message = await answer.json()

    interaction = await discord_standin.invoke_command("Use this picture", target_id=message["id"])

    data = render_interaction(discord_standin.state, discord_standin.state.interactions[interaction])["data"]
    assert (data["name"], data["type"], data["target_id"]) == ("Use this picture", 3, message["id"])
    assert [a["filename"] for a in data["resolved"]["messages"][message["id"]]["attachments"]] == ["a.png", "b.png"]
    assert data["resolved"]["messages"][message["id"]]["content"] == "look"


async def test_slash_and_message_commands_of_one_name_are_kept_apart(discord_standin: DiscordStandIn) -> None:
    slash = await discord_standin.register_command(name="details")
    menu = await discord_standin.register_command(name="details", type=3, description="")
    message = await discord_standin.post_message(content="x")

    ids = [
        await discord_standin.invoke_command("details"),
        await discord_standin.invoke_command("details", target_id=message["id"]),
    ]

    assert [discord_standin.state.interactions[i].data["id"] for i in ids] == [slash["id"], menu["id"]]
    await discord_standin.invoke_command("missing", target_id=message["id"], status=400)


async def test_a_command_cannot_be_used_on_a_message_that_the_person_does_not_see(
    discord_standin: DiscordStandIn,
) -> None:
    interaction = await discord_standin.start_interaction()
    await discord_standin.register_command(name="Details", type=3, description="")
    secret = {"type": 4, "data": {"content": "for ada", "flags": 64}}
    path = f"/interactions/{interaction.id}/{interaction.token}/callback?with_response=1"
    response = await discord_standin.call_rest_ok("POST", path, secret)
    message = response["resource"]["message"]["id"]

    await discord_standin.invoke_command("Details", user="ben", target_id=message, status=400)
    await discord_standin.invoke_command("Details", target_id=message)


async def test_typed_text_reaches_the_bot_and_its_choices_are_returned(discord_standin: DiscordStandIn) -> None:
    group = {"type": 1, "name": "use", "description": "u", "options": [COMPLETED_OPTION, PLAIN_OPTION]}
    await discord_standin.register_command(name="presets", options=[group])
    body = {"user": "ben", "channel_id": discord_standin.channel_id, "name": "presets use", "focused": "word"}
    typing = asyncio.create_task(
        discord_standin.call_page_api(
            "POST", "/control/autocomplete", {**body, "options": {"word": "da", "plain": "x"}}
        )
    )
    while not discord_standin.state.interactions:  # noqa: ASYNC110 - the request is on its way
        await asyncio.sleep(0.01)
    (interaction,) = discord_standin.state.interactions.values()
    sent = interaction.data["options"][0]["options"]
    choice = {"name": "Dawn", "value": "7"}

    answer = {"type": 8, "data": {"choices": [choice]}}
    await discord_standin.call_rest_ok("POST", f"/interactions/{interaction.id}/{interaction.token}/callback", answer)

    assert (await typing)["choices"] == [choice]
    assert sent == [
        {"name": "word", "type": 3, "value": "da", "focused": True},
        {"name": "plain", "type": 3, "value": "x"},
    ]


async def test_an_option_without_autocomplete_cannot_be_autocompleted(start_standin: StandInStarter) -> None:
    discord_standin = await start_standin(acknowledge_seconds=0.05)
    await discord_standin.register_command(options=[COMPLETED_OPTION, PLAIN_OPTION])
    body = {"user": "ada", "channel_id": discord_standin.channel_id, "name": "go"}

    await discord_standin.call_page_api("POST", "/control/autocomplete", {**body, "focused": "plain"}, status=400)
    unanswered = await discord_standin.call_page_api("POST", "/control/autocomplete", {**body, "focused": "word"})

    assert unanswered["choices"] == []


async def test_anyone_in_the_channel_may_press_and_the_interaction_says_who(discord_standin: DiscordStandIn) -> None:
    message = await discord_standin.post_message(content="x", components=[{"type": 1, "components": [BUTTON]}])

    pressed = await discord_standin.press_button(message["id"], "go", user="ben")

    response = render_interaction(discord_standin.state, discord_standin.state.interactions[pressed])
    assert response["member"]["user"]["username"] == "ben"
    assert response["message"]["components"][0]["components"][0]["custom_id"] == "go"


@pytest.mark.parametrize("values", [None, ["anything", "x" * 500]])
async def test_a_forged_press_sends_a_custom_id_that_the_message_does_not_have(
    discord_standin: DiscordStandIn, values: list[str] | None
) -> None:
    message = await discord_standin.post_message(
        content="x", components=[{"type": 1, "components": [{**BUTTON, "disabled": True}]}]
    )

    pressed = await discord_standin.press_button(message["id"], "delete:999", forged=True, values=values)

    response = render_interaction(discord_standin.state, discord_standin.state.interactions[pressed])
    assert (response["data"]["custom_id"], response["data"].get("values")) == ("delete:999", values)
    assert response["message"]["components"][0]["components"][0]["custom_id"] == "go"


async def test_even_a_forged_press_needs_a_visible_message(discord_standin: DiscordStandIn) -> None:
    interaction = await discord_standin.start_interaction()
    secret: dict[str, Any] = {"type": 4, "data": {"content": "for ada", "flags": 64}}
    path = f"/interactions/{interaction.id}/{interaction.token}/callback?with_response=1"
    response = await discord_standin.call_rest_ok("POST", path, secret)
    body = {"user": "ben", "message_id": response["resource"]["message"]["id"], "custom_id": "go", "forged": True}

    await discord_standin.call_page_api("POST", "/control/press", body, status=400)
    await discord_standin.call_page_api(
        "POST", "/control/press", {**body, "user": "ada", "custom_id": "c" * 101}, status=400
    )
    await discord_standin.call_page_api("POST", "/control/press", {**body, "user": "ada"})


async def test_a_press_can_be_answered_by_a_message_an_ephemeral_message_an_update_or_a_modal(
    discord_standin: DiscordStandIn,
) -> None:
    row = {"type": 1, "components": [{**BUTTON, "custom_id": str(n)} for n in range(5)]}
    rows = [row, {"type": 1, "components": [{**BUTTON, "custom_id": str(n)} for n in range(5, 9)]}]
    container = {"type": 17, "components": [{"type": 10, "content": "seed 7"}, *rows]}
    message = await discord_standin.post_message(flags=COMPONENTS_V2_FLAG, components=[container])
    modal = {"custom_id": "m", "title": "t", "components": [{"type": 10, "content": "words"}]}
    answers: list[dict[str, Any]] = [
        {"type": 5},
        {"type": 4, "data": {"content": "only you", "flags": 64}},
        {"type": 6},
        {"type": 7, "data": {"components": [{"type": 10, "content": "gone"}, container]}},
        {"type": 9, "data": modal},
    ]

    for number, answer in enumerate(answers):
        pressed = discord_standin.state.interactions[
            await discord_standin.press_button(message["id"], str(number), user="ben")
        ]
        await discord_standin.call_rest_ok("POST", f"/interactions/{pressed.id}/{pressed.token}/callback", answer)

    seen = await discord_standin.list_messages_seen_by("ada")
    assert [(m["id"] == message["id"], m["flags"]) for m in seen] == [(True, COMPONENTS_V2_FLAG), (False, 128)]
    assert seen[0]["components"][0]["content"] == "gone"
    assert seen[1]["message_reference"]["message_id"] == message["id"]
    assert [m["content"] for m in await discord_standin.list_messages_seen_by("ben")][2:] == ["only you"]
