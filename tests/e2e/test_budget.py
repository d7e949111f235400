"""Budgets end to end: a manager sets one, it is refused beyond it, granted more, and reported."""

import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from demo.first_picture import iter_message_texts
from demo.stack import Stack
from tests.support.user import DiscordUser, add_user, list_media


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

    assert answer.startswith(f"Done. <@{user_id}>: **1 picture** left of 1 picture per day")
    assert (
        "This needs 1 picture, and you have 0 pictures left of your 1 picture per day. That starts again <t:" in refusal
    )
    assert f"<@{user_id}>: **0 pictures** left of 1 picture per day" in left
    assert "This month **$0.08** of the bot's budget went into your 1 picture here." in left
    assert granted == f"<@{user_id}> has 1 picture more, until their budgets start again."


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
        command = [sys.executable, "-m", "bot", "ledger", *arguments]
        return subprocess.run(command, env=stack.environment, capture_output=True, text=True, check=True).stdout

    table = run_ledger("--by", "model")
    assert "sd3.5-large" in table
    assert "in the ledger" in table
    assert run_ledger("--csv").startswith("month,spent_usd,reserved_usd,billed_calls")
