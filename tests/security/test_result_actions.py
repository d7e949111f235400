"""Forged buttons on the whole stack: they are rejected, generate nothing and delete nothing.

Discord accepts only custom ids that the message contains, so each test posts a message with the forged id.
"""

import itertools
import json
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest

from demo.first_picture import wait_until_ready
from demo.http_client import request_json
from demo.stack import BOT_TOKEN, Stack, run_stack
from tests.support.user import DiscordUser, list_custom_ids, list_media, wait_until

UNKNOWN_ID = "99999999999999999999"  # more than 64 bits
DESTRUCTIVE_ACTIONS = ("delete", "delete_confirm", "cancel", "queue_cancel")
ACTIONS = (
    "regenerate",
    "regenerate_same_seed",
    "edit",
    "use_as_source",
    "upscale",
    "details",
    "favourite",
    *DESTRUCTIVE_ACTIONS,
)
MANAGE_GUILD, VIEW_CHANNEL, MANAGE_MESSAGES = 1 << 5, 1 << 10, 1 << 13


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with run_stack(
        tmp_path_factory.mktemp("forged"), discord_options=("--no-rate-limits",), bedrock_options=("--latency", "0.1")
    ) as opened:
        wait_until_ready(opened)
        yield opened
        assert "the command failed" not in opened.processes["bot"].log.read_text()


@pytest.fixture
def ada(stack: Stack) -> DiscordUser:
    return DiscordUser(stack)


@pytest.fixture
def ben(stack: Stack) -> DiscordUser:
    return DiscordUser(stack, "ben")


def call_api_as_bot(stack: Stack, method: str, path: str, body: dict[str, Any]) -> dict[str, Any]:
    """Call Discord's API with the bot's token."""
    request = urllib.request.Request(  # noqa: S310 - loopback
        f"{stack.discord_url}/api/v10{path}",
        json.dumps(body).encode(),
        {"Content-Type": "application/json", "Authorization": f"Bot {BOT_TOKEN}", "User-Agent": "DiscordBot (x, 1)"},
        method=method,
    )
    with urllib.request.urlopen(request) as answer:  # noqa: S310 - loopback
        returned: dict[str, Any] = json.loads(answer.read())
    return returned


def post_button(stack: Stack, channel: str, custom_id: str) -> dict[str, Any]:
    """Post a message as the bot with a button of this custom id."""
    button = {"type": 2, "style": 2, "label": "x", "custom_id": custom_id}
    message = {"content": "x", "components": [{"type": 1, "components": [button]}]}
    return call_api_as_bot(stack, "POST", f"/channels/{channel}/messages", message)


def press_forged_button(user: DiscordUser, channel: str, custom_id: str) -> str:
    """Press a forged button and return the private response."""
    message = post_button(user.stack, channel, custom_id)
    press = {"user": user.name, "message_id": message["id"], "custom_id": custom_id}
    return user.wait_for_private_text(user.post("/control/press", press)["interaction_id"])


def list_calls(stack: Stack) -> int:
    return len(request_json("GET", f"{stack.bedrock_url}/control/calls"))


def create_moderator(stack: Stack, name: str, permissions: int) -> DiscordUser:
    request_json("POST", f"{stack.discord_url}/control/users", {"name": name})
    role_settings = {"name": name, "permissions": str(permissions)}
    role = request_json("POST", f"{stack.discord_url}/control/roles", role_settings)["id"]
    state = request_json("GET", f"{stack.discord_url}/control/state")
    roles = [*(r["id"] for r in state["guilds"][0]["roles"]), role]
    request_json("PUT", f"{stack.discord_url}/control/members/{name}", {"roles": roles})
    return DiscordUser(stack, name)


def test_only_the_author_and_moderators_can_delete_or_cancel(stack: Stack, ada: DiscordUser, ben: DiscordUser) -> None:
    answer = ada.wait_for_result(ada.submit_imagine("a castle", image=None))
    job = list_custom_ids(answer)[0].split(":")[1]
    channel = answer["channel_id"]

    refusals = [press_forged_button(ben, channel, f"{action}:{job}") for action in DESTRUCTIVE_ACTIONS]

    assert all("Only the person who asked for this or a moderator" in text for text in refusals)
    assert answer["id"] in [message["id"] for message in ada.list_messages(channel)]
    mia = create_moderator(stack, "mia", MANAGE_MESSAGES)
    mia.press_button(mia.wait_for_private_message(mia.press_button(answer, "delete")), "delete_confirm")
    wait_until(
        lambda: answer["id"] not in [m["id"] for m in ada.list_messages(channel)], "an answer that a moderator deleted"
    )


