"""The gallery end to end: results are shared or liked into it, counted, listed by /top, and gone when deleted."""

from collections.abc import Iterator
from typing import Any

import pytest

from demo.stack import Stack
from tests.support.bot_processes import wait_until_delivered
from tests.support.contest_play import enter, find_entering, start_contest
from tests.support.message_text import read_text
from tests.support.server import find_user_id
from tests.support.user import DiscordUser, add_user, list_components, list_custom_ids, list_media, wait_until


def choose(owner: DiscordUser, panel: dict[str, Any], field: str, *values: str) -> None:
    """Choose in `/gallery setup`, and wait until that is shown."""
    owner.use_component(panel, f"gallery_setting:{field}", *values)

    def list_chosen() -> list[str]:
        shown = list_components(owner.reload_private_message(panel))
        select = next(one for one in shown if one["custom_id"] == f"gallery_setting:{field}")
        options = [one["value"] for one in select.get("options", ()) if one.get("default")]
        return options or [one["id"] for one in select.get("default_values", ())]

    wait_until(lambda: list_chosen() == list(values), f"{field}: {values}")


@pytest.fixture
def gallery(owner: DiscordUser) -> Iterator[str]:
    """A channel that the owner has made the gallery, which two favourites open, until the end of the test."""
    channel = owner.post("/control/channels", {"name": "gallery"})["id"]
    panel = owner.invoke_and_wait("gallery setup")
    choose(owner, panel, "channel", channel)
    choose(owner, panel, "min_favourites", "2")
    yield channel
    choose(owner, panel, "channel")


def wait_for_post(user: DiscordUser, channel: str, job: str) -> dict[str, Any]:
    return wait_until(
        lambda: next((m for m in user.list_messages(channel) if f"favourite:{job}" in list_custom_ids(m)), None),
        f"the post of job {job}",
    )


def test_a_shared_result_names_the_chain_counts_favourites_and_goes_with_its_result(
    stack: Stack, ada: DiscordUser, gallery: str
) -> None:
    ben, ben_id = add_user(stack, "ben")
    first = ada.submit_imagine("a castle")
    result = ada.wait_for_result(first)
    varied = ben.press_button(result, "vary", "subtle")
    bens_result = ben.wait_for_result_in_place(varied)
    wait_until_delivered(stack, varied)

    answer = ben.wait_for_private_text(ben.press_button(bens_result, "gallery_share"))
    post = wait_for_post(ben, gallery, varied)
    again = ben.wait_for_private_message(ben.press_button(bens_result, "more"))
    ada.press_button(post, "favourite")

    ada_id = find_user_id(ada)
    assert f"<#{gallery}>" in answer
    assert f"By <@{ben_id}> · from <@{ada_id}>’s picture" in read_text(post)
    assert "shared by its author" in read_text(post)
    assert f"/{bens_result['channel_id']}/{bens_result['id']}" in read_text(post)
    assert list_media(post)[0]["description"].startswith("Picture edited by AI with the prompt “a castle”")
    assert f"gallery_take_out:{varied}" in list_custom_ids(again)
    wait_until(lambda: "1 favourite · " in read_text(wait_for_post(ben, gallery, varied)), "the count")
    top = ada.invoke_and_wait("top")
    assert f"<@{ben_id}> · 1 favourite" in read_text(top)
    assert list_media(top)[0]["description"].startswith("A contact sheet: 1. ")

    confirmation = ben.wait_for_private_message(ben.press_button(bens_result, "delete"))
    ben.press_button(confirmation, "delete_confirm")
    wait_until(lambda: ben.list_messages(gallery) == [], "an empty gallery")
    wait_until(lambda: f"<@{ben_id}>" not in read_text(ada.invoke_and_wait("top")), "a list without it")


def test_enough_favourites_put_a_result_in_and_a_moderator_takes_it_out(
    stack: Stack, ada: DiscordUser, owner: DiscordUser, gallery: str
) -> None:
    job = ada.submit_imagine("a lake")
    result = ada.wait_for_result(job)
    wait_until_delivered(stack, job)
    for name in ("cleo", "dora"):
        member, _ = add_user(stack, name)
        assert f"gallery_share:{job}" not in list_custom_ids(
            member.wait_for_private_message(member.press_button(result, "more"))
        )
        member.press_button(result, "favourite")

    post = wait_for_post(ada, gallery, job)
    answer = owner.wait_for_private_text(owner.invoke_command("gallery remove", stack.channel_id, result=job))
    wait_until(lambda: ada.list_messages(gallery) == [], "an empty gallery")
    refusal = ada.wait_for_private_text(ada.use_forged_component(result, f"gallery_share:{job}"))

    assert "chosen by favourites" in read_text(post)
    assert answer == "It's taken out of the gallery."
    assert refusal.startswith("Somebody took this picture out of the gallery")
    log = owner.wait_for_private_text(owner.invoke_command("audit", stack.channel_id))
    assert "out of the gallery" in log
    assert r"gallery\_channel\: #gallery" in log


