"""The followups of an interaction in the Discord stand-in."""

from typing import Any

from tests.support.message_text import read_text
from tests.support.user import DiscordUser


def list_followups(user: DiscordUser, used: str) -> list[dict[str, Any]]:
    """List the followups of an interaction."""
    followups: list[dict[str, Any]] = user.get(f"/control/interactions/{used}").get("followups", [])
    return followups


def list_followup_texts(user: DiscordUser, used: str) -> list[str]:
    """List the texts of the followups of an interaction."""
    return [read_text(message) for message in list_followups(user, used)]


def list_followup_files(user: DiscordUser, used: str) -> list[dict[str, Any]]:
    """List the files of the followups of an interaction."""
    return [attachment for message in list_followups(user, used) for attachment in message["attachments"]]