def test_an_id_of_no_job_is_rejected(stack: Stack, ada: DiscordUser) -> None:
    before = list_calls(stack)

    for action, job in itertools.product(ACTIONS, (UNKNOWN_ID, "0", "1-99")):
        assert "I don't know how this picture was made" in press_forged_button(
            ada, stack.channel_id, f"{action}:{job}"
        ), action
    assert "changed" in press_forged_button(ada, stack.channel_id, f"nonsense:{UNKNOWN_ID}")
    assert list_calls(stack) == before


def test_values_that_no_button_carries_are_rejected(stack: Stack, ada: DiscordUser) -> None:
    answer = ada.wait_for_result(ada.submit_imagine("a castle", image=None))
    job = list_custom_ids(answer)[0].split(":")[1]
    before = list_calls(stack)

    assert "changed" in press_forged_button(ada, stack.channel_id, f"vary:{job}:nonsense")
    assert "There's no model called “nonsense”" in press_forged_button(
        ada, stack.channel_id, f"regenerate_with:{job}:nonsense"
    )
    assert "needs a picture to start from." in press_forged_button(
        ada, stack.channel_id, f"regenerate_with:{job}:fast-upscale"
    )
    assert "can't be upscaled" in press_forged_button(ada, stack.channel_id, f"upscale_with:{job}:sdxl")
    assert list_calls(stack) == before


def test_a_job_of_another_server_is_unknown(stack: Stack, ada: DiscordUser) -> None:
    elsewhere = request_json("POST", f"{stack.discord_url}/control/guilds", {"name": "Elsewhere"})
    answer = ada.wait_for_result(
        ada.submit_imagine("a secret castle", image=None, channel=elsewhere["channels"][0]["id"])
    )
    job = list_custom_ids(answer)[0].split(":")[1]

    for action in ACTIONS:
        text = press_forged_button(ada, stack.channel_id, f"{action}:{job}")
        assert "I don't know how this picture was made" in text
        assert "secret" not in text


def open_forged_form(user: DiscordUser, channel: str, custom_id: str) -> str:
    """Press a forged button that opens a form, and return the interaction that opened it."""
    message = post_button(user.stack, channel, custom_id)
    opened = user.post("/control/press", {"user": user.name, "message_id": message["id"], "custom_id": custom_id})
    user.read_modal_fields(opened["interaction_id"])
    return str(opened["interaction_id"])


def test_a_job_of_a_channel_that_the_user_cannot_read_is_unknown(
    stack: Stack, ada: DiscordUser, ben: DiscordUser
) -> None:
    hidden = request_json("POST", f"{stack.discord_url}/control/channels", {"name": "hidden"})["id"]
    answer = ada.wait_for_result(ada.submit_imagine("a secret castle", image=None, channel=hidden))
    job = list_custom_ids(answer)[0].split(":")[1]
    forms = [open_forged_form(ben, stack.channel_id, f"{action}:{job}") for action in ("edit", "use_as_source")]
    denied = {"user": "ben", "deny": str(VIEW_CHANNEL)}
    request_json("PUT", f"{stack.discord_url}/control/permissions/{hidden}", denied)
    before = list_calls(stack)

    forged = [f"vary:{job}:subtle", f"upscale_with:{job}:fast-upscale", f"regenerate_with:{job}:sdxl"]
    for custom_id in (*forged, *(f"{action}:{job}" for action in ACTIONS)):
        text = press_forged_button(ben, stack.channel_id, custom_id)
        assert "I don't know how this picture was made" in text, custom_id
        assert "secret" not in text
    for opened in forms:
        submitted = {"user": "ben", "interaction_id_of_modal": opened, "values": {"prompt": "a stolen castle"}}
        text = ben.wait_for_private_text(ben.post("/control/submit", submitted)["interaction_id"])
        assert "I don't know how this picture was made" in text
    assert list_calls(stack) == before
    assert "a secret castle" in press_forged_button(ada, stack.channel_id, f"details:{job}")


