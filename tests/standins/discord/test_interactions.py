"""Interactions: deadlines, allowed callback types, one response, and access by token."""

import asyncio
import json
from typing import Any

import pytest

from demo.standins.discord.interaction import Interaction
from tests.standins.discord.conftest import StandInStarter
from tests.support.discord_standin import (
    COMPONENTS_V2_FLAG,
    DiscordStandIn,
    drain_events,
    list_error_codes,
    make_form,
    make_png,
)

HELLO = {"type": 4, "data": {"content": "hello"}}
MODAL: dict[str, Any] = {
    "custom_id": "m",
    "title": "Title",
    "components": [{"type": 18, "label": "Words", "component": {"type": 4, "custom_id": "w", "style": 1}}],
}


def callback_path(interaction: Interaction) -> str:
    return f"/interactions/{interaction.id}/{interaction.token}/callback"


def webhook_path(discord_standin: DiscordStandIn, interaction: Interaction, message: str = "") -> str:
    return f"/webhooks/{discord_standin.application_id}/{interaction.token}" + (
        f"/messages/{message}" if message else ""
    )


async def test_a_callback_returns_interaction_and_message_only_on_request(discord_standin: DiscordStandIn) -> None:
    asked = await discord_standin.start_interaction()
    told = await discord_standin.call_rest_ok("POST", callback_path(asked) + "?with_response=true", HELLO, token=None)
    assert told["resource"]["message"]["id"] == told["interaction"]["response_message_id"]
    assert told["resource"]["message"]["type"] == 20
    second = await discord_standin.start_interaction()
    assert await discord_standin.call_rest("POST", callback_path(second), HELLO, token=None) == (204, None)


async def test_a_callback_and_a_message_may_be_sent_as_a_form_without_files(discord_standin: DiscordStandIn) -> None:
    """As py-cord 2.8 sends them; a form of aiohttp without files is application/x-www-form-urlencoded."""
    asked, path = await discord_standin.start_interaction(), f"/channels/{discord_standin.channel_id}/messages"

    told = await discord_standin.call_rest_ok(
        "POST", callback_path(asked) + "?with_response=1", data={"payload_json": json.dumps(HELLO)}, token=None
    )
    posted = await discord_standin.call_rest_ok("POST", path, data={"content": "plain & simple"})

    assert told["resource"]["message"]["content"] == "hello"
    assert posted["content"] == "plain & simple"
    await discord_standin.call_rest_rejected(50109, "POST", path, data={"payload_json": "{"})
    await discord_standin.call_rest_rejected(50035, "POST", path, data={"payload_json": "[]"})


async def test_after_three_seconds_the_interaction_is_unknown_and_the_user_sees_a_failure(
    start_standin: StandInStarter,
) -> None:
    discord_standin = await start_standin(acknowledge_seconds=0.05)
    queue = discord_standin.state.events.subscribe_page(discord_standin.state.find_user("ada").id)
    asked = await discord_standin.start_interaction()
    await discord_standin.wait_for_interaction(asked.id, lambda i: i["failed"])
    refusal = await discord_standin.call_rest_rejected(10062, "POST", callback_path(asked), HELLO)
    assert refusal["status"] == 404
    told = drain_events(queue)
    assert {"t": "INTERACTION_FAILURE", "d": {"id": asked.id}} in told
    await discord_standin.call_rest_rejected(
        10015, "PATCH", webhook_path(discord_standin, asked, "@original"), {"content": "late"}
    )


async def test_the_default_time_to_answer_is_three_seconds(discord_standin: DiscordStandIn) -> None:
    assert discord_standin.state.settings.acknowledge_seconds == 3.0
    assert discord_standin.state.settings.token_lifetime == 900.0


async def test_a_second_response_is_rejected(discord_standin: DiscordStandIn) -> None:
    asked = await discord_standin.start_interaction()
    await discord_standin.call_rest_ok("POST", callback_path(asked), {"type": 5})
    refusal = await discord_standin.call_rest_rejected(40060, "POST", callback_path(asked), HELLO)
    assert refusal["status"] == 400


async def test_a_wrong_token_is_an_unknown_interaction(discord_standin: DiscordStandIn) -> None:
    asked = await discord_standin.start_interaction()
    await discord_standin.call_rest_rejected(10062, "POST", f"/interactions/{asked.id}/wrong/callback", HELLO)


