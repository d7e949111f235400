"""Moderation end to end: members are blocked, requests cancelled, and the server's queue paused and drained."""

import re
from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest

from demo.stack import Stack
from tests.support.bot_processes import read_job_field, wait_until_queued
from tests.support.message_text import read_text
from tests.support.suspended_worker import suspend_worker
from tests.support.user import DiscordUser, add_user, list_custom_ids, list_media, wait_until


@pytest.fixture
def member(stack: Stack) -> tuple[DiscordUser, str]:
    """A new member, and their id."""
    return add_user(stack, "mallory")


def invoke(user: DiscordUser, command: str, **options: Any) -> str:
    return user.wait_for_private_text(user.invoke_command(command, user.stack.channel_id, **options))


def test_a_blocked_member_can_use_nothing_until_they_are_unblocked(
    owner: DiscordUser, member: tuple[DiscordUser, str]
) -> None:
    user, user_id = member
    result = user.wait_for_result(user.submit_imagine("a castle"))

    blocked = invoke(owner, "moderate block", member=user_id, reason="spam", days=2)
    refusals = [
        user.wait_for_private_text(user.submit_imagine("a lake")),
        user.wait_for_private_text(user.press_button(result, "regenerate")),
        invoke(user, "preferences"),
    ]
    listed = invoke(owner, "moderate blocked")
    unblocked = invoke(owner, "moderate unblock", member=user_id)
    user.wait_for_result(user.submit_imagine("a lake"))

    assert blocked.startswith(f"<@{user_id}> can't use me here until <t:")
    assert all(
        "blocked from using me in this server until <t:" in refusal and "spam" in refusal for refusal in refusals
    )
    assert f"<@{user_id}> until" in listed
    assert unblocked == f"<@{user_id}> can use me again."
    log = invoke(owner, "audit")
    assert f"blocked <@{user_id}> · spam" in log
    assert f"unblocked <@{user_id}>" in log


def has_cancel_button(user: DiscordUser, job: str) -> bool:
    return f"cancel:{job}" in list_custom_ids(user.wait_for_status(job))


def test_a_moderator_cancels_what_a_member_has_waiting(owner: DiscordUser, member: tuple[DiscordUser, str]) -> None:
    user, user_id = member
    running = [user.submit_imagine(f"slow {n} [slow:3]") for n in range(2)]  # two of a person run at once
    wait_until(lambda: {read_job_field(user.stack, job) for job in running} == {"running"}, "requests that run")
    with suspend_worker(user.stack):
        waiting = [user.submit_imagine(f"waiting {n}") for n in range(3)]
        for job in waiting:
            wait_until_queued(user.stack, job)
        wait_until(partial(has_cancel_button, user, waiting[-1]), "a request that can be cancelled")

        cancelled = owner.wait_for_private_text(owner.press_button(user.wait_for_status(waiting[-1]), "cancel"))
        answer = invoke(owner, "moderate cancel", member=user_id, reason="too many")

    assert cancelled == "Cancelled, at no cost."
    assert answer in {f"{count} requests of <@{user_id}> cancelled." for count in (2, 3, 4)}
    log = invoke(owner, "audit")
    assert f"cancelled the request {waiting[-1]} of <@{user_id}>" in log
    assert f"cancelled the requests of <@{user_id}> · too many" in log
    for job in waiting:
        user.wait_for_result(job)
    for job in running:
        user.wait_for_result(job)
    again = invoke(owner, "moderate cancel", member=user_id, reason="once more")
    assert again == f"<@{user_id}> has no request here that waits, so nothing was cancelled."
    assert "once more" not in invoke(owner, "audit")


def find_button(message: dict[str, Any], action: str, argument: str) -> str:
    return next(i for i in list_custom_ids(message) if i.startswith(f"{action}:") and argument in i)


def is_told_of_pause(user: DiscordUser, job: str) -> bool:
    return "paused this server's queue" in user.read_status(job)


@pytest.fixture
def open_queue(owner: DiscordUser) -> Iterator[None]:
    """Leave the queue open to the tests that follow."""
    yield
    invoke(owner, "moderate resume")


