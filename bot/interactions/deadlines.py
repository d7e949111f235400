"""How long may be looked something up before the first answer: Discord waits three seconds for that one.

https://discord.com/developers/docs/interactions/receiving-and-responding#responding-to-an-interaction
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Final

import discord

from shared.problems import RejectedError, make_problem

LOOKUP_TIMEOUT_SECONDS: Final = 2.5
_DEADLINE_KEY: Final = "looked up until"


@contextlib.asynccontextmanager
async def limit_lookup_time(interaction: discord.Interaction) -> AsyncIterator[None]:
    """Look up what the first answer depends on; all that is looked up for it shares `LOOK_SECONDS`.

    Raises `RejectedError` (not_in_time).
    """
    until = interaction.extras.setdefault(_DEADLINE_KEY, asyncio.get_running_loop().time() + LOOKUP_TIMEOUT_SECONDS)
    try:
        async with asyncio.timeout_at(until):
            yield
    except TimeoutError as error:
        raise RejectedError(make_problem("not_in_time")) from error
