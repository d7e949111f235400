"""Budgets end to end: a manager sets one, it is refused beyond it, granted more, and reported."""

from collections.abc import Iterator
from typing import Any

import pytest

from demo.first_picture import iter_message_texts
from demo.stack import Stack
from tests.support.guild_settings import change_guild_settings
from tests.support.operator import run_bot_command
from tests.support.user import DiscordUser, add_user, list_media, wait_until


@pytest.fixture
def dora(stack: Stack, owner: DiscordUser) -> Iterator[tuple[DiscordUser, str]]:
    """A member who may make one picture a day, and their id."""
    member, user_id = add_user(stack, "dora")
    yield member, user_id
    invoke(owner, "remove", per="day", **{"in": "pictures"}, member=user_id)


def invoke(user: DiscordUser, subcommand: str, **options: Any) -> str:
    """Use a subcommand of /budget; return the private response."""
    return user.wait_for_private_text(user.invoke_command(f"budget {subcommand}", user.stack.channel_id, **options))


def test_a_member_makes_as_many_pictures_as_their_budget_allows_and_as_are_granted(
    owner: DiscordUser, dora: tuple[DiscordUser, str]
) -> None:
    member, user_id = dora

    answer = invoke(owner, "set", amount=1, per="day", member=user_id, **{"in": "pictures"})
    member.wait_for_result(member.submit_imagine("the only one"))
    refusal = member.wait_for_private_text(member.submit_imagine("one too many"))
    left = invoke(member, "mine")
    granted = invoke(owner, "grant", member=user_id, amount=1, reason="won the contest", **{"in": "pictures"})
    member.wait_for_result(member.submit_imagine("a prize"))
    role = owner.post("/control/roles", {"name": "Others", "permissions": "0"})["id"]
    invoke(owner, "set", amount=9, per="day", role=role)  # the member does not have it
    useless = invoke(owner, "grant", member=user_id, amount=1, reason="won the contest")
    invoke(owner, "remove", per="day", role=role)

    assert answer.startswith(f"Done. <@{user_id}>: **1 picture** left of 1 picture per day")
    assert (
        "This needs 1 picture, and you have 0 pictures left of your 1 picture per day. That starts again <t:" in refusal
    )
    assert "one too many" in refusal
    assert f"<@{user_id}>: **0 pictures** left of 1 picture per day" in left
    assert "You used **$0.08** here this month, for 1 picture." in left
    assert granted == f"<@{user_id}> has 1 picture more, until their budgets start again."
    assert useless.startswith(f"Noted, but neither <@{user_id}> nor one of their roles has a budget in this unit")


def test_a_channel_is_told_that_a_budget_is_half_used_and_used_up(
    stack: Stack, owner: DiscordUser, dora: tuple[DiscordUser, str]
) -> None:
    member, user_id = dora
    channel = owner.post("/control/channels", {"name": "budgets"})["id"]
    change_guild_settings(stack, notice_channel_id=int(channel))
    invoke(owner, "set", amount=2, per="day", member=user_id, **{"in": "pictures"})
    for _ in range(2):
        member.wait_for_result(member.submit_imagine("a castle", image=None))
    member.wait_for_private_text(member.submit_imagine("one too many"))
    wait_until(lambda: len(owner.list_messages(channel)) > 1, "two notices")
    change_guild_settings(stack, notice_channel_id=None)

    half, whole = ("\n".join(iter_message_texts(message)) for message in owner.list_messages(channel))
    assert half.startswith(f"### Half of a budget is used\n<@{user_id}>: **1 picture** left of 2 pictures per day")
    assert whole.startswith(f"### A budget is used up\n<@{user_id}>: **0 pictures** left of 2 pictures per day")


def test_a_report_has_a_list_a_chart_and_a_table(owner: DiscordUser, dora: tuple[DiscordUser, str]) -> None:
    member, user_id = dora
    member.wait_for_result(member.submit_imagine("a castle"))

    report = owner.wait_for_private_message(
        owner.invoke_command("budget report", owner.stack.channel_id, by="member", since="day")
    )

    assert f"- <@{user_id}>: $0.08, 1 picture" in "\n".join(iter_message_texts(report))
    assert len(list_media(report)) == 1
    assert "spending.csv" in str(report["components"])


@pytest.mark.parametrize("subcommand", ["show", "report", "set", "remove", "grant"])
def test_members_who_do_not_manage_the_server_change_and_see_nothing(
    dora: tuple[DiscordUser, str], subcommand: str
) -> None:
    member, user_id = dora
    needed: dict[str, dict[str, Any]] = {
        "set": {"amount": 5, "per": "day"},
        "remove": {"per": "day"},
        "grant": {"member": user_id, "amount": 5, "reason": "please"},
    }
    options = needed.get(subcommand, {})

    assert invoke(member, subcommand, **options).startswith("Only members who may manage this server")


def test_the_operator_prints_the_ledger(stack: Stack, ada: DiscordUser) -> None:
    ada.wait_for_result(ada.submit_imagine("a castle"))

    def run_ledger(*arguments: str) -> str:
        finished = run_bot_command(stack, "ledger", *arguments)
        assert finished.returncode == 0, finished.stderr
        return finished.stdout

    table = run_ledger("--by", "model")
    assert "sd3.5-large" in table
    assert run_ledger("--by", "team").startswith("team")
    assert "in the ledger" in table
    assert run_ledger("--csv").startswith("month,spent_usd,reserved_usd,billed_calls")


def test_the_operator_gives_a_member_more(owner: DiscordUser) -> None:
    member, user_id = add_user(owner.stack, "gwen")
    guild_id = owner.get("/control/state")["guilds"][0]["id"]
    invoke(owner, "set", amount=0, per="day", member=user_id, **{"in": "pictures"})
    options = ("--guild", guild_id, "--member", user_id, "--pictures", "1", "--reason", "an apology")

    answer = run_bot_command(owner.stack, "ledger", "adjust", *options).stdout
    member.wait_for_result(member.submit_imagine("an apology"))
    log = owner.wait_for_private_text(owner.invoke_command("audit", owner.stack.channel_id))

    assert answer == f"Member {user_id} of server {guild_id} has 1 picture more, until their budgets start again.\n"
    assert f"the bot's operator granted <@{user_id}> more · 1 picture · an apology" in log
    assert f"set a budget for <@{user_id}> · 0 pictures per day" in log


def test_forums_have_budgets_and_many_budgets_have_pages(owner: DiscordUser) -> None:
    forums = [owner.post("/control/channels", {"name": f"forum-{number}", "type": 15})["id"] for number in range(3)]
    for forum in forums:
        for per in ("day", "week", "month"):
            for unit in ("usd", "pictures"):
                answer = invoke(owner, "set", amount=5, per=per, channel=forum, **{"in": unit})
                assert answer.startswith(f"Done. <#{forum}>: ")

    shown = owner.invoke_command("budget show", owner.stack.channel_id)
    assert "Page 1" in owner.wait_for_private_text(shown)
    owner.use_component(owner.wait_for_private_message(shown), "budget_page:1")
    wait_until(lambda: "Page 2" in owner.wait_for_private_text(shown), "the second page")

    for forum in forums:
        for per in ("day", "week", "month"):
            for unit in ("usd", "pictures"):
                invoke(owner, "remove", per=per, channel=forum, **{"in": unit})
