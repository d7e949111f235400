"""An evening together, end to end: two rounds of entries and votes, the winner as the next source, the closing strip.

Phases are ended by their host, not waited for.
"""

import io
import json
import urllib.request
import zipfile
from typing import Any

import pytest

from demo.stack import Stack
from tests.support.contest_play import (
    SOURCE,
    close,
    enter,
    find_component,
    find_posted,
    open_panel,
    press_start,
    start_contest,
)
from tests.support.followups import list_followup_files, list_followup_texts, list_followups
from tests.support.message_text import read_text
from tests.support.records import query_records
from tests.support.user import DiscordUser, add_user, list_components, list_custom_ids, list_media, wait_until

MEMBER_PERMISSIONS = str(1 << 10 | 1 << 11 | 1 << 16 | 1 << 31 | 1 << 38)  # see, write, read, use commands, in threads

Players = list[tuple[DiscordUser, str]]


def read_archive(attachment: dict[str, Any]) -> zipfile.ZipFile:
    with urllib.request.urlopen(attachment["url"], timeout=20) as answer:  # noqa: S310 - loopback
        return zipfile.ZipFile(io.BytesIO(answer.read()))


def vote(user: DiscordUser, message: dict[str, Any], number: int) -> dict[str, Any]:
    """Choose an entry, and wait until that is shown; return the ballot."""
    ballot = user.wait_for_private_message(user.press_button(message, "round_vote"))
    user.use_component(ballot, find_component(ballot, "round_choice"), str(number))
    wait_until(lambda: f"**{number}**" in read_text(user.reload_private_message(ballot)), "the saved choice")
    return user.reload_private_message(ballot)


@pytest.fixture
def players(stack: Stack) -> Players:
    return [add_user(stack, name) for name in ("pia", "quin", "rosa")]


def test_an_evening_of_two_rounds(ada: DiscordUser, players: Players) -> None:
    thread = start_contest(ada, "castles in the air", {"image": SOURCE}, rounds=2)
    pia, quin, rosa = (player for player, _ in players)

    first = find_posted(ada, thread, "Round 1 of 2")
    for user in (pia, quin, rosa):
        enter(user, first, f"a castle by {user.name}")
    status = read_text(ada.wait_for_private_message(ada.invoke_command("round status", thread)))
    refusal = pia.wait_for_private_text(pia.invoke_command("round close", thread))
    close(ada, thread)
    revealed = find_posted(ada, thread, "Entries 1, 2, 3")
    voting = find_posted(ada, thread, "Vote for your favourite")
    ballot = pia.wait_for_private_message(pia.press_button(voting, "round_vote"))
    offered = [option["value"] for one in list_components(ballot) for option in one.get("options", ())]
    own = ({"1", "2", "3"} - set(offered)).pop()
    chosen = offered[0]
    vote(pia, voting, int(chosen))
    vote(ada, voting, int(chosen))
    close(ada, thread)
    result = find_posted(ada, thread, "The result of round 1")

    second = find_posted(ada, thread, "Round 2 of 2")
    enter(quin, second, "the same castle at night")
    close(ada, thread)
    strip = find_posted(ada, thread, "That was “castles in the air”")
    pressed = rosa.press_button(strip, "round_download")
    (archive,) = wait_until(lambda: list_followup_files(rosa, pressed), "the archive")
    listed = read_text(rosa.wait_for_private_message(rosa.invoke_command("round results", thread)))

    assert "3 entries so far" in status
    assert refusal.startswith("Only the host of a contest and moderators")
    assert len(list_media(revealed)) == 3
    assert not any(player_id in str(revealed["components"]) for _, player_id in players)
    assert len(offered) == 2
    assert own not in offered
    assert f"No. {chosen}" in read_text(result)
    assert "ballots: 2" in read_text(result)
    assert list_media(second)
    assert "Round 2 · **No. 1** by" in read_text(strip)
    assert "🥇" in read_text(strip)
    assert "Round 1" in listed
    assert "Round 2" in listed
    assert [one["media"]["content_type"] for one in list_media(strip)] == ["image/webp", "image/jpeg"]
    with read_archive(archive) as files:
        described = json.loads(files.read("manifest.json"))["jobs"]
        assert len(files.namelist()) == 5  # four pictures and the manifest
    assert [entry["round"] for entry in described] == [1, 1, 1, 2]
    assert sorted(entry["author"] for entry in described[:3]) == sorted(player_id for _, player_id in players)
    assert [entry["parent"] for entry in described[:3]] == [None] * 3
    assert described[3]["parent"] == next(entry["job"] for entry in described if entry["winner"])