def test_a_result_that_its_author_shows_elsewhere_has_buttons_there_without_a_leak_of_its_source(
    stack: Stack, ada: DiscordUser, ben: DiscordUser
) -> None:
    hidden = request_json("POST", f"{stack.discord_url}/control/channels", {"name": "closed"})["id"]
    answer = ada.wait_for_result(ada.submit_imagine("a shared castle", channel=hidden))
    job = list_custom_ids(answer)[0].split(":")[1]
    ada.wait_until_stored(job)
    seen_before = ben.wait_for_private_message(ben.invoke_command("show", stack.channel_id, {}, result=job))
    denied = {"user": "ben", "deny": str(VIEW_CHANNEL)}
    request_json("PUT", f"{stack.discord_url}/control/permissions/{hidden}", denied)
    shown = ada.invoke_command("show", stack.channel_id, {}, result=job, public=True)
    copy = wait_until(lambda: message if list_media(message := ada.wait_for_status(shown)) else None, "a public copy")
    before = list_calls(stack)

    details = ben.wait_for_private_text(ben.press_button(copy, "details"))
    again = ben.wait_for_private_text(ben.press_button(copy, "regenerate"))
    stale = ben.wait_for_private_text(ben.press_button(seen_before, "details"))

    assert "a shared castle" in details
    assert "belongs to a channel you can't read" in again
    assert "I don't know how this picture was made" in stale
    assert list_calls(stack) == before
    ben.wait_for_result(ben.press_button(copy, "vary", "subtle"))
    assert list_calls(stack) == before + 1


def test_a_moderator_of_another_channel_cannot_delete_a_result(stack: Stack, ada: DiscordUser) -> None:
    answer = ada.wait_for_result(ada.submit_imagine("a castle", image=None))
    job = list_custom_ids(answer)[0].split(":")[1]
    request_json("POST", f"{stack.discord_url}/control/users", {"name": "moe"})
    moderated = request_json("POST", f"{stack.discord_url}/control/channels", {"name": "moderated"})["id"]
    allowed = {"user": "moe", "allow": str(MANAGE_MESSAGES)}
    request_json("PUT", f"{stack.discord_url}/control/permissions/{moderated}", allowed)
    moe = DiscordUser(stack, "moe")

    refusals = [press_forged_button(moe, moderated, f"{action}:{job}") for action in DESTRUCTIVE_ACTIONS]

    assert all("Only the person who asked for this or a moderator" in text for text in refusals)


def test_the_server_decides_who_may_use_the_buttons(stack: Stack, ada: DiscordUser, ben: DiscordUser) -> None:
    answer = ada.wait_for_result(ada.submit_imagine("a castle", image=None))
    manager = create_moderator(stack, "max", MANAGE_GUILD)
    ask = {"user": manager.name, "channel_id": stack.channel_id, "name": "settings"}

    answers = [
        manager.wait_for_private_text(manager.post("/control/invoke", ask | {"options": options})["interaction_id"])
        for options in ({}, {"buttons": "author"}, {})
    ]
    rejected = [
        ben.wait_for_private_text(ben.press_button(answer, action))
        for action in ("regenerate", "edit", "use_as_source", "upscale")
    ]
    details = ben.wait_for_private_text(ben.press_button(answer, "details"))
    manager.wait_for_private_text(
        manager.post("/control/invoke", ask | {"options": {"buttons": "everyone"}})["interaction_id"]
    )
    ben.wait_for_result_in_place(ben.press_button(answer, "regenerate"))

    assert ["everyone" in text for text in answers] == [True, False, False]
    assert all("only they can continue from it" in text for text in rejected)
    assert "a castle" in details
    with pytest.raises(Exception, match="permission"):
        ben.post("/control/invoke", ask | {"user": "ben", "options": {"buttons": "author"}})


def test_settings_that_an_administrator_shows_to_everyone_are_refused_all_the_same(
    stack: Stack, ben: DiscordUser
) -> None:
    commands = request_json("GET", f"{stack.discord_url}/control/state")["commands"]
    settings = next(command for command in commands if command["name"] == "settings")
    path = f"/applications/{settings['application_id']}/commands/{settings['id']}"
    call_api_as_bot(stack, "PATCH", path, {"default_member_permissions": None})

    refused = ben.wait_for_private_text(ben.invoke_command("settings", stack.channel_id, buttons="author"))
    call_api_as_bot(stack, "PATCH", path, {"default_member_permissions": str(MANAGE_GUILD)})

    assert refused.startswith("Only people who can manage this server can see or change its settings.")
