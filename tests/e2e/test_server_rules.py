"""The rules of a server end to end: they hold whatever is used, say who can change them, and leave help open."""

import pytest

from bot.domain.guild_settings import WordPolicy
from demo.http_client import request_json
from demo.stack import Stack
from tests.support.server import Server, add_server, find_user_id


@pytest.fixture
def server(stack: Stack) -> Server:
    return add_server(stack)


def test_a_listed_word_is_refused_in_everything_old_and_new_until_it_is_removed(server: Server) -> None:
    member, owner = server.member, server.owner
    old = member.wait_for_result(server.imagine("two HÖRSES in fog"))
    edit = member.press_button(member.wait_for_result(server.imagine("a castle")), "edit")

    added = server.invoke(owner, "words add", entry="horse*")
    refusals = [
        member.wait_for_private_text(server.imagine("a h\u043erse\u200b")),
        member.wait_for_private_text(member.press_button(old, "regenerate")),
        member.wait_for_private_text(member.press_button(old, "vary")),
        member.wait_for_private_text(member.submit_modal(edit, prompt="a castle", negative="horses")),
        server.invoke(member, "explore", vary="seeds", prompt="a horse"),
    ]

    assert added.startswith("**horse\\*** is on the word list now")
    assert all("“horse\\*” is on this server's word list" in refusal for refusal in refusals), refusals
    assert "- horse\\*" in server.invoke(owner, "words test", prompt="H O R S E")
    assert "Word list: 1 of 500" in server.invoke(owner, "words list")
    server.save_settings(word_policy=WordPolicy.AGE_RESTRICTED)
    assert "age-restricted channels" in member.wait_for_private_text(server.imagine("a horse"))
    request_json("PATCH", f"{server.stack.discord_url}/control/channels/{server.channel_id}", {"nsfw": True})
    member.wait_for_result(server.imagine("a horse"))
    server.save_settings()
    assert "is no longer on the word list" in server.invoke(owner, "words remove", entry="horse*")
    member.wait_for_result_in_place(member.press_button(old, "regenerate"))
    log = server.invoke(owner, "audit")
    assert "added to the word list · horse\\*" in log
    assert "removed from the word list · horse\\*" in log


def test_a_closed_channel_leaves_help_open_and_says_where_to_go(server: Server) -> None:
    other = server.owner.post("/control/channels", {"name": "art", "guild_id": server.guild_id})["id"]
    result = server.member.wait_for_result(server.imagine("a castle"))

    server.save_settings(allowed_channel_ids=frozenset({int(other)}))
    refusals = [
        server.member.wait_for_private_text(server.imagine("a castle")),
        server.member.wait_for_private_text(server.member.press_button(result, "regenerate")),
        server.member.wait_for_private_text(server.member.invoke_message_command(result, "Reimagine")),
        server.invoke(server.member, "history"),
    ]
    allowed = server.member.wait_for_result(server.imagine("a castle", other))

    assert all(f"Use one of these\\: <#{other}>" in refusal for refusal in refusals), refusals
    assert "What would you like to do?" in server.invoke(server.member, "help")
    server.member.wait_for_result_in_place(server.member.press_button(allowed, "regenerate"))


def test_a_moderator_sees_which_rules_refuse_a_member_and_who_can_change_them(server: Server) -> None:
    member_id = find_user_id(server.member)
    everywhere = server.invoke(server.owner, "diagnose", member=member_id)
    server.invoke(server.owner, "words add", entry="horse*")
    other = server.owner.post("/control/channels", {"name": "art", "guild_id": server.guild_id})["id"]
    server.save_settings(allowed_channel_ids=frozenset({int(other)}), max_price=1)
    switches = [{"id": member_id, "type": 2, "permission": False}]
    off = {"command": "explore", "permissions": switches, "guild_id": server.guild_id}
    request_json("PUT", f"{server.stack.discord_url}/control/integrations", off)

    refused = server.invoke(server.owner, "diagnose", member=member_id, prompt="two horses")
    switched_off = server.invoke(server.owner, "diagnose", member=member_id, channel=other, command="explore")
    help_ = server.invoke(server.owner, "diagnose", member=member_id, command="help")
    read = server.member.wait_for_private_text(server.imagine("two horses", other))

    assert "Nothing stops them." in everywhere
    assert "**3 checks refuse it.**" in refused
    assert f"Use one of these\\: <#{other}>" in refused
    assert "may cost at most $" in refused
    assert "“horse\\*” is on this server's word list" in refused
    assert "Who can change that: whoever manages this server" in refused
    assert "The command is switched off for this member" in switched_off
    assert "the most expensive request" in switched_off
    assert "Nothing stops them." in help_
    assert "may cost at most" in read
    assert "word list" in read