def test_a_relay_in_which_each_goes_on_from_the_last_picture(ada: DiscordUser, players: Players) -> None:
    thread = start_contest(ada, "a growing tower", format="relay")
    (pia, pia_id), (quin, quin_id), (rosa, _) = players
    by_id = {pia_id: pia, quin_id: quin}

    joining = find_posted(ada, thread, "Then you take turns")
    for user in (pia, quin):
        assert user.wait_for_private_text(user.press_button(joining, "round_join")).startswith("You take turns now")
    close(ada, thread)
    jobs = []
    for number in (1, 2):
        turn = find_posted(ada, thread, "it's your turn", number=number)
        user_id = turn["mentions"][0]["id"]
        refusal = rosa.wait_for_private_text(rosa.press_button(turn, "round_enter"))
        user = by_id.pop(user_id)
        jobs.append(user.submit_modal(user.press_button(turn, "round_enter"), prompt=f"storey {number}"))
        shown = find_posted(ada, thread, f"**No. {number}** by <@{user_id}>")
        assert len(list_media(shown)) == 1
        assert refusal.startswith("It's somebody else's turn")
    strip = find_posted(ada, thread, "That was “a growing tower”")
    results = read_text(rosa.wait_for_private_message(rosa.invoke_command("round results", thread)))

    assert [one["media"]["content_type"] for one in list_media(strip)] == ["image/webp", "image/jpeg"]
    assert results.count("https://discord.com/channels/") == 2
    assert jobs[0] != jobs[1]


def choose(host: DiscordUser, panel: dict[str, Any], field: str, value: str) -> None:
    """Choose in the panel, and wait until that is shown."""
    custom_id = find_component(panel, f"round_setting:{field}")
    host.use_component(panel, custom_id, value)

    def is_chosen() -> bool:
        select = next(c for c in list_components(host.reload_private_message(panel)) if c["custom_id"] == custom_id)
        chosen = [option["value"] for option in select.get("options", ()) if option.get("default")]
        return value in [*chosen, *(one["id"] for one in select.get("default_values", ()))]

    wait_until(is_chosen, f"{field}: {value}")


def test_the_rules_of_the_panel_hold_until_the_contest_is_cancelled(
    owner: DiscordUser, ada: DiscordUser, players: Players
) -> None:
    (pia, pia_id), (quin, _), _ = players
    role = owner.post("/control/roles", {"name": "painters", "permissions": MEMBER_PERMISSIONS})["id"]
    owner.put(f"/control/members/{pia_id}", {"roles": [role]})
    owner.wait_for_private_message(owner.invoke_command("team setup", owner.stack.channel_id, role=role))
    pia.wait_for_private_text(pia.invoke_command("team choose", owner.stack.channel_id, team="painters"))
    panel = open_panel(owner, "a *quiet* lake")
    for field, value in {"models": "sd3.5-large", "role": role, "reveal": "as_they_come", "payer": "server"}.items():
        choose(owner, panel, field, value)
    form = owner.press_button(panel, "round_options")
    owner.submit_modal(form, negative="people", seed="7")
    wait_until(lambda: "people" in read_text(owner.reload_private_message(panel)), "the fixed options")
    shown = read_text(owner.reload_private_message(panel))
    thread = press_start(owner, panel)
    owner.use_forged_component(panel, find_component(panel, "round_start"))  # a second press of the same button

    entering = find_posted(ada, thread, "For members with the role")
    refusal = quin.wait_for_private_text(quin.press_button(entering, "round_enter"))
    form = pia.press_button(entering, "round_enter")
    asked = set(pia.read_modal_fields(form))
    filtered = pia.submit_modal(form, prompt="a lake [filtered]")
    notice = wait_until(lambda: find_followup(pia, filtered, "round_retry"), "the notice")
    again = pia.press_button(notice, "round_retry")
    kept = pia.read_modal_fields(again)["prompt"]
    pia.submit_modal(again, prompt="a lake at dawn")
    entry = find_posted(ada, thread, "Entry 1")
    status = pia.wait_for_private_message(pia.invoke_command("round status", thread))
    withdrawn = pia.wait_for_private_text(pia.press_button(status, "round_withdraw"))
    gone = find_posted(ada, thread, "no longer take part")
    forged = pia.wait_for_private_text(pia.invoke_command("round cancel", thread, reason="mine"))
    cancelled = owner.wait_for_private_text(owner.invoke_command("round cancel", thread, reason="no time"))

    assert "$2.00" in shown  # 25 entries
    announced = [
        m for m in owner.list_messages(owner.stack.channel_id) if "quiet" in read_text(m) or "quiet" in m["content"]
    ]
    assert len([m for m in announced if m.get("thread")]) == 1
    assert "seed 7" in shown.lower()
    assert f"<@&{role}>" in refusal
    assert asked == {"prompt", "style_preset"}
    assert kept == "a lake [filtered]"
    jobs = query_records(owner.stack, "SELECT job_json FROM jobs WHERE requester_id = ?", int(pia_id))
    assert {json.loads(text)["team"] for (text,) in jobs} == {None}  # an entry is its author's own
    assert pia_id not in str(entry["components"])
    assert withdrawn.startswith("Withdrawn.")
    assert gone["id"] == entry["id"]
    assert list_media(gone) == []
    assert forged.startswith("Only the host")
    assert cancelled.startswith("Cancelled.")
    find_posted(ada, thread, "was cancelled")
    log = owner.wait_for_private_text(owner.invoke_command("audit", owner.stack.channel_id))
    assert "cancelled a contest in" in log
    assert "no time" in log