async def test_a_token_expires_after_its_lifetime(start_standin: StandInStarter) -> None:
    discord_standin = await start_standin(token_lifetime=0.2)
    asked = await discord_standin.start_interaction()
    await discord_standin.call_rest_ok("POST", callback_path(asked), HELLO)
    await discord_standin.call_rest_ok(
        "PATCH", webhook_path(discord_standin, asked, "@original"), {"content": "in time"}
    )
    await asyncio.sleep(0.25)
    for method, path in (("PATCH", "@original"), ("GET", "@original"), ("POST", "")):
        body = None if method == "GET" else {"content": "late"}
        refusal = await discord_standin.call_rest_rejected(
            50027, method, webhook_path(discord_standin, asked, path), body
        )
        assert refusal["status"] == 401


@pytest.mark.parametrize("kind", [1, 6, 7, 8, 12])
async def test_a_command_does_not_accept_callback_types_of_components(
    discord_standin: DiscordStandIn, kind: int
) -> None:
    asked = await discord_standin.start_interaction()
    body = await discord_standin.call_rest_rejected(
        50035, "POST", callback_path(asked), {"type": kind, "data": {"content": "x"}}
    )
    assert list_error_codes(body) == [("type", "BASE_TYPE_CHOICES")]


async def test_a_deferral_takes_no_flag_but_ephemeral(discord_standin: DiscordStandIn) -> None:
    asked = await discord_standin.start_interaction()
    body = await discord_standin.call_rest_rejected(
        50035, "POST", callback_path(asked), {"type": 5, "data": {"flags": COMPONENTS_V2_FLAG}}
    )
    assert list_error_codes(body) == [("data.flags", "BASE_TYPE_CHOICES")]
    told = await discord_standin.call_rest_ok(
        "POST", callback_path(asked) + "?with_response=true", {"type": 5, "data": {"flags": 64}}
    )
    assert told["interaction"]["response_message_loading"] is True
    assert told["interaction"]["response_message_ephemeral"] is True
    assert "resource" not in told


async def test_a_deferred_response_loads_until_it_is_edited_and_can_become_components_v2(
    discord_standin: DiscordStandIn,
) -> None:
    asked = await discord_standin.start_interaction()
    await discord_standin.call_rest_ok("POST", callback_path(asked), {"type": 5})
    (loading,) = await discord_standin.list_messages_seen_by("ben")
    assert loading["flags"] & 128
    change = {"flags": COMPONENTS_V2_FLAG, "components": [{"type": 10, "content": "done"}]}
    edited = await discord_standin.call_rest_ok(
        "PATCH", webhook_path(discord_standin, asked, "@original"), change, token=None
    )
    assert edited["flags"] == COMPONENTS_V2_FLAG
    assert edited["edited_timestamp"] is None


async def test_the_first_followup_after_a_deferral_edits_it_and_stays_as_private_as_it_was(
    discord_standin: DiscordStandIn,
) -> None:
    asked = await discord_standin.start_interaction()
    await discord_standin.call_rest_ok("POST", callback_path(asked), {"type": 5})
    (loading,) = await discord_standin.list_messages_seen_by("ben")
    path = webhook_path(discord_standin, asked) + "?wait=true"
    first = await discord_standin.call_rest_ok("POST", path, {"content": "one", "flags": 64}, token=None)
    second = await discord_standin.call_rest_ok("POST", path, {"content": "two", "flags": 64}, token=None)
    assert first["id"] == loading["id"]
    assert not first["flags"] & 64
    assert second["flags"] & 64
    assert second["interaction_metadata"]["original_response_message_id"] == first["id"]
    assert [m["content"] for m in await discord_standin.list_messages_seen_by("ben")] == ["one"]
    assert [m["content"] for m in await discord_standin.list_messages_seen_by("ada")] == ["one", "two"]
    state = await discord_standin.fetch_interaction(asked.id)
    assert [m["id"] for m in state["followups"]] == [second["id"]]


async def test_ephemeral_messages_are_accessible_by_the_token_only(discord_standin: DiscordStandIn) -> None:
    asked = await discord_standin.start_interaction()
    await discord_standin.call_rest_ok(
        "POST", callback_path(asked), {"type": 4, "data": {"content": "psst", "flags": 64}}
    )
    message = await discord_standin.call_rest_ok("GET", webhook_path(discord_standin, asked, "@original"), token=None)
    place = f"/channels/{discord_standin.channel_id}/messages"
    assert await discord_standin.call_rest_ok("GET", place) == []
    await discord_standin.call_rest_rejected(10008, "GET", f"{place}/{message['id']}")
    await discord_standin.call_rest_rejected(10008, "PATCH", f"{place}/{message['id']}", {"content": "x"})
    await discord_standin.call_rest_rejected(10008, "POST", f"{place}/{message['id']}/threads", {"name": "t"})
    await discord_standin.call_rest_ok("DELETE", webhook_path(discord_standin, asked, "@original"), token=None)
    await discord_standin.call_rest_rejected(10008, "GET", webhook_path(discord_standin, asked, "@original"))


