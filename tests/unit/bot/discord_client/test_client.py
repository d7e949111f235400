"""Events of the gateway reach the features only from servers that the bot serves."""

from types import SimpleNamespace
from typing import Any

from bot.discord_client.client import Bot
from bot.discord_client.feature import Feature
from bot.interactions.access import AccessRule
from tests.support.commands import UNUSED


async def test_no_server_is_greeted_or_answered_that_is_not_served() -> None:
    seen: list[Any] = []

    async def note(event: Any) -> None:
        seen.append(event)

    bot = Bot([Feature(message_handlers=[note], join_handlers=[note])], access_rule=AccessRule(UNUSED, {1}))
    served: Any
    other: Any
    served, other = SimpleNamespace(id=1), SimpleNamespace(id=2)
    direct: Any = SimpleNamespace(guild=None)
    answered: Any = SimpleNamespace(guild=served)
    ignored: Any = SimpleNamespace(guild=other)

    for guild in (served, other):
        await bot.on_guild_join(guild)
    for message in (direct, answered, ignored):
        await bot.on_message(message)

    assert seen == [served, direct, answered]
