"""Presses of people who mean harm, in the real house: refused in words, nothing asked, nothing taken away.

A custom id is what a client sends. discord.py answers only to those that stand in the message, so the message itself is
made to bear what somebody would forge.
"""

import itertools
import json
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest

from demo.first_picture import wait_until_ready
from demo.house import TOKEN, House, open_house
from demo.web import call
from tests.e2e.asker import Asker, custom_ids, until

FAR = "99999999999999999999"  # more than 64 bits
ENDS = ("delete", "delete_yes", "cancel", "queue_cancel")
VERBS = ("again", "exact", "edit", "source", "upscale", "details", "favourite", *ENDS)
MANAGE_GUILD, MANAGE_MESSAGES = 1 << 5, 1 << 13


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with open_house(
        tmp_path_factory.mktemp("presses"), discord_options=("--no-rate-limits",), bedrock_options=("--latency", "0.1")
    ) as opened:
        wait_until_ready(opened)
        yield opened
        assert "the command failed" not in opened.processes["bot"].log.read_text()


@pytest.fixture
def ada(house: House) -> Asker:
    return Asker(house)


@pytest.fixture
def ben(house: House) -> Asker:
    return Asker(house, "ben")


def bearing(house: House, channel: str, written: str) -> dict[str, Any]:
    """Post a message of the bot's with a button of this custom id."""
    button = {"type": 2, "style": 2, "label": "x", "custom_id": written}
    request = urllib.request.Request(  # noqa: S310 - loopback
        f"{house.discord_url}/api/v10/channels/{channel}/messages",
        json.dumps({"content": "x", "components": [{"type": 1, "components": [button]}]}).encode(),
        {"Content-Type": "application/json", "Authorization": f"Bot {TOKEN}", "User-Agent": "DiscordBot (x, 1)"},
    )
    with urllib.request.urlopen(request) as answer:  # noqa: S310 - loopback
        posted: dict[str, Any] = json.loads(answer.read())
    return posted


def told(asker: Asker, channel: str, written: str) -> str:
    """Press what is forged, and give the words that come of it."""
    message = bearing(asker.house, channel, written)
    asked = {"user": asker.user, "message_id": message["id"], "custom_id": written}
    return asker.private_words(asker.post("/control/press", asked)["interaction_id"])


def calls(house: House) -> int:
    return len(call("GET", f"{house.bedrock_url}/control/calls"))


def moderator(house: House, name: str, permissions: int) -> Asker:
    call("POST", f"{house.discord_url}/control/users", {"name": name})
    asked = {"name": name, "permissions": str(permissions)}
    role = call("POST", f"{house.discord_url}/control/roles", asked)["id"]
    state = call("GET", f"{house.discord_url}/control/state")
    roles = [*(r["id"] for r in state["guilds"][0]["roles"]), role]
    call("PUT", f"{house.discord_url}/control/members/{name}", {"roles": roles})
    return Asker(house, name)


def test_only_the_author_and_moderators_take_an_answer_away(house: House, ada: Asker, ben: Asker) -> None:
    answer = ada.answer(ada.ask("a castle", image=None))
    job = custom_ids(answer)[0].split(":")[1]
    channel = answer["channel_id"]

    refusals = [told(ben, channel, f"{verb}:{job}") for verb in ENDS]

    assert all("Only its author and the server's moderators" in words for words in refusals)
    assert answer["id"] in [message["id"] for message in ada.messages(channel)]
    mia = moderator(house, "mia", MANAGE_MESSAGES)
    mia.press(mia.private(mia.press(answer, "delete")), "delete_yes")
    until(lambda: answer["id"] not in [m["id"] for m in ada.messages(channel)], "an answer that a moderator deleted")


def test_what_names_no_job_is_refused_in_words(house: House, ada: Asker) -> None:
    before = calls(house)

    for verb, job in itertools.product(VERBS, (FAR, "0", "1-99")):
        assert "There is nothing to go on from." in told(ada, house.channel, f"{verb}:{job}"), verb
    assert "changed" in told(ada, house.channel, f"nonsense:{FAR}")
    assert calls(house) == before


def test_what_a_button_never_says_is_refused_in_words(house: House, ada: Asker) -> None:
    answer = ada.answer(ada.ask("a castle", image=None))
    job = custom_ids(answer)[0].split(":")[1]
    before = calls(house)

    assert "changed" in told(ada, house.channel, f"vary:{job}:nonsense")
    assert "There is no model called “nonsense”" in told(ada, house.channel, f"again:{job}:nonsense")
    assert "There is no picture." in told(ada, house.channel, f"again:{job}:fast-upscale")
    assert "cannot be made larger" in told(ada, house.channel, f"upscale:{job}:sdxl")
    assert calls(house) == before


def test_a_job_of_another_server_is_unknown_here(house: House, ada: Asker) -> None:
    elsewhere = call("POST", f"{house.discord_url}/control/guilds", {"name": "Elsewhere"})
    answer = ada.answer(ada.ask("a secret castle", image=None, channel=elsewhere["channels"][0]["id"]))
    job = custom_ids(answer)[0].split(":")[1]

    for verb in VERBS:
        words = told(ada, house.channel, f"{verb}:{job}")
        assert "There is nothing to go on from." in words
        assert "secret" not in words


def test_who_may_press_is_the_servers_to_say(house: House, ada: Asker, ben: Asker) -> None:
    answer = ada.answer(ada.ask("a castle", image=None))
    manager = moderator(house, "max", MANAGE_GUILD)
    ask = {"user": manager.user, "channel_id": house.channel, "name": "settings"}

    said = [
        manager.private_words(manager.post("/control/invoke", ask | {"options": options})["interaction_id"])
        for options in ({}, {"buttons": "author"}, {})
    ]
    refused = [ben.private_words(ben.press(answer, verb)) for verb in ("again", "edit", "source", "upscale")]
    details = ben.private_words(ben.press(answer, "details"))
    manager.private_words(manager.post("/control/invoke", ask | {"options": {"buttons": "everyone"}})["interaction_id"])
    ben.answer_here(ben.press(answer, "again"))

    assert ["everyone" in words for words in said] == [True, False, False]
    assert all("only its author goes on from it" in words for words in refused)
    assert "a castle" in details
    with pytest.raises(Exception, match="permission"):
        ben.post("/control/invoke", ask | {"user": "ben", "options": {"buttons": "author"}})