async def test_a_token_gives_access_to_messages_of_its_own_interaction_only(discord_standin: DiscordStandIn) -> None:
    asked = await discord_standin.start_interaction()
    other = await discord_standin.post_message(content="not yours")
    await discord_standin.call_rest_ok("POST", callback_path(asked), HELLO)
    await discord_standin.call_rest_rejected(
        10008, "PATCH", webhook_path(discord_standin, asked, other["id"]), {"content": "x"}
    )
    await discord_standin.call_rest_rejected(10015, "GET", f"/webhooks/1/{asked.token}/messages/@original")
    await discord_standin.call_rest_rejected(
        50027, "GET", f"/webhooks/{discord_standin.application_id}/wrong/messages/@original"
    )


async def test_before_the_first_response_the_token_gives_access_to_nothing(discord_standin: DiscordStandIn) -> None:
    asked = await discord_standin.start_interaction()
    await discord_standin.call_rest_rejected(10015, "POST", webhook_path(discord_standin, asked), {"content": "early"})


async def test_an_interaction_response_needs_no_permission_in_the_channel(discord_standin: DiscordStandIn) -> None:
    everything = str((1 << 53) - 1)
    await discord_standin.call_page_api(
        "PUT", f"/control/permissions/{discord_standin.channel_id}", {"deny": everything}
    )
    asked = await discord_standin.start_interaction()
    data = make_form(
        {"type": 4, "data": {"embeds": [{"title": "t"}], "attachments": [{"id": 0}]}}, ("a.png", make_png())
    )
    await discord_standin.call_rest_ok("POST", callback_path(asked), data=data)
    assert (await discord_standin.list_messages_seen_by("ada"))[0]["attachments"][0]["filename"] == "a.png"


async def test_responses_to_a_nitro_user_may_have_larger_files(discord_standin: DiscordStandIn) -> None:
    big = ("big.bin", b"\0" * ((10 << 20) + 1))
    asked = await discord_standin.start_interaction()
    await discord_standin.call_rest_rejected(50045, "POST", callback_path(asked), data=make_form({"type": 4}, big))
    await discord_standin.call_page_api("PATCH", "/control/users/ada", {"nitro": 2})
    asked = await discord_standin.start_interaction()
    await discord_standin.call_rest_ok("POST", callback_path(asked), data=make_form({"type": 4}, big))


def make_label(**field: Any) -> dict[str, Any]:
    return {"components": [{"type": 18, "label": "l", "component": {"custom_id": "f", **field}}]}


OPTION = {"label": "l", "value": "v"}
FAULTY_MODALS: list[tuple[dict[str, Any], tuple[str, str]]] = [
    ({"title": "t" * 46}, ("data.title", "BASE_TYPE_BAD_LENGTH")),
    ({"custom_id": ""}, ("data.custom_id", "BASE_TYPE_REQUIRED")),
    ({"components": []}, ("data.components", "BASE_TYPE_BAD_LENGTH")),
    ({"components": [{"type": 10, "content": "t"}] * 6}, ("data.components", "BASE_TYPE_BAD_LENGTH")),
    ({"components": [{"type": 17, "components": []}]}, ("data.components.0.type", "BASE_TYPE_CHOICES")),
    (
        {"components": [{"type": 18, "label": "l" * 46, "component": {"type": 23, "custom_id": "c"}}]},
        ("data.components.0.label", "BASE_TYPE_BAD_LENGTH"),
    ),
    ({"components": [{"type": 18, "label": "l"}]}, ("data.components.0.component", "BASE_TYPE_REQUIRED")),
    (
        {"components": [{"type": 18, "label": "l", "component": {"type": 19, "custom_id": "f", "max_values": 11}}]},
        ("data.components.0.component.max_values", "NUMBER_TYPE_MAX"),
    ),
    (
        {"components": [{"type": 18, "label": "l", "component": {"type": 21, "custom_id": "r", "options": [{}]}}]},
        ("data.components.0.component.options", "BASE_TYPE_BAD_LENGTH"),
    ),
    (
        make_label(type=21, options=[OPTION, OPTION]),
        ("data.components.0.component.options.1.value", "SELECT_COMPONENT_OPTION_VALUE_DUPLICATED"),
    ),
    (
        make_label(type=22, options=[{**OPTION, "description": "d" * 101}]),
        ("data.components.0.component.options.0.description", "BASE_TYPE_MAX_LENGTH"),
    ),
    (
        make_label(type=22, options=[OPTION], max_values=2),
        ("data.components.0.component.max_values", "NUMBER_TYPE_MAX"),
    ),
    (
        make_label(type=19, min_values=0),
        ("data.components.0.component.min_values", "NUMBER_TYPE_MIN"),
    ),
    (
        make_label(type=3, options=[OPTION], disabled=True),
        ("data.components.0.component.disabled", "COMPONENT_DISABLED_IN_MODAL"),
    ),
    (
        {"components": MODAL["components"] * 2},
        ("data.components.1.component.custom_id", "COMPONENT_CUSTOM_ID_DUPLICATED"),
    ),
]


