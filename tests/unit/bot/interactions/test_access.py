"""Who may use the bot: members of served servers whom nobody has blocked, in the channels and roles of the server."""

from types import SimpleNamespace
from typing import Any

import discord
import pytest

from bot.domain.blocks import Block
from bot.domain.guild_settings import GuildSettings
from bot.interactions import access
from bot.interactions.access import MEMBERSHIP_SECONDS, Access, AccessRule
from tests.support.builders import Clock
from tests.support.members import make_interaction

GUILD, OTHER_GUILD, ADA, BEN = 1, 2, 10, 11


class FakeBlocks:
    """Blocks by guild and user."""

    def __init__(self, *blocks: Block) -> None:
        self.blocks = {(GUILD, block.user_id): block for block in blocks}

    async def find_block(self, guild_id: int, user_id: int) -> Block | None:
        return self.blocks.get((guild_id, user_id))


class FakeDiscord:
    """Discord's API. Ada is a member of the guild, and everyone whose id is above 99; the bot is in no other guild."""

    def __init__(self) -> None:
        self.lookups = 0

    async def get_member(self, guild_id: int, user_id: int) -> None:
        self.lookups += 1
        if guild_id != GUILD:
            raise discord.Forbidden(SimpleNamespace(status=403, reason="Forbidden"), "Missing Access")  # type: ignore[arg-type]
        if user_id != ADA and user_id < 100:
            response: Any = SimpleNamespace(status=404, reason="Not Found")
            raise discord.NotFound(response, "Unknown Member")


async def make_visit(guild_id: int | None, user_id: int, http: FakeDiscord | None = None) -> Any:
    client = SimpleNamespace(http=http)
    return await make_interaction(guild_id=guild_id, user_id=user_id, client=client)


async def find_refusal(rule: AccessRule, interaction: Any, kind: Access = Access.REQUEST) -> str | None:
    problem = await rule.find_refusal(interaction, kind)
    return None if problem is None else problem.code


@pytest.mark.parametrize(
    ("block", "code"), [(Block(ADA, "spam", None), "blocked"), (Block(ADA, "spam", 2e9), "blocked_until")]
)
async def test_a_blocked_member_is_refused_in_that_server_alone(block: Block, code: str) -> None:
    rule = AccessRule(FakeBlocks(block))

    assert await find_refusal(rule, await make_visit(GUILD, ADA)) == code
    assert await find_refusal(rule, await make_visit(GUILD, ADA), Access.ALWAYS) == code
    assert await find_refusal(rule, await make_visit(OTHER_GUILD, ADA)) is None
    assert await find_refusal(rule, await make_visit(GUILD, BEN)) is None


async def test_only_the_named_servers_and_their_members_are_served() -> None:
    http = FakeDiscord()
    rule = AccessRule(FakeBlocks(), {OTHER_GUILD + 1, GUILD})

    assert await find_refusal(rule, await make_visit(GUILD, BEN)) is None
    assert await find_refusal(rule, await make_visit(OTHER_GUILD, ADA)) == "server_not_served"
    assert await find_refusal(rule, await make_visit(None, ADA, http)) is None
    assert await find_refusal(rule, await make_visit(None, BEN, http)) == "server_not_served"


async def test_a_member_is_looked_up_again_only_after_some_minutes() -> None:
    http, clock = FakeDiscord(), Clock()
    rule = AccessRule(FakeBlocks(), {GUILD}, clock)

    for _ in range(3):
        await rule.find_refusal(await make_visit(None, ADA, http), Access.REQUEST)
    assert http.lookups == 1

    clock.now += MEMBERSHIP_SECONDS + 1
    await rule.find_refusal(await make_visit(None, ADA, http), Access.REQUEST)
    assert http.lookups == 2


async def test_the_members_that_are_remembered_are_bounded_in_number_and_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(access, "MAX_MEMBERS", 3)
    http, clock, remembered = FakeDiscord(), Clock(), dict[int, float]()
    rule = AccessRule(FakeBlocks(), {GUILD}, clock, remembered)

    for user_id in range(100, 110):
        await rule.find_refusal(await make_visit(None, user_id, http), Access.REQUEST)
    assert list(remembered) == [107, 108, 109]

    clock.now += MEMBERSHIP_SECONDS + 1
    await rule.find_refusal(await make_visit(None, ADA, http), Access.REQUEST)
    assert list(remembered) == [ADA]


async def test_without_named_servers_everyone_is_served_without_a_lookup() -> None:
    http = FakeDiscord()

    assert await find_refusal(AccessRule(FakeBlocks()), await make_visit(None, BEN, http)) is None
    assert http.lookups == 0


@pytest.mark.parametrize(
    ("settings", "facts", "code"),
    [
        (GuildSettings(allowed_channel_ids=frozenset({7})), {"channel_id": 7}, None),
        (GuildSettings(allowed_channel_ids=frozenset({7})), {"channel_id": 8}, "channel_not_allowed"),
        (GuildSettings(allowed_channel_ids=frozenset({7})), {"channel_id": 70, "parent_id": 7}, None),
        (GuildSettings(allowed_channel_ids=frozenset({7})), {"channel_id": 7, "parent_id": 8}, "channel_not_allowed"),
        (GuildSettings(allowed_channel_ids=frozenset({7})), {"channel_id": 8, "guild_id": None}, None),
        (GuildSettings(allowed_role_ids=frozenset({5, 6})), {"role_ids": [1, 6]}, None),
        (GuildSettings(allowed_role_ids=frozenset({5, 6})), {"role_ids": [1]}, "role_not_allowed"),
        (GuildSettings(allowed_role_ids=frozenset({5, 6})), {"role_ids": [1], "guild_id": None}, None),
        (GuildSettings(allowed_role_ids=frozenset({5})), {"permissions": discord.Permissions(manage_guild=True)}, None),
        (
            GuildSettings(allowed_role_ids=frozenset({5})),
            {"permissions": discord.Permissions(moderate_members=True)},
            "role_not_allowed",
        ),
    ],
)
async def test_a_server_opens_the_bot_to_some_channels_and_roles(
    settings: GuildSettings, facts: dict[str, Any], code: str | None
) -> None:
    rule, interaction = AccessRule(FakeBlocks()), await make_interaction(settings=settings, **facts)

    assert [await find_refusal(rule, interaction, kind) for kind in (Access.REQUEST, Access.VIEW)] == [code, code]
    assert await find_refusal(rule, interaction, Access.ALWAYS) is None
