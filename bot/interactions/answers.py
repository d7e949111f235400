"""The first answer to a command, and answers that only its author sees.

https://discord.com/developers/docs/interactions/receiving-and-responding
"""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

import aiohttp
import discord

from bot.interactions.speaking import phrases_of
from bot.render.text import escaped
from shared.errors import Problem, problem

log = logging.getLogger(__name__)

LIMIT: Final = 2000
_DEADLINE: Final = 10.0
_ALREADY_ACKNOWLEDGED: Final = 40060
_UNKNOWN_INTERACTION: Final = 10062


async def acknowledge(interaction: discord.Interaction, *, private: bool = False) -> bool:
    """Show everyone, or the author alone, that the bot is thinking, in a new message whatever was used.

    False when this very interaction was answered before, or died waiting.
    """
    return await _answer_first(interaction, lambda: interaction.response.defer(thinking=True, ephemeral=private))


async def refuse(interaction: discord.Interaction, problems: Sequence[Problem]) -> None:
    """Answer, before anything else, with all that is wrong; only the author sees it."""
    await tell(interaction, written(interaction, problems))


async def tell(interaction: discord.Interaction, text: str) -> None:
    """Answer, before anything else, with these words; only the author sees them."""
    await _answer_first(interaction, lambda: interaction.response.send_message(text, ephemeral=True))


async def take_back(interaction: discord.Interaction, problems: Sequence[Problem]) -> None:
    """Delete the public answer, then say what is wrong to the author alone.

    The deletion comes first: a followup to an answer that is still "thinking" would replace it, for everyone to see.
    """
    async with asyncio.timeout(_DEADLINE * 3):
        with contextlib.suppress(discord.NotFound):
            await interaction.delete_original_response()
        await interaction.followup.send(written(interaction, problems), ephemeral=True)


async def apologise(interaction: discord.Interaction) -> None:
    """Tell the author that the bot itself failed, wherever the command stands.

    An answer that still says "thinking" gets words before it is deleted: only then does Discord take a followup, and
    if the deletion fails, the words stand.
    """
    failure = [problem("internal")]
    if not interaction.response.is_done():
        await refuse(interaction, failure)
        return
    async with asyncio.timeout(_DEADLINE * 3):
        await interaction.edit_original_response(content=written(interaction, failure))
    await take_back(interaction, failure)


def written(interaction: discord.Interaction, problems: Sequence[Problem]) -> str:
    """All that is wrong, in the author's language, as text that Discord shows literally and takes in one message."""
    first, *more = phrases_of(interaction).problems(problems)
    text = "\n".join([escaped(first, LIMIT), *(f"- {escaped(line, LIMIT)}" for line in more)])
    return text if len(text) <= LIMIT else text[: LIMIT - 1] + "…"


async def _answer_first(interaction: discord.Interaction, answer: Callable[[], Awaitable[object]]) -> bool:
    """Answer, and once more when the connection broke: if the first try did arrive, Discord says so."""
    for again in (False, True):
        try:
            async with asyncio.timeout(_DEADLINE):
                await answer()
        except discord.HTTPException as error:
            if error.code == _ALREADY_ACKNOWLEDGED:
                return again
            if error.code == _UNKNOWN_INTERACTION:
                log.warning(
                    "job %s: Discord waits no longer for an answer; the command was seen too late", interaction.id
                )
                return False
            raise
        except (aiohttp.ClientError, OSError):
            if again:
                raise
        else:
            return True
    return False
