"""The bot refuses moderation to members who are no moderators, also where Discord shows them its commands."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import discord
import pytest

from bot.domain.audit import AuditAction, AuditEntry
from bot.features.moderation.command import ModerationCommands
from bot.features.moderation.queue_view import CancelServerJobId, ServerQueuePageId
from bot.features.moderation.server_queue import ServerQueueCommands
from bot.features.moderation.view import AuditPageId, build_audit_view
from shared.i18n.messages import load_messages
from shared.problems import RejectedError
from tests.support.commands import UNUSED

COMMANDS = ModerationCommands(UNUSED, UNUSED, UNUSED)
SERVER_QUEUE = ServerQueueCommands(UNUSED, UNUSED, UNUSED, UNUSED, UNUSED, UNUSED)
MEMBER: Any = SimpleNamespace(id=2, bot=False, guild_permissions=discord.Permissions.none())


def make_interaction(permissions: discord.Permissions, guild_id: int | None = 1) -> Any:
    return SimpleNamespace(guild_id=guild_id, permissions=permissions)


@pytest.mark.parametrize(
    "act",
    [
        lambda interaction: COMMANDS.block(interaction, MEMBER, "because"),
        lambda interaction: COMMANDS.unblock(interaction, MEMBER),
        COMMANDS.show_blocked,
        lambda interaction: COMMANDS.cancel(interaction, MEMBER, "because"),
        COMMANDS.show_audit_log,
        lambda interaction: COMMANDS.show_older_entries(interaction, AuditPageId(7)),
        SERVER_QUEUE.pause_queue,
        SERVER_QUEUE.drain_queue,
        SERVER_QUEUE.resume_queue,
        SERVER_QUEUE.show_queue,
        lambda interaction: SERVER_QUEUE.show_page(interaction, ServerQueuePageId(0)),
        lambda interaction: SERVER_QUEUE.cancel_job(interaction, CancelServerJobId("1442000000000000001", 0)),
    ],
)
@pytest.mark.parametrize(
    "interaction",
    [make_interaction(discord.Permissions(manage_messages=True)), make_interaction(discord.Permissions.all(), None)],
)
async def test_who_is_no_moderator_here_is_refused(act: Callable[[Any], Any], interaction: Any) -> None:
    with pytest.raises(RejectedError) as raised:
        await act(interaction)

    assert raised.value.problems[0].code == "moderation_not_allowed"


@pytest.mark.parametrize("language", ["en-US", "fr"])
@pytest.mark.parametrize("action", [*AuditAction, "of_another_release"])
def test_every_action_has_a_sentence(language: str, action: str) -> None:
    view = build_audit_view([AuditEntry(1, 2, action, 3, "*why*", 4.0)], None, load_messages(language), has_older=True)

    text = str(view.to_components())  # type: ignore[no-untyped-call]
    assert "<t:4:f> <@2> " in text
    assert "\\\\*why" in text
    assert "audit_page:1" in text


@pytest.mark.parametrize(
    ("target_id", "named"), [(1, "for this server"), (5, "for <@&5>"), (6, "for <#6>"), (7, "for <@7>")]
)
def test_the_log_names_whom_or_which_place_a_budget_is_for(target_id: int, named: str) -> None:
    guild: Any = SimpleNamespace(id=1, get_role={5: "role"}.get, get_channel_or_thread={6: "channel"}.get)
    entry = AuditEntry(1, 2, AuditAction.SET_BUDGET, target_id, "", 4.0)

    view = build_audit_view([entry], guild, load_messages("en-US"), has_older=False)

    assert f"set a budget {named}" in str(view.to_components())  # type: ignore[no-untyped-call]
