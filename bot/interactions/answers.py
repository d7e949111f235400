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
from discord import ui
from discord.utils import MISSING

from bot.interactions.speaking import phrases_of
from bot.render.text import escaped
from shared.errors import Problem, Refused

log = logging.getLogger(__name__)

LIMIT: Final = 2000
ATTEMPTS: Final = 3
_DEADLINE: Final = 10.0
_ANSWER: Final = "answer"
_ALREADY_ACKNOWLEDGED: Final = 40060
_UNKNOWN_INTERACTION: Final = 10062


async def acknowledge(interaction: discord.Interaction, *, private: bool = False) -> bool:
    """Show everyone, or the author alone, that the bot is thinking, in a new message whatever was used.

    False when this very interaction was answered before, or died waiting.
    """

    async def think() -> None:
        given = await interaction.response.defer(thinking=True, ephemeral=private)
        interaction.extras[_ANSWER] = given and given.message_id

    return await _answer_first(interaction, think)


async def answer_id(interaction: discord.Interaction) -> int:
    """Name the message that `acknowledge` made: Discord told its id, or is asked where that was lost on its way.

    https://discord.com/developers/docs/interactions/receiving-and-responding#interaction-callback-response-object
    """
    return interaction.extras.get(_ANSWER) or (await interaction.original_response()).id


async def refuse(interaction: discord.Interaction, problems: Sequence[Problem]) -> None:
    """Answer, before anything else, with all that is wrong; only the author sees it."""
    await tell(interaction, written(interaction, problems))


async def tell(interaction: discord.Interaction, text: str, *, view: ui.View = MISSING) -> None:
    """Answer, before anything else, with these words and buttons; only the author sees them."""
    await _answer_first(interaction, lambda: interaction.response.send_message(text, view=view, ephemeral=True))


async def outdated(interaction: discord.Interaction) -> None:
    """Answer, before anything else, that this is nothing the bot knows how to do."""
    await tell(interaction, phrases_of(interaction).say("refused.outdated"))


async def open_form(interaction: discord.Interaction, form: ui.Modal) -> None:
    """Answer, before anything else, with a form to fill in."""
    await _answer_first(interaction, lambda: interaction.response.send_modal(form))


async def hold(interaction: discord.Interaction) -> bool:
    """Promise, before anything else, that the message which was used will change; `change` keeps it.

    False as `acknowledge` has it.
    """
    return await _answer_first(interaction, interaction.response.defer)


async def change(interaction: discord.Interaction, text: str) -> None:
    """Put these words in the place of the answer that was promised, and of any buttons."""
    async with asyncio.timeout(_DEADLINE):
        await interaction.edit_original_response(content=text, view=None)


async def report(interaction: discord.Interaction, do: Callable[[], Awaitable[str]]) -> None:
    """Do something once, however often Discord delivers the interaction, and tell its author alone what came of it."""
    if not await acknowledge(interaction, private=True):
        return
    try:
        text = await do()
    except Refused as refused:
        text = written(interaction, refused.problems)
    await change(interaction, text)


async def take_back(interaction: discord.Interaction, problems: Sequence[Problem]) -> None:
    """Delete the public answer, then say what is wrong to the author alone.

    The deletion comes first: a followup to an answer that is still "thinking" would replace it, for everyone to see.
    """
    async with asyncio.timeout(_DEADLINE * 3):
        with contextlib.suppress(discord.NotFound):
            await interaction.delete_original_response()
        await interaction.followup.send(written(interaction, problems), ephemeral=True)


async def refuse_late(interaction: discord.Interaction, problems: Sequence[Problem]) -> None:
    """Tell the author alone what is wrong, wherever the answer stands.

    One that still says "thinking" gets words before it is deleted: only then does Discord take a followup, and if the
    deletion fails, the words stand. A message that was used stays as it is.
    """
    if not interaction.response.is_done():
        await refuse(interaction, problems)
    elif interaction.response.type is discord.InteractionResponseType.deferred_message_update:
        async with asyncio.timeout(_DEADLINE):
            await interaction.followup.send(written(interaction, problems), ephemeral=True)
    else:
        async with asyncio.timeout(_DEADLINE * 3):
            await interaction.edit_original_response(content=written(interaction, problems))
        await take_back(interaction, problems)


def written(interaction: discord.Interaction, problems: Sequence[Problem]) -> str:
    """All that is wrong, in the author's language, as text that Discord shows literally and takes in one message."""
    first, *more = phrases_of(interaction).problems(problems)
    text = "\n".join([escaped(first, LIMIT), *(f"- {escaped(line, LIMIT)}" for line in more)])
    return text if len(text) <= LIMIT else text[: LIMIT - 1] + "…"


async def _answer_first(interaction: discord.Interaction, answer: Callable[[], Awaitable[object]]) -> bool:
    """Answer, and again when the connection broke: if an earlier try did arrive, Discord says so."""
    for attempt in range(ATTEMPTS):
        try:
            async with asyncio.timeout(_DEADLINE):
                await answer()
        except discord.HTTPException as error:
            if error.code == _ALREADY_ACKNOWLEDGED:
                return attempt > 0
            if error.code == _UNKNOWN_INTERACTION:
                log.warning(
                    "job %s: Discord waits no longer for an answer; the command was seen too late", interaction.id
                )
                return False
            raise
        except (aiohttp.ClientError, OSError):
            if attempt == ATTEMPTS - 1:
                raise
        else:
            return True
    return False
