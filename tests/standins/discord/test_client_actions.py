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


async def test_a_command_on_a_message_is_found_by_its_name_and_carries_all_its_pictures(
    stand_in: DiscordStandIn,
) -> None:
    await stand_in.register_command(name="Use this picture", type=3, description="")
    path = f"{stand_in.url}/client/channels/{stand_in.channel_id}/messages?user=ben"
    pictures = make_form(
        {"content": "look", "attachments": [{"id": 0}, {"id": 1}]}, ("a.png", make_png()), ("b.png", make_png())
    )
    async with stand_in.http.post(path, data=pictures) as answer:
        message = await answer.json()

    asked = await stand_in.invoke_command("Use this picture", target_id=message["id"])

    data = render_interaction(stand_in.state, stand_in.state.interactions[asked])["data"]
    assert (data["name"], data["type"], data["target_id"]) == ("Use this picture", 3, message["id"])
    assert [a["filename"] for a in data["resolved"]["messages"][message["id"]]["attachments"]] == ["a.png", "b.png"]
    assert data["resolved"]["messages"][message["id"]]["content"] == "look"


async def test_slash_and_message_commands_of_one_name_are_kept_apart(stand_in: DiscordStandIn) -> None:
    slash = await stand_in.register_command(name="details")
    menu = await stand_in.register_command(name="details", type=3, description="")
    message = await stand_in.post_message(content="x")

    ids = [await stand_in.invoke_command("details"), await stand_in.invoke_command("details", target_id=message["id"])]

    assert [stand_in.state.interactions[i].data["id"] for i in ids] == [slash["id"], menu["id"]]
    await stand_in.invoke_command("missing", target_id=message["id"], status=400)


async def test_a_command_cannot_be_used_on_a_message_that_the_person_does_not_see(stand_in: DiscordStandIn) -> None:
    asked = await stand_in.start_interaction()
    await stand_in.register_command(name="Details", type=3, description="")
    secret = {"type": 4, "data": {"content": "for ada", "flags": 64}}
    path = f"/interactions/{asked.id}/{asked.token}/callback?with_response=1"
    told = await stand_in.call_rest_ok("POST", path, secret)
    message = told["resource"]["message"]["id"]

    await stand_in.invoke_command("Details", user="ben", target_id=message, status=400)
    await stand_in.invoke_command("Details", target_id=message)


async def test_what_is_typed_reaches_the_bot_and_its_choices_come_back(stand_in: DiscordStandIn) -> None:
    group = {"type": 1, "name": "use", "description": "u", "options": [COMPLETED_OPTION, PLAIN_OPTION]}
    await stand_in.register_command(name="presets", options=[group])
    body = {"user": "ben", "channel_id": stand_in.channel_id, "name": "presets use", "focused": "word"}
    typing = asyncio.create_task(
        stand_in.call_page_api("POST", "/control/autocomplete", {**body, "options": {"word": "da", "plain": "x"}})
    )
    while not stand_in.state.interactions:  # noqa: ASYNC110 - the request is on its way
        await asyncio.sleep(0.01)
    (interaction,) = stand_in.state.interactions.values()
    sent = interaction.data["options"][0]["options"]
    choice = {"name": "Dawn", "value": "7"}

    answer = {"type": 8, "data": {"choices": [choice]}}
    await stand_in.call_rest_ok("POST", f"/interactions/{interaction.id}/{interaction.token}/callback", answer)

    assert (await typing)["choices"] == [choice]
    assert sent == [
        {"name": "word", "type": 3, "value": "da", "focused": True},
        {"name": "plain", "type": 3, "value": "x"},
    ]


async def test_an_option_that_the_bot_does_not_complete_cannot_be_asked_for(start: StandInStarter) -> None:
    stand_in = await start(acknowledge_seconds=0.05)
    await stand_in.register_command(options=[COMPLETED_OPTION, PLAIN_OPTION])
    body = {"user": "ada", "channel_id": stand_in.channel_id, "name": "go"}

    await stand_in.call_page_api("POST", "/control/autocomplete", {**body, "focused": "plain"}, status=400)
    unanswered = await stand_in.call_page_api("POST", "/control/autocomplete", {**body, "focused": "word"})

    assert unanswered["choices"] == []


