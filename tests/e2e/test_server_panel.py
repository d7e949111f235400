"""`/server` end to end: a manager reads what holds, changes it, undoes it, and finds it in the audit log."""

from collections.abc import Callable
from typing import Any

import pytest

from demo.stack import Stack
from tests.support.message_text import read_text
from tests.support.server_panel import choose, find_undo, open_section, wait_for_panel
from tests.support.user import DiscordUser


@pytest.fixture
def log_channel(owner: DiscordUser) -> str:
    return str(owner.post("/control/channels", {"name": "log"})["id"])


def test_settings_are_changed_undone_and_logged(owner: DiscordUser, stack: Stack, log_channel: str) -> None:
    overview = owner.invoke_and_wait("server")
    panel = choose(owner, open_section(owner, "channels"), "log_channel_id", log_channel)
    changed = read_text(panel)

    undo = find_undo(panel)
    assert undo is not None
    owner.use_component(panel, undo)
    undone = read_text(wait_for_panel(owner, panel, "Undone."))
    owner.use_forged_component(panel, undo)
    refused = read_text(wait_for_panel(owner, panel, "changed again since"))
    log = owner.wait_for_private_text(owner.invoke_command("audit", stack.channel_id))

    assert overview["flags"] & 64
    assert "- Log channel: none" in read_text(overview)
    assert f"**Log channel** changed from none to <#{log_channel}>." in changed
    assert f"**Log channel** changed from <#{log_channel}> back to none." in undone
    assert "**Log channel**: none" in undone
    assert "- Log channel: none" in refused
    assert f"undid a change: “Log channel” from <#{log_channel}> back to none" in log
    assert f"changed “Log channel” from none to <#{log_channel}>" in log


def test_forms_take_a_price_and_a_time_zone_and_say_why_they_do_not(owner: DiscordUser) -> None:
    panel = open_section(owner, "language")
    form = owner.use_component(panel, "server_form:time_zone")
    owner.submit_modal(form, value="Pariss")
    refused = read_text(wait_for_panel(owner, panel, "Pariss"))
    owner.submit_modal(owner.use_component(panel, "server_form:time_zone"), value="europe/paris")
    accepted = read_text(wait_for_panel(owner, panel, "changed from UTC"))
    choose(owner, owner.reload_private_message(panel), "time_zone", "UTC")

    assert "Write the name of one, such as Europe/Paris" in refused
    assert "**Time zone** changed from UTC to Europe/Paris." in accepted


def test_a_preset_of_the_server_fills_in_what_nobody_chose(
    owner: DiscordUser, ada: DiscordUser, list_calls: Callable[[], list[dict[str, Any]]]
) -> None:
    result = owner.wait_for_result(owner.submit_imagine("a castle", keep=80, style="anime"))
    owner.wait_for_private_text(
        owner.invoke_command("presets save", result["channel_id"], **{"name": "House look", "for": "server"})
    )
    panel = open_section(owner, "models")
    code = next(
        option["value"]
        for option in list_options(panel, "server_setting:default_preset:0")
        if option["label"] == "House look"
    )
    before = len(list_calls())

    panel = choose(owner, panel, "default_preset", code)
    ada.wait_for_result(ada.submit_imagine("a lake"))
    ada.wait_for_result(ada.submit_imagine("a lake", keep=20))
    choose(owner, panel, "default_preset")

    by_preset, by_option = list_calls()[before:]
    assert (by_preset["body"]["strength"], by_option["body"]["strength"]) == (pytest.approx(0.2), pytest.approx(0.8))
    assert "anime" in by_preset["body"]["prompt"]
    assert "anime" in by_option["body"]["prompt"]


def list_options(panel: dict[str, Any], custom_id: str) -> list[dict[str, Any]]:
    """List the options of a select of the panel."""
    rows = [row for part in panel["components"] for row in part["components"]]
    selects = [item for row in rows for item in row.get("components", ()) if item.get("custom_id") == custom_id]
    return list(selects[0]["options"])
