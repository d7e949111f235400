"""The time limit on lookups before the first response: Discord waits three seconds for it.

https://discord.com/developers/docs/interactions/receiving-and-responding#responding-to-an-interaction
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Final

import discord

from shared.problems import RejectedError, make_problem

LOOKUP_TIMEOUT_SECONDS: Final = 2.5
_DEADLINE_KEY: Final = "lookup deadline"


@contextlib.asynccontextmanager
async def limit_lookup_time(interaction: discord.Interaction) -> AsyncIterator[None]:
    """Limit the time of a lookup that the first response depends on.

    All lookups of an interaction share `LOOKUP_TIMEOUT_SECONDS`. Raises `RejectedError` (lookup_timed_out).
    """
    now = asyncio.get_running_loop().time()
    deadline = interaction.extras.setdefault(_DEADLINE_KEY, now + LOOKUP_TIMEOUT_SECONDS)
    try:
        async with asyncio.timeout_at(deadline):
            yield
    except TimeoutError as error:
        raise RejectedError(make_problem("lookup_timed_out")) from error