@pytest.mark.parametrize(("change", "expected"), FAULTY_MODALS, ids=[" ".join(fault) for _, fault in FAULTY_MODALS])
async def test_an_invalid_modal_is_rejected(
    discord_standin: DiscordStandIn, change: dict[str, Any], expected: tuple[str, str]
) -> None:
    asked = await discord_standin.start_interaction()
    body = await discord_standin.call_rest_rejected(
        50035, "POST", callback_path(asked), {"type": 9, "data": {**MODAL, **change}}
    )
    assert list_error_codes(body) == [expected]


async def test_a_modal_is_shown_submitted_and_cannot_open_another(discord_standin: DiscordStandIn) -> None:
    queue = discord_standin.state.events.subscribe_page(discord_standin.state.find_user("ada").id)
    asked = await discord_standin.start_interaction()
    await discord_standin.call_rest_ok("POST", callback_path(asked), {"type": 9, "data": MODAL})
    shown = [e for e in drain_events(queue) if e["t"] == "INTERACTION_MODAL"]
    assert shown[0]["d"]["interaction_id"] == asked.id
    assert shown[0]["d"]["modal"]["components"][0]["component"]["custom_id"] == "w"
    sent = discord_standin.state.interactions[await discord_standin.submit_modal(asked.id, w="words")]
    assert sent.data["components"][0]["component"]["value"] == "words"
    await discord_standin.call_rest_rejected(50035, "POST", callback_path(sent), {"type": 9, "data": MODAL})
    await discord_standin.call_rest_ok("POST", callback_path(sent), HELLO)


async def test_a_button_updates_its_message_at_once_or_after_a_deferral(discord_standin: DiscordStandIn) -> None:
    button = {"type": 2, "style": 1, "label": "Go", "custom_id": "go"}
    message = await discord_standin.post_message(content="one", components=[{"type": 1, "components": [button]}])
    pressed = discord_standin.state.interactions[await discord_standin.press_button(message["id"], "go")]
    told = await discord_standin.call_rest_ok(
        "POST", callback_path(pressed) + "?with_response=true", {"type": 7, "data": {"content": "two"}}
    )
    assert told["resource"]["message"]["id"] == message["id"]
    pressed = discord_standin.state.interactions[await discord_standin.press_button(message["id"], "go")]
    told = await discord_standin.call_rest_ok("POST", callback_path(pressed) + "?with_response=true", {"type": 6})
    assert "resource" not in told
    edited = await discord_standin.call_rest_ok(
        "PATCH", webhook_path(discord_standin, pressed, "@original"), {"content": "three"}, token=None
    )
    assert (edited["id"], edited["content"]) == (message["id"], "three")


async def test_too_many_choices_are_refused(discord_standin: DiscordStandIn) -> None:
    option = {"type": 3, "name": "word", "description": "w", "autocomplete": True}
    command = await discord_standin.register_command(options=[option])
    data = {"id": command["id"], "options": [{"name": "word", "type": 3, "value": "a", "focused": True}]}
    asked = {"type": 4, "channel_id": discord_standin.channel_id, "data": data}
    typing = asyncio.create_task(discord_standin.call_page_api("POST", "/client/interactions?user=ada", asked))
    while not discord_standin.state.interactions:  # noqa: ASYNC110 - the request is on its way
        await asyncio.sleep(0.01)
    (interaction,) = discord_standin.state.interactions.values()
    choices = [{"name": f"{n}", "value": f"{n}"} for n in range(26)]
    answer: dict[str, Any] = {"type": 8, "data": {"choices": choices}}
    body = await discord_standin.call_rest_rejected(50035, "POST", callback_path(interaction), answer)
    assert list_error_codes(body) == [("data.choices", "BASE_TYPE_MAX_LENGTH")]
    answer["data"]["choices"] = choices[:25]
    await discord_standin.call_rest_ok("POST", callback_path(interaction), answer)
    assert (await typing)["choices"] == choices[:25]
    await discord_standin.call_rest_rejected(10008, "GET", webhook_path(discord_standin, interaction, "@original"))
