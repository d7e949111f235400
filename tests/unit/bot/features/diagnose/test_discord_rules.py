"""Discord's own rules for a command: permissions, and the switches under Integrations, whose order Discord documents.

https://discord.com/developers/docs/interactions/application-commands#permissions
"""

from types import SimpleNamespace
from typing import Any

import discord
import pytest

from bot.features.diagnose.discord_rules import Integrations, Overrides, find_discord_problem, load_integrations
from tests.support.members import make_member

GUILD, EVERYONE, ALL_CHANNELS, MEMBER, CHANNEL, OTHER_CHANNEL, ROLE, OTHER_ROLE = 100, 100, 99, 10, 2, 3, 5, 6
USING = discord.Permissions(view_channel=True, use_application_commands=True)
MANAGING = discord.Permissions(manage_guild=True)
COMMAND: Any = SimpleNamespace(name="imagine", default_permissions=None)
NO_SWITCHES = Overrides()
MANAGERS_COMMAND: Any = SimpleNamespace(name="words", default_permissions=MANAGING)


def find_code(
    command: Any = COMMAND,
    application: Overrides = NO_SWITCHES,
    own: Overrides = NO_SWITCHES,
    *,
    permissions: discord.Permissions = USING,
    parent_id: int | None = None,
) -> str | None:
    member, channel = make_member(
        guild_id=GUILD,
        user_id=MEMBER,
        channel_id=CHANNEL if parent_id is None else 70,
        parent_id=parent_id,
        role_ids=[ROLE],
        permissions=permissions,
    )
    problem = find_discord_problem(command, member, channel, Integrations(application, {command.name: own}))
    return None if problem is None else problem.code


@pytest.mark.parametrize(
    ("command", "permissions", "code"),
    [
        (COMMAND, USING, None),
        (COMMAND, discord.Permissions(view_channel=True), "member_lacks_permissions"),
        (COMMAND, discord.Permissions(use_application_commands=True), "member_lacks_permissions"),
        (MANAGERS_COMMAND, USING, "command_needs_permissions"),
        (MANAGERS_COMMAND, USING | MANAGING, None),
        (MANAGERS_COMMAND, discord.Permissions(administrator=True), None),
    ],
)
def test_permissions_decide(command: Any, permissions: discord.Permissions, code: str | None) -> None:
    assert find_code(command, permissions=permissions) == code


@pytest.mark.parametrize(
    ("application", "own", "code"),
    [
        (Overrides(channels={CHANNEL: False}), Overrides(), "command_off_in_channel"),
        (Overrides(channels={ALL_CHANNELS: False}), Overrides(), "command_off_in_channel"),
        (Overrides(channels={ALL_CHANNELS: False, CHANNEL: True}), Overrides(), None),
        (Overrides(channels={OTHER_CHANNEL: False}), Overrides(), None),
        (Overrides(channels={CHANNEL: False}), Overrides(channels={CHANNEL: True}), None),
        (Overrides(channels={CHANNEL: True}), Overrides(channels={ALL_CHANNELS: False}), "command_off_in_channel"),
        (Overrides(members={EVERYONE: False}), Overrides(), "command_off_for_member"),
        (Overrides(members={EVERYONE: False, ROLE: True}), Overrides(), None),
        (Overrides(members={EVERYONE: False, OTHER_ROLE: True}), Overrides(), "command_off_for_member"),
        (Overrides(members={ROLE: True, MEMBER: False}), Overrides(), "command_off_for_member"),
        (Overrides(members={EVERYONE: False}), Overrides(members={MEMBER: True}), None),
        (Overrides(members={EVERYONE: True}), Overrides(members={ROLE: False}), "command_off_for_member"),
    ],
)
def test_switches_decide_the_narrower_before_the_wider(
    application: Overrides, own: Overrides, code: str | None
) -> None:
    assert find_code(COMMAND, application, own) == code


def test_only_a_switch_of_the_command_itself_opens_it_to_members_without_its_permissions() -> None:
    assert find_code(MANAGERS_COMMAND, Overrides(members={ROLE: True})) == "command_needs_permissions"
    assert find_code(MANAGERS_COMMAND, Overrides(), Overrides(members={ROLE: True})) is None


def test_a_thread_is_as_its_channel_and_an_administrator_is_never_stopped() -> None:
    closed = Overrides(channels={CHANNEL: False}, members={EVERYONE: False})

    assert find_code(COMMAND, closed, parent_id=CHANNEL) == "command_off_in_channel"
    assert find_code(COMMAND, closed, permissions=discord.Permissions(administrator=True)) is None


async def test_the_switches_are_read_by_the_names_of_commands() -> None:
    async def get_global_commands(application_id: int) -> list[dict[str, Any]]:
        assert application_id == 1
        return [{"id": "20", "name": "imagine"}, {"id": "21", "name": "words"}]

    async def get_permissions(application_id: int, guild_id: int) -> list[dict[str, Any]]:
        assert (application_id, guild_id) == (1, GUILD)
        entries = [
            {"id": str(CHANNEL), "type": 3, "permission": False},
            {"id": str(ROLE), "type": 1, "permission": True},
            {"id": str(MEMBER), "type": 2, "permission": False},
        ]
        return [{"id": "20", "permissions": entries}, {"id": "1", "permissions": entries[1:2]}]

    http = SimpleNamespace(
        get_global_commands=get_global_commands, get_guild_application_command_permissions=get_permissions
    )
    client: Any = SimpleNamespace(application_id=1, http=http)

    async def refuse(*_: int) -> None:
        raise OSError("no route")

    assert await load_integrations(client, GUILD) == Integrations(
        Overrides(members={ROLE: True}),
        {"imagine": Overrides(members={ROLE: True, MEMBER: False}, channels={CHANNEL: False})},
    )
    http.get_global_commands = refuse
    assert await load_integrations(client, GUILD) is None
