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

from bot.interactions.locale import get_localized_messages
from bot.rendering.markdown import escape_markdown
from shared.problems import Problem, RejectedError

log = logging.getLogger(__name__)

MESSAGE_LIMIT: Final = 2000
MAX_ATTEMPTS: Final = 3
_TIMEOUT_SECONDS: Final = 10.0
_RESPONSE_ID_KEY: Final = "answer"
_ALREADY_ACKNOWLEDGED: Final = 40060
_UNKNOWN_INTERACTION: Final = 10062


async def defer(interaction: discord.Interaction, *, private: bool = False) -> bool:
    """Show everyone, or the author alone, that the bot is thinking, in a new message whatever was used.

    False when this very interaction was answered before, or died waiting.
    """

    async def think() -> None:
        given = await interaction.response.defer(thinking=True, ephemeral=private)
        interaction.extras[_RESPONSE_ID_KEY] = given and given.message_id

    return await _respond_with_retry(interaction, think)


async def fetch_response_id(interaction: discord.Interaction) -> int:
    """Name the message that `acknowledge` made: Discord told its id, or is asked where that was lost on its way.

    https://discord.com/developers/docs/interactions/receiving-and-responding#interaction-callback-response-object
    """
    return interaction.extras.get(_RESPONSE_ID_KEY) or (await interaction.original_response()).id


async def respond_with_problems(interaction: discord.Interaction, problems: Sequence[Problem]) -> None:
    """Answer, before anything else, with all that is wrong; only the author sees it."""
    await respond_privately(interaction, format_problems(interaction, problems))


async def respond_privately(interaction: discord.Interaction, text: str, *, view: ui.View = MISSING) -> None:
    """Answer, before anything else, with these words and buttons; only the author sees them."""
    await _respond_with_retry(interaction, lambda: interaction.response.send_message(text, view=view, ephemeral=True))


async def respond_outdated(interaction: discord.Interaction) -> None:
    """Answer, before anything else, that this is nothing the bot knows how to do."""
    await respond_privately(interaction, get_localized_messages(interaction).text("refused.outdated"))


async def open_modal(interaction: discord.Interaction, modal: ui.Modal) -> None:
    """Answer, before anything else, with a form to fill in."""
    await _respond_with_retry(interaction, lambda: interaction.response.send_modal(modal))


async def defer_update(interaction: discord.Interaction) -> bool:
    """Promise, before anything else, that the message which was used will change; `change` keeps it.

    False as `acknowledge` has it.
    """
    return await _respond_with_retry(interaction, interaction.response.defer)


async def edit_response(interaction: discord.Interaction, text: str) -> None:
    """Put these words in the place of the answer that was promised, and of any buttons."""
    async with asyncio.timeout(_TIMEOUT_SECONDS):
        await interaction.edit_original_response(content=text, view=None)


async def run_and_report(interaction: discord.Interaction, run: Callable[[], Awaitable[str]]) -> None:
    """Do something once, however often Discord delivers the interaction, and tell its author alone what came of it."""
    if not await defer(interaction, private=True):
        return
    try:
        text = await run()
    except RejectedError as refused:
        text = format_problems(interaction, refused.problems)
    await edit_response(interaction, text)


async def withdraw_and_explain(interaction: discord.Interaction, problems: Sequence[Problem]) -> None:
    """Delete the public answer, then say what is wrong to the author alone.

    The deletion comes first: a followup to an answer that is still "thinking" would replace it, for everyone to see.
    """
    async with asyncio.timeout(_TIMEOUT_SECONDS * 3):
        with contextlib.suppress(discord.NotFound):
            await interaction.delete_original_response()
        await interaction.followup.send(format_problems(interaction, problems), ephemeral=True)


async def respond_or_followup_with_problems(interaction: discord.Interaction, problems: Sequence[Problem]) -> None:
    """Tell the author alone what is wrong, wherever the answer stands.

    One that still says "thinking" gets words before it is deleted: only then does Discord take a followup, and if the
    deletion fails, the words stand. A message that was used stays as it is.
    """
    if not interaction.response.is_done():
        await respond_with_problems(interaction, problems)
    elif interaction.response.type is discord.InteractionResponseType.deferred_message_update:
        async with asyncio.timeout(_TIMEOUT_SECONDS):
            await interaction.followup.send(format_problems(interaction, problems), ephemeral=True)
    else:
        async with asyncio.timeout(_TIMEOUT_SECONDS * 3):
            await interaction.edit_original_response(content=format_problems(interaction, problems))
        await withdraw_and_explain(interaction, problems)


def format_problems(interaction: discord.Interaction, problems: Sequence[Problem]) -> str:
    """All that is wrong, in the author's language, as text that Discord shows literally and takes in one message."""
    first, *more = get_localized_messages(interaction).format_problems(problems)
    text = "\n".join(
        [escape_markdown(first, MESSAGE_LIMIT), *(f"- {escape_markdown(line, MESSAGE_LIMIT)}" for line in more)]
    )
    return text if len(text) <= MESSAGE_LIMIT else text[: MESSAGE_LIMIT - 1] + "…"


async def _respond_with_retry(interaction: discord.Interaction, respond: Callable[[], Awaitable[object]]) -> bool:
    """Answer, and again when the connection broke: if an earlier try did arrive, Discord says so."""
    for attempt in range(MAX_ATTEMPTS):
        try:
            async with asyncio.timeout(_TIMEOUT_SECONDS):
                await respond()
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
            if attempt == MAX_ATTEMPTS - 1:
                raise
        else:
            return True
    return False