def test_forged_buttons_put_nothing_in_and_change_no_setting(
    stack: Stack, ada: DiscordUser, owner: DiscordUser, gallery: str
) -> None:
    ben, ben_id = add_user(stack, "ben")
    hidden = owner.post("/control/channels", {"name": "hidden"})["id"]
    jobs = [ada.submit_imagine("a secret", image=None, channel=channel) for channel in (stack.channel_id, hidden)]
    shown, _ = [ada.wait_for_result(job) for job in jobs]
    owner.put(f"/control/permissions/{hidden}", {"user": ben_id, "deny": str(1 << 10)})
    direct = ada.post("/control/dms", {"user": "ada"})["id"]
    private = ada.submit_imagine("for me", image=None, channel=direct)
    ada.wait_for_result_in_place(private)
    for job in (*jobs, private):
        wait_until_delivered(stack, job)

    def press(user: DiscordUser, custom_id: str, **values: Any) -> str:
        pressed = {"user": user.name, "message_id": shown["id"], "custom_id": custom_id, "forged": True} | values
        return user.wait_for_private_text(user.post("/control/press", pressed)["interaction_id"])

    refused = [press(ben, f"{action}:{jobs[0]}") for action in ("gallery_share", "gallery_take_out")]
    unknown = [press(ben, f"gallery_share:{job}") for job in (jobs[1], "99999999999999999999", private)]
    of_own_direct_messages = press(ada, f"gallery_share:{private}")
    setting = press(ben, "gallery_setting:channel", values=[hidden])
    no_channel = press(owner, "gallery_setting:channel", values=["17"])

    assert all(text.startswith("Only its author and the moderators") for text in refused)
    assert all(text.startswith("I couldn't find that picture here") for text in unknown)
    assert of_own_direct_messages.startswith("This picture was sent as a direct message")
    assert "manage" in setting.lower()
    assert "changed" in no_channel
    assert ada.list_messages(gallery) == []
    assert f"<#{gallery}>" in read_text(owner.invoke_and_wait("gallery setup"))


def test_the_winner_of_a_round_enters_by_itself_once_the_round_is_over(
    stack: Stack, ada: DiscordUser, gallery: str
) -> None:
    ben, ben_id = add_user(stack, "ben")
    thread = start_contest(ada, "castles")
    job = enter(ben, find_entering(ada, thread), "a castle of glass")
    before = ada.list_messages(gallery)

    ada.wait_for_private_text(ada.invoke_command("round close", thread))
    post = wait_for_post(ada, gallery, job)

    assert before == []
    assert f"By <@{ben_id}>" in read_text(post)
    assert "winner of a round" in read_text(post)
    assert list_media(post)
    people = ada.wait_for_private_message(ada.invoke_command("top", stack.channel_id, what="people"))
    assert f"<@{ben_id}> · 1 round won" in read_text(people)


def test_a_message_that_a_moderator_deletes_in_discord_stays_deleted(ada: DiscordUser, gallery: str) -> None:
    job = ada.submit_imagine("a lake at night", image=None)
    result = ada.wait_for_result(job)
    wait_until_delivered(ada.stack, job)
    ada.press_button(result, "gallery_share")
    post = wait_for_post(ada, gallery, job)

    ada.delete(f"/control/messages/{post['id']}")
    ada.press_button(result, "favourite")  # whose count cannot be shown any more

    def share_again() -> bool:
        refusal = ada.wait_for_private_text(ada.use_forged_component(result, f"gallery_share:{job}"))
        return refusal.startswith("Somebody took this picture out of the gallery")

    wait_until(share_again, "a result that is no longer in the gallery")
    assert ada.list_messages(gallery) == []


def test_what_keeps_the_bot_from_posting_is_told_to_who_shares_and_to_managers(
    ada: DiscordUser, owner: DiscordUser, gallery: str
) -> None:
    job = ada.submit_imagine("a lake at noon", image=None)
    result = ada.wait_for_result(job)
    wait_until_delivered(ada.stack, job)
    owner.put(f"/control/permissions/{gallery}", {"deny": str(1 << 15)})

    def share() -> str:
        return ada.wait_for_private_text(ada.press_button(result, "gallery_share"))

    wait_until(lambda: "Attach Files" in share(), "a refusal that names the permission")
    panel = read_text(owner.invoke_and_wait("gallery setup"))
    owner.put(f"/control/permissions/{gallery}", {"deny": "0"})
    wait_until(lambda: f"<#{gallery}>" in share(), "a share that is accepted")

    assert "I can't post in the gallery yet. Give me these permissions there: Attach Files." in panel
    assert list_media(wait_for_post(ada, gallery, job))