def list_posts(user: DiscordUser, forum: str) -> list[dict[str, Any]]:
    return [one for one in user.get("/control/state")["channels"] if one.get("parent_id") == forum]


def test_a_contest_in_a_forum_shows_its_state_and_its_winner_in_the_tags_of_its_post(
    owner: DiscordUser, ada: DiscordUser, players: Players
) -> None:
    (pia, _), (quin, _), (rosa, _) = players
    hidden, forum = (owner.post("/control/channels", {"name": name, "type": 15})["id"] for name in ("staff", "shows"))
    owner.put(f"/control/permissions/{hidden}", {"user": "ada", "deny": str(1 << 11)})
    owner.put(f"/control/permissions/{forum}", {"allow": str(1 << 4)})
    owner.patch(f"/control/channels/{forum}", {"available_tags": [{"name": "vote"}, {"name": "a castle"}]})
    panel = wait_until(lambda: find_panel_of_forum(ada, forum), "a panel with the forum")
    offered = {one["value"] for c in list_components(panel) for one in c.get("options", ())}
    setting = {"user": ada.name, "message_id": panel["id"], "forged": True, "values": [hidden]}
    setting["custom_id"] = find_component(panel, "round_setting:forum")
    used = ada.post("/control/press", setting)["interaction_id"]
    (forged,) = wait_until(lambda: list_followup_texts(ada, used), "the refusal of the hidden forum")
    choose(ada, panel, "forum", forum)
    thread = press_start(ada, panel)
    ada.use_forged_component(panel, find_component(panel, "round_start"))  # a second press of the same button

    def wait_for_tags(*names: str) -> None:
        def have_tags() -> bool:
            known = {tag["id"]: tag["name"] for tag in find_channel(ada, forum)["available_tags"]}
            (post,) = list_posts(ada, forum)
            return {known[tag] for tag in post.get("applied_tags", ())} == set(names)

        wait_until(have_tags, f"the tags {names}")

    wait_for_tags("Entering", "a castle")
    entering = find_posted(ada, thread, "## A castle")
    for user in (pia, quin):
        enter(user, entering, f"a castle by {user.name}")
    close(ada, thread)
    voting = find_posted(ada, thread, "Vote for your favourite")
    wait_for_tags("vote", "a castle")
    vote(rosa, voting, 1)
    close(ada, thread)
    find_posted(ada, thread, "That was")
    wait_for_tags("Ended", "Winner", "a castle")

    (post,) = list_posts(ada, forum)
    first = ada.list_messages(thread)[0]
    assert hidden not in offered
    assert forged.startswith("One of us can't post in that forum")
    assert (post["id"], post["name"]) == (thread, "A castle")
    assert "has started a contest: **A castle**" in read_text(first)


def find_panel_of_forum(host: DiscordUser, forum: str) -> dict[str, Any] | None:
    """Open a panel; None if the bot does not know yet that it may post in the forum."""
    panel = open_panel(host, "A castle")
    return panel if any(forum in str(c.get("options")) for c in list_components(panel)) else None


def find_channel(user: DiscordUser, channel: str) -> dict[str, Any]:
    return next(one for one in user.get("/control/state")["channels"] if one["id"] == channel)


def find_followup(user: DiscordUser, used: str, action: str) -> dict[str, Any] | None:
    found = list_followups(user, used)
    return next((m for m in found if any(one.startswith(f"{action}:") for one in list_custom_ids(m))), None)