@pytest.mark.usefixtures("open_queue")
def test_a_moderator_pauses_the_queue_cancels_a_request_and_resumes(
    owner: DiscordUser, member: tuple[DiscordUser, str], ada: DiscordUser
) -> None:
    user, user_id = member
    running = user.submit_imagine("running [slow:2]")
    wait_until(lambda: read_job_field(owner.stack, running) == "running", "a request that runs")

    paused = invoke(owner, "moderate pause", reason="a quiet hour")
    waiting, unwanted = user.submit_imagine("waiting"), user.submit_imagine("unwanted", image=None)
    user.wait_for_result(running)
    for job in (waiting, unwanted):
        wait_until(partial(is_told_of_pause, user, job), "a status that says so")
    own_list = invoke(user, "queue")
    shown = owner.wait_for_private_message(owner.invoke_command("moderate queue", owner.stack.channel_id))
    cancel_id = find_button(shown, "server_queue_cancel", unwanted)
    refused = user.wait_for_private_text(user.use_forged_component(user.wait_for_status(waiting), cancel_id))
    owner.use_component(shown, cancel_id)
    assert not list_media(user.wait_for_result(unwanted))
    wait_until(lambda: cancel_id not in list_custom_ids(owner.reload_private_message(shown)), "a list without it")
    after = read_text(owner.reload_private_message(shown))
    assert is_told_of_pause(user, waiting)
    again = invoke(owner, "moderate pause")
    resumed = invoke(owner, "moderate resume")

    assert list_media(user.wait_for_result(waiting))
    assert paused.startswith("Paused: nothing new starts in this server")
    assert "A moderator has paused it" in own_list
    assert "paused this server's queue" in own_list
    text = read_text(shown)
    assert len(re.findall(rf"<@{user_id}> · SD 3.5 Large · \$0.08 · <t:\d+:R>\n-# paused", text)) == 2
    assert "Only moderators" in refused
    assert "Cancelled, at no cost." in after
    assert "is paused already" in again
    assert resumed.startswith("Open:")
    log = invoke(owner, "audit")
    assert "paused the queue · a quiet hour" in log
    assert f"cancelled the request {unwanted} of <@{user_id}>" in log
    assert "opened the queue again" in log


@pytest.mark.usefixtures("open_queue")
def test_a_drained_queue_refuses_new_requests_and_finishes_those_that_wait(
    owner: DiscordUser, member: tuple[DiscordUser, str]
) -> None:
    user, _ = member
    jobs = [user.submit_imagine(f"before {n} [slow:1]") for n in range(3)]
    for job in jobs:
        user.wait_for_status(job)

    drained = invoke(owner, "moderate drain", reason="moving house")
    refused = user.wait_for_private_text(user.submit_imagine("too late"))

    assert all(list_media(user.wait_for_result(job)) for job in jobs)
    assert drained.startswith("Closed: this server's queue takes no new requests")
    assert "has closed this server's queue to new requests" in refused
    invoke(owner, "moderate resume")
    assert list_media(user.wait_for_result(user.submit_imagine("open again")))


def test_a_moderator_deletes_pictures_with_a_reason_which_their_author_reads(
    owner: DiscordUser, member: tuple[DiscordUser, str]
) -> None:
    user, user_id = member
    first, second = (user.submit_imagine(f"{user.name} has a {kind} castle", image=None) for kind in ("red", "blue"))
    result = user.wait_for_result(first)
    other = user.wait_for_result(second)
    for job in (first, second):
        user.wait_until_stored(job)
    guild_id = owner.get("/control/state")["guilds"][0]["id"]
    offered = owner.autocomplete_option(
        f"{user.name} blue castle", "picture", owner.stack.channel_id, command="moderate delete"
    )
    link = f"https://discord.com/channels/{guild_id}/{other['channel_id']}/{other['id']}"

    form = owner.press_button(result, "delete")
    by_button = owner.wait_for_private_text(owner.submit_modal(form, reason="not *here*"))
    by_command = invoke(owner, "moderate delete", picture=link, reason="nor there")

    assert by_button == by_command == "Deleted."
    assert [choice["value"] for choice in offered] == [second]
    assert user.list_messages(result["channel_id"]) == user.list_messages(other["channel_id"]) == []
    log = invoke(owner, "audit")
    assert f"deleted the picture {first} of <@{user_id}> · not \\*here\\*" in log
    assert f"deleted the picture {second} of <@{user_id}> · nor there" in log
    wait_until(lambda: len(user.list_direct_texts()) == 2, "two direct messages")
    told = user.list_direct_texts()
    assert all("deleted a picture that you asked for" in text for text in told)
    assert f"ID {first}" in told[0]
    assert "nor there" in told[1]
    assert "doesn't lead to one picture" in invoke(owner, "moderate delete", picture="a castle", reason="a test")


def test_a_manager_cannot_be_blocked(owner: DiscordUser) -> None:
    owner_id = owner.get("/control/state")["guilds"][0]["owner_id"]

    assert "can't be blocked" in invoke(owner, "moderate block", member=owner_id, reason="a test")
