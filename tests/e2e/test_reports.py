"""Reports end to end: a member reports, moderators read it in the log channel and act, each action once."""

from collections.abc import Iterator
from typing import Any

import pytest

from demo.stack import Stack
from tests.support.bot_processes import wait_until_delivered
from tests.support.guild_settings import change_guild_settings
from tests.support.message_text import read_text
from tests.support.user import DiscordUser, add_user, list_custom_ids, wait_until


@pytest.fixture
def log_channel(stack: Stack, owner: DiscordUser) -> Iterator[str]:
    """The channel for reports, which the server has chosen."""
    channel: str = owner.post("/control/channels", {"name": "log"})["id"]
    change_guild_settings(stack, log_channel_id=int(channel))
    yield channel
    change_guild_settings(stack, log_channel_id=None)


def wait_for_report(moderator: DiscordUser, channel: str) -> dict[str, Any]:
    wait_until(lambda: moderator.list_messages(channel), "the report")
    (report,) = moderator.list_messages(channel)
    return report


def press_action(user: DiscordUser, message: dict[str, Any], action: str) -> str:
    """Press a button of a report, also one that it has no longer; return the interaction's id."""
    prefix = next(i for i in list_custom_ids(message) if i.startswith("report_action:")).rpartition(":")[0]
    return user.use_forged_component(message, f"{prefix}:{action}")


def test_moderators_act_on_a_report_in_the_log_channel(
    stack: Stack, ada: DiscordUser, owner: DiscordUser, log_channel: str
) -> None:
    author, author_id = add_user(stack, "mallory")
    reporter, reporter_id = add_user(stack, "rosa")
    job = author.submit_imagine("a reported castle", image=None)
    result = author.wait_for_result(job)
    author.wait_until_stored(job)

    form = reporter.press_button(result, "report")
    sent = reporter.wait_for_private_text(reporter.submit_modal(form, reason="not *here*"))
    again = reporter.wait_for_private_text(reporter.press_button(result, "report"))
    report = wait_for_report(owner, log_channel)
    refused = ada.wait_for_private_text(press_action(ada, report, "delete"))
    stale = press_action(owner, report, "delete")
    owner.submit_modal(press_action(owner, report, "block"), reason="spam", days="3")
    wait_until(lambda: "blocked the author" in read_text(owner.reload_private_message(report)), "the block")
    owner.submit_modal(press_action(owner, report, "delete"), reason="rude")
    wait_until(lambda: "deleted the picture" in read_text(owner.reload_private_message(report)), "the deletion")
    owner.submit_modal(stale, reason="once more")
    owner.submit_modal(press_action(owner, report, "cancel"), reason="all of it")
    wait_until(lambda: "cancelled the author" in read_text(owner.reload_private_message(report)), "the cancellation")
    press_action(owner, report, "dismiss")

    assert sent.startswith("Thank you.")
    assert "reported this already" in again
    assert f"<@{reporter_id}> reports a picture by <@{author_id}>" in read_text(report)
    assert f"/{result['channel_id']}/{result['id']}" in read_text(report)
    assert "castle" not in read_text(report)
    assert [i.rpartition(":")[2] for i in list_custom_ids(report)] == ["delete", "block", "cancel", "dismiss"]
    assert "Only moderators" in refused
    assert list_custom_ids(owner.reload_private_message(report)) == []
    assert author.list_messages(result["channel_id"]) == []
    assert "blocked from using me" in author.wait_for_private_text(author.submit_imagine("a lake"))
    (told,) = wait_until(author.list_direct_texts, "a direct message")
    assert "rude" in told
    log = owner.wait_for_private_text(owner.invoke_command("audit", stack.channel_id))
    assert log.count(f"deleted the picture {job} of <@{author_id}> · rude") == 1
    assert log.count(f"blocked <@{author_id}> · spam") == 1
    assert "once more" not in log
    assert "dismissed" not in log
    owner.invoke_command("moderate unblock", stack.channel_id, member=author_id)


def test_a_false_alarm_is_reported_with_the_prompt_by_its_author_alone(
    stack: Stack, ada: DiscordUser, owner: DiscordUser, log_channel: str
) -> None:
    author, author_id = add_user(stack, "mallory")
    job = author.submit_imagine("an innocent castle [filtered]", image=None)
    notice = author.wait_for_result(job)
    wait_until_delivered(stack, job)

    refused = ada.wait_for_private_text(ada.press_button(notice, "report"))
    form = author.press_button(notice, "report")
    author.submit_modal(form, reason="castles are harmless")
    report = wait_for_report(owner, log_channel)
    press_action(owner, report, "dismiss")
    wait_until(lambda: "dismissed this report" in read_text(owner.reload_private_message(report)), "the dismissal")

    assert "an innocent castle" in read_text(report)
    assert f"<@{author_id}> thinks that the content filter refused" in read_text(report)
    assert "castle" not in refused
    assert list_custom_ids(owner.reload_private_message(report)) == []


def test_without_a_log_channel_the_reporter_learns_that_nobody_would_read_it(ada: DiscordUser) -> None:
    job = ada.submit_imagine("a castle", image=None)
    result = ada.wait_for_result(job)
    ada.wait_until_stored(job)

    assert "no channel for reports" in ada.wait_for_private_text(ada.press_button(result, "report"))
