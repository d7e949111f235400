"""Who may use the bot: members of served servers whom nobody has blocked."""

from types import SimpleNamespace
from typing import Any

import discord
import pytest

from bot.domain.blocks import Block
from bot.interactions.access import MEMBERSHIP_SECONDS, AccessRule
from shared.problems import RejectedError
from tests.support.builders import Clock

GUILD, OTHER_GUILD, ADA, BEN = 1, 2, 10, 11


class FakeBlocks:
    """Blocks by guild and user."""

    def __init__(self, *blocks: Block) -> None:
        self.blocks = {(GUILD, block.user_id): block for block in blocks}

    async def find_block(self, guild_id: int, user_id: int) -> Block | None:
        return self.blocks.get((guild_id, user_id))


class FakeGuild:
    """A guild that Ada is a member of."""

    def __init__(self) -> None:
        self.lookups = 0

    async def fetch_member(self, user_id: int) -> None:
        self.lookups += 1
        if user_id != ADA:
            response: Any = SimpleNamespace(status=404, reason="Not Found")
            raise discord.NotFound(response, "Unknown Member")


def make_interaction(guild_id: int | None, user_id: int, guild: FakeGuild | None = None) -> Any:
    client = SimpleNamespace(get_guild=lambda found_id: guild if found_id == GUILD else None)
    return SimpleNamespace(guild_id=guild_id, user=SimpleNamespace(id=user_id), client=client)


async def find_refusal(rule: AccessRule, interaction: Any) -> str | None:
    try:
        await rule.require_access(interaction)
    except RejectedError as rejection:
        return rejection.problems[0].code
    return None


@pytest.mark.parametrize(
    ("block", "code"), [(Block(ADA, "spam", None), "blocked"), (Block(ADA, "spam", 2e9), "blocked_until")]
)
async def test_a_blocked_member_is_refused_in_that_server_alone(block: Block, code: str) -> None:
    rule = AccessRule(FakeBlocks(block))

    assert await find_refusal(rule, make_interaction(GUILD, ADA)) == code
    assert await find_refusal(rule, make_interaction(OTHER_GUILD, ADA)) is None
    assert await find_refusal(rule, make_interaction(GUILD, BEN)) is None


async def test_only_the_named_servers_and_their_members_are_served() -> None:
    guild = FakeGuild()
    rule = AccessRule(FakeBlocks(), {GUILD})

    assert await find_refusal(rule, make_interaction(GUILD, BEN)) is None
    assert await find_refusal(rule, make_interaction(OTHER_GUILD, ADA)) == "server_not_served"
    assert await find_refusal(rule, make_interaction(None, ADA, guild)) is None
    assert await find_refusal(rule, make_interaction(None, BEN, guild)) == "server_not_served"


async def test_a_member_is_looked_up_again_only_after_some_minutes() -> None:
    guild, clock = FakeGuild(), Clock()
    rule = AccessRule(FakeBlocks(), {GUILD}, clock)

    for _ in range(3):
        await rule.require_access(make_interaction(None, ADA, guild))
    assert guild.lookups == 1

    clock.now += MEMBERSHIP_SECONDS + 1
    await rule.require_access(make_interaction(None, ADA, guild))
    assert guild.lookups == 2


async def test_without_named_servers_everyone_is_served_without_a_lookup() -> None:
    guild = FakeGuild()

    assert await find_refusal(AccessRule(FakeBlocks()), make_interaction(None, BEN, guild)) is None
    assert guild.lookups == 0
