"""Several pictures at once end to end: one message, one sheet, and each picture one press away."""

from collections.abc import Callable
from typing import Any

from bot.domain.guild_settings import GuildSettings
from tests.support.exploration import list_results, start_exploration, wait_for_exploration_end
from tests.support.guild_settings import save_guild_settings
from tests.support.message_text import read_text
from tests.support.suspended_worker import suspend_worker
from tests.support.user import LOADING_FLAG, DiscordUser, list_components, list_custom_ids, list_media, wait_until

CallLister = Callable[[], list[dict[str, Any]]]


def find_preview(user: DiscordUser, job: str) -> dict[str, Any] | None:
    """Find the preview of a job in the channel, which no longer is a line of text."""
    posted = user.list_messages(user.stack.channel_id)
    return next((one for one in posted if f":{job}" in str(list_custom_ids(one)) and list_media(one)), None)


def list_enabled_labels(message: dict[str, Any]) -> list[str]:
    return [component["label"] for component in list_components(message) if not component.get("disabled")]


def test_count_fills_one_sheet_in_the_response_and_one_press_upscales_the_second(
    ada: DiscordUser, list_calls: CallLister
) -> None:
    used = ada.submit_imagine("a castle in fog", image=None, count=4, seed=7)

    sheet = wait_for_exploration_end(ada, used)
    for _ in range(3):
        ada.press_button(sheet, "upscale_at_once", "-02")
    upscaled = wait_until(lambda: find_preview(ada, f"{used}-02-r1"), "the upscaled picture")

    assert sheet["id"] == ada.wait_for_status(used)["id"], "the response itself is the sheet"
    *calls, last = list_calls()
    seeds = [call["body"]["seed"] for call in calls]
    assert (len(set(seeds)), seeds.count(7)) == (4, 1)
    assert {call["body"]["prompt"] for call in calls} == {"a castle in fog"}
    assert "fast-upscale" in last["model"]
    assert list_enabled_labels(sheet)[:12] == [f"{letter}{n}" for letter in ("", "U", "V") for n in (1, 2, 3, 4)]
    assert "a castle in fog" in read_text(sheet)
    assert len(list_media(sheet)) == 1
    assert len(list_results(ada, sheet)) == 4
    assert list_media(upscaled)


def test_all_are_made_again_in_a_new_sheet_with_other_seeds(ada: DiscordUser, list_calls: CallLister) -> None:
    sheet = wait_for_exploration_end(ada, ada.submit_imagine("a castle", count=2))

    again = wait_for_exploration_end(ada, ada.press_button(sheet, "regenerate_all"))

    assert again["id"] != sheet["id"]
    calls = list_calls()
    assert len({call["body"]["seed"] for call in calls}) == len(calls) == 4
    assert all(call["body"]["image"] for call in calls)


def test_a_count_that_is_preferred_holds_until_another_is_given(ada: DiscordUser, list_calls: CallLister) -> None:
    preferences = ada.invoke_and_wait("preferences")
    changed = ada.use_component(preferences, "preference_select:count", "2")
    wait_until(lambda: "'value': '2', 'default': True" in str(ada.wait_for_status(changed)), "the choice")
    try:
        wait_for_exploration_end(ada, ada.submit_imagine("a castle", image=None))
        ada.wait_for_result(ada.submit_imagine("a tower", image=None, count=1))
    finally:
        ada.use_component(preferences, "preference_select:count", "-")

    assert [call["body"]["prompt"] for call in list_calls()] == ["a castle", "a castle", "a tower"]


def test_a_server_that_asks_for_the_price_starts_nothing_before_it_is_confirmed(
    ada: DiscordUser, list_calls: CallLister
) -> None:
    guild_id = int(ada.get("/control/state")["guilds"][0]["id"])
    save_guild_settings(ada.stack, guild_id, GuildSettings(asks_price=True))
    try:
        question = ada.wait_for_private_message(ada.submit_imagine("a castle", image=None, count=2))
        before = list_calls()
        pressed = [start_exploration(ada, question) for _ in range(2)]
        sheet = wait_for_exploration_end(ada, pressed[0])
    finally:
        save_guild_settings(ada.stack, guild_id, GuildSettings())

    assert "$0.16" in read_text(question)
    assert before == []
    assert len(list_calls()) == len(list_results(ada, sheet)) == 2


def test_requests_over_a_limit_are_explained_to_their_requester_alone(ada: DiscordUser, list_calls: CallLister) -> None:
    ben = DiscordUser(ada.stack, "ben")

    def submit(count: int) -> str:
        used = ben.submit_imagine("a castle [slow:2]", image=None, count=count)
        wait_until(lambda: not ben.wait_for_status(used)["flags"] & LOADING_FLAG, "the response")
        return used

    with suspend_worker(ada.stack):
        accepted = [submit(count) for count in (4, 4, 4, 4, 3)]
        partly, refused = submit(4), submit(4)
        reasons = [ben.wait_for_followup_text(used) for used in (partly, refused)]
    wait_until(list_calls, "a call in flight")

    for used in (*accepted, partly):
        ben.press_button(ben.wait_for_status(used), "exploration_cancel")
    sheets = [wait_for_exploration_end(ben, used) for used in (*accepted, partly)]

    assert "3 of 4 were not started" in reasons[0]
    assert all("20 requests" in reason for reason in reasons)
    assert "3 not started" in read_text(sheets[-1])
    assert not any("20 requests" in read_text(one) for one in ada.list_messages(ben.stack.channel_id))
    assert ben.get(f"/control/interactions/{refused}")["message"].get("deleted")
    assert len(list_calls()) < 20, "only pictures that had started were generated"
