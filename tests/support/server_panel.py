"""The panel of `/server`, used as a manager does."""

import json
from typing import Any

from tests.support.user import DiscordUser, wait_until


def open_section(user: DiscordUser, section: str) -> dict[str, Any]:
    """Open the panel at a section; return its message."""
    panel = user.invoke_and_wait("server")
    user.use_component(panel, "server_section", section)
    return wait_for_panel(user, panel, f'"value": "{section}", "default": true')


def choose(user: DiscordUser, panel: dict[str, Any], name: str, *values: str) -> dict[str, Any]:
    """Choose from the select of a setting; return the panel once it tells the change."""
    undo = find_undo(panel)
    user.use_component(panel, f"server_setting:{name}:0", *values)
    return wait_until(
        lambda: seen if find_undo(seen := user.reload_private_message(panel)) not in {None, undo} else None,
        f"the change of {name}",
    )


def wait_for_panel(user: DiscordUser, panel: dict[str, Any], words: str) -> dict[str, Any]:
    """Wait until the panel's message contains these words of its JSON; return the message."""
    return wait_until(
        lambda: seen if words in json.dumps(seen := user.reload_private_message(panel)) else None,
        f"{words} shown",
    )


def find_undo(panel: dict[str, Any]) -> str | None:
    """Find the custom id of the button that undoes the latest change."""
    text = json.dumps(panel)
    start = text.find("server_undo:")
    return None if start < 0 else text[start : text.index('"', start)]