async def test_anybody_in_the_channel_may_press_and_the_bot_is_told_who(stand_in: DiscordStandIn) -> None:
    message = await stand_in.post_message(content="x", components=[{"type": 1, "components": [BUTTON]}])

    pressed = await stand_in.press_button(message["id"], "go", user="ben")

    told = render_interaction(stand_in.state, stand_in.state.interactions[pressed])
    assert told["member"]["user"]["username"] == "ben"
    assert told["message"]["components"][0]["components"][0]["custom_id"] == "go"


@pytest.mark.parametrize("values", [None, ["anything", "x" * 500]])
async def test_a_forged_press_sends_what_no_component_of_the_message_has(
    stand_in: DiscordStandIn, values: list[str] | None
) -> None:
    message = await stand_in.post_message(
        content="x", components=[{"type": 1, "components": [{**BUTTON, "disabled": True}]}]
    )

    pressed = await stand_in.press_button(message["id"], "delete:999", forged=True, values=values)

    told = render_interaction(stand_in.state, stand_in.state.interactions[pressed])
    assert (told["data"]["custom_id"], told["data"].get("values")) == ("delete:999", values)
    assert told["message"]["components"][0]["components"][0]["custom_id"] == "go"


async def test_not_even_a_forged_press_reaches_a_message_out_of_sight(stand_in: DiscordStandIn) -> None:
    asked = await stand_in.start_interaction()
    secret: dict[str, Any] = {"type": 4, "data": {"content": "for ada", "flags": 64}}
    path = f"/interactions/{asked.id}/{asked.token}/callback?with_response=1"
    told = await stand_in.call_rest_ok("POST", path, secret)
    body = {"user": "ben", "message_id": told["resource"]["message"]["id"], "custom_id": "go", "forged": True}

    await stand_in.call_page_api("POST", "/control/press", body, status=400)
    await stand_in.call_page_api("POST", "/control/press", {**body, "user": "ada", "custom_id": "c" * 101}, status=400)
    await stand_in.call_page_api("POST", "/control/press", {**body, "user": "ada"})


async def test_an_answer_to_a_press_may_be_a_new_message_a_secret_one_an_update_or_a_modal(
    stand_in: DiscordStandIn,
) -> None:
    row = {"type": 1, "components": [{**BUTTON, "custom_id": str(n)} for n in range(5)]}
    rows = [row, {"type": 1, "components": [{**BUTTON, "custom_id": str(n)} for n in range(5, 9)]}]
    container = {"type": 17, "components": [{"type": 10, "content": "seed 7"}, *rows]}
    message = await stand_in.post_message(flags=COMPONENTS_V2_FLAG, components=[container])
    modal = {"custom_id": "m", "title": "t", "components": [{"type": 10, "content": "words"}]}
    answers: list[dict[str, Any]] = [
        {"type": 5},
        {"type": 4, "data": {"content": "only you", "flags": 64}},
        {"type": 6},
        {"type": 7, "data": {"components": [{"type": 10, "content": "gone"}, container]}},
        {"type": 9, "data": modal},
    ]

    for number, answer in enumerate(answers):
        pressed = stand_in.state.interactions[await stand_in.press_button(message["id"], str(number), user="ben")]
        await stand_in.call_rest_ok("POST", f"/interactions/{pressed.id}/{pressed.token}/callback", answer)

    seen = await stand_in.list_messages_seen_by("ada")
    assert [(m["id"] == message["id"], m["flags"]) for m in seen] == [(True, COMPONENTS_V2_FLAG), (False, 128)]
    assert seen[0]["components"][0]["content"] == "gone"
    assert seen[1]["message_reference"]["message_id"] == message["id"]
    assert [m["content"] for m in await stand_in.list_messages_seen_by("ben")][2:] == ["only you"]
