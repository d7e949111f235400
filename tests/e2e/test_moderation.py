"""Moderation end to end: a blocked member is told so, whatever they use, until they are unblocked."""

from typing import Any

import pytest

from demo.stack import Stack
from tests.support.user import DiscordUser, add_user


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


def test_a_moderator_cancels_what_a_member_has_waiting(owner: DiscordUser, member: tuple[DiscordUser, str]) -> None:
    user, user_id = member
    running = [user.submit_imagine(f"slow {n} [slow:3]") for n in range(2)]  # two of a person run at once
    waiting = [user.submit_imagine(f"waiting {n}") for n in range(3)]
    for job in (*running, *waiting):
        user.wait_for_status(job)

    answer = invoke(owner, "moderate cancel", member=user_id, reason="too many")

    assert answer in {f"{count} requests of <@{user_id}> cancelled." for count in (3, 4, 5)}
    for job in waiting:
        user.wait_for_result(job)


def test_a_manager_cannot_be_blocked(owner: DiscordUser) -> None:
    owner_id = owner.get("/control/state")["guilds"][0]["owner_id"]

    assert "can't be blocked" in invoke(owner, "moderate block", member=owner_id, reason="a test")
