"""Pings of a message: by its text, by a reply, and as the request allows."""

from typing import Any

import pytest

from tests.support.discord_standin import COMPONENTS_V2_FLAG, DiscordStandIn

MENTION_EVERYONE = 1 << 17


@pytest.mark.parametrize(
    ("allowed", "pinged"),
    [
        (None, ["ada", "ben"]),
        ({"parse": []}, []),
        ({"parse": [], "users": ["ada"]}, ["ada"]),
        ({"parse": ["users"]}, ["ada", "ben"]),
        ({"parse": [], "replied_user": True}, []),
    ],
)
@pytest.mark.parametrize("v2", [False, True])
async def test_mentioned_users_are_pinged_as_far_as_allowed(
    discord_standin: DiscordStandIn, allowed: dict[str, Any] | None, pinged: list[str], *, v2: bool
) -> None:
    ids = {name: discord_standin.state.find_user(name).id for name in ("ada", "ben")}
    text = f"<@{ids['ada']}> and <@{ids['ben']}>"
    shown: dict[str, Any] = (
        {"flags": COMPONENTS_V2_FLAG, "components": [{"type": 10, "content": text}]} if v2 else {"content": text}
    )
    if allowed is not None:
        shown["allowed_mentions"] = allowed | ({"users": [ids["ada"]]} if "users" in allowed else {})

    message = await discord_standin.post_message(**shown)

    assert [user["username"] for user in message["mentions"]] == pinged


async def test_a_reply_pings_its_recipient_unless_the_request_sets_allowed_mentions(
    discord_standin: DiscordStandIn,
) -> None:
    path = f"/client/channels/{discord_standin.channel_id}/messages?user=ben"
    interaction = await discord_standin.call_page_api("POST", path, {"content": "where is mine?"})
    reference = {"message_reference": {"message_id": interaction["id"]}}

    loud = await discord_standin.post_message(content="here", **reference)
    quiet = await discord_standin.post_message(content="here", **reference, allowed_mentions={"parse": []})
    named = await discord_standin.post_message(
        content="here", **reference, allowed_mentions={"parse": [], "replied_user": True}
    )

    assert [len(m["mentions"]) for m in (loud, quiet, named)] == [1, 0, 1]
    assert loud["referenced_message"]["content"] == "where is mine?"


async def test_everyone_is_pinged_only_by_those_who_may(discord_standin: DiscordStandIn) -> None:
    before = await discord_standin.post_message(content="@everyone")
    bits = {"allow": str(MENTION_EVERYONE)}
    await discord_standin.call_page_api("PUT", f"/control/permissions/{discord_standin.channel_id}", bits)
    after = await discord_standin.post_message(content="@everyone")
    barred = await discord_standin.post_message(content="@everyone", allowed_mentions={"parse": []})

    assert [m["mention_everyone"] for m in (before, after, barred)] == [False, True, False]
