"""How long may be looked something up before the first answer: Discord waits three seconds for that one.

https://discord.com/developers/docs/interactions/receiving-and-responding#responding-to-an-interaction
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Final

import discord

from shared.errors import Refused, problem

LOOK_SECONDS: Final = 2.5
_UNTIL: Final = "looked up until"


@contextlib.asynccontextmanager
async def looking_up(interaction: discord.Interaction) -> AsyncIterator[None]:
    """Look up what the first answer depends on; all that is looked up for it shares `LOOK_SECONDS`.

    Raises `Refused` (not_in_time).
    """
    until = interaction.extras.setdefault(_UNTIL, asyncio.get_running_loop().time() + LOOK_SECONDS)
    try:
        async with asyncio.timeout_at(until):
            yield
    except TimeoutError as error:
        raise Refused(problem("not_in_time")) from error
