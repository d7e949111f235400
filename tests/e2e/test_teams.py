"""Teams end to end: set up, chosen, on their own budget, with settings that hold however a picture is asked for."""

import json

from demo.stack import Stack
from demo.standins.discord.permissions import MEMBER_PERMISSIONS
from tests.support.message_text import read_text
from tests.support.records import query_records
from tests.support.server import Server, add_server, find_user_id
from tests.support.server_panel import wait_for_panel
from tests.support.user import list_custom_ids


def read_team_of_job(stack: Stack, job_id: str) -> tuple[str, str, int | None]:
    """Read the name of the team of a job, its priority, and the team that the ledger charged."""
    ((job_json, team_id),) = query_records(
        stack,
        "SELECT job_json, team_id FROM jobs JOIN ledger_entries ON job_id = jobs.id"
        " WHERE kind = 'reservation' AND jobs.id = ?",
        job_id,
    )
    job = json.loads(job_json)
    return (job["team"] or {"name": ""})["name"], job["priority"], team_id


def set_up_team(server: Server, role: str) -> None:
    """Let the owner make a role a team with low priority, most of a picture kept, and a style that is locked."""
    owner = server.owner
    panel = owner.wait_for_private_message(
        owner.invoke_command("team setup", server.channel_id, role=role, weight=2, priority="low")
    )
    assert f"<@&{role}> is a team now." in read_text(panel)
    owner.use_component(panel, f"team_section:{role}", "options")
    panel = wait_for_panel(owner, panel, f"team_setting:{role}:style_preset:0")
    owner.use_component(panel, f"team_setting:{role}:style_preset:0", "anime")
    panel = wait_for_panel(owner, panel, "**Settings** from none to style Anime")
    undo = next(custom_id for custom_id in list_custom_ids(panel) if custom_id.startswith("team_undo:"))
    owner.use_component(panel, undo)
    panel = wait_for_panel(owner, panel, "Undone: **Settings** from style Anime to none")
    owner.use_component(panel, f"team_setting:{role}:style_preset:0", "anime")
    panel = wait_for_panel(owner, panel, "Changed: **Settings** from none to style Anime")
    owner.use_component(panel, f"team_setting:{role}:keep:0", "80")
    panel = wait_for_panel(owner, panel, "keep 80%")
    owner.use_component(panel, f"team_setting:{role}:locked:0", "style_preset")
    panel = wait_for_panel(owner, panel, "- Locked: style")


def test_what_is_asked_for_a_team_has_its_settings_and_goes_on_its_budget(stack: Stack) -> None:
    server = add_server(stack)
    owner, member = server.owner, server.member
    earlier = member.wait_for_result(
        member.submit_imagine("a lake", image=None, channel=server.channel_id, style="isometric")
    )
    made = {"name": "Makers", "permissions": str(int(MEMBER_PERMISSIONS)), "guild_id": server.guild_id}
    role = owner.post("/control/roles", made)["id"]
    owner.put(f"/control/members/{find_user_id(member)}", {"roles": [role], "guild_id": server.guild_id})

    # a manager sets it up
    set_up_team(server, role)
    refused = member.wait_for_private_text(member.use_forged_component(earlier, f"team_setting:{role}:weight:0"))
    assert refused.startswith("Only people who can manage this server can set up or change its teams.")
    budget = server.invoke(owner, "budget set", amount=0.2, per="day", team=role)
    assert budget.startswith(f"Done. The team <@&{role}>: **$0.20** left of $0.20 per day")

    # a member asks for it, typed and with the button of an earlier result
    assert "for **Makers**" in server.invoke(member, "team choose", team="makers")
    typed = member.submit_imagine("a castle", image=None, channel=server.channel_id, style="isometric")
    result = member.wait_for_result(typed)
    text = read_text(result)
    assert "for Makers" in text
    assert "Set by the team Makers\\: style." in text
    assert "Anime" in text
    assert member.read_modal_fields(member.invoke_message_command(result, "Reimagine"))["keep"] == "80"
    pressed = member.press_button(earlier, "regenerate")
    again = read_text(member.wait_for_result_in_place(pressed))
    assert "Set by the team Makers\\: style." in again
    assert [read_team_of_job(stack, job) for job in (typed, pressed)] == [("Makers", "low", int(role))] * 2

    # its budget is used up, its own and the locked setting hold for an exploration
    explored = server.invoke(member, "explore", vary="styles", prompt="a castle")
    assert "Your team Makers has locked “style”" in explored
    over = member.wait_for_private_text(server.imagine("one too many"))
    assert "your team has $0.04 left of its $0.20 per day" in over
    assert f"The team <@&{role}>: **$0.04** left of $0.20 per day" in server.invoke(owner, "team show", team="Makers")
    report = owner.wait_for_private_message(
        owner.invoke_command("budget report", server.channel_id, by="team", since="day")
    )
    assert f"- <@&{role}>: $0.16, 2 pictures" in read_text(report)
    assert "- for no team: $0.08, 1 picture" in read_text(report)

    # it is removed: the next request is the member's own, which is said once
    assert f"<@&{role}> is no longer a team." in server.invoke(owner, "team remove", team=role)
    own = server.imagine("my own")
    assert f"You had chosen to ask for <@&{role}>" in member.wait_for_followup_text(own)
    member.wait_for_result(own)
    next_one = server.imagine("my next one")
    member.wait_for_result(next_one)
    assert [read_team_of_job(stack, job) for job in (own, next_one)] == [("", "normal", None)] * 2
    assert member.get(f"/control/interactions/{next_one}").get("followups", []) == []
    log = server.invoke(owner, "audit")
    assert f"removed the team <@&{role}>" in log
    assert f"changed the team <@&{role}> · **Locked** from nothing to style" in log
