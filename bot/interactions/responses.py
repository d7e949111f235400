"""Responses to interactions: immediate, deferred, and private to the user who acted.

https://discord.com/developers/docs/interactions/receiving-and-responding
"""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Final

import aiohttp
import discord
from discord import ui
from discord.utils import MISSING

from bot.interactions.events import note_refusal
from bot.interactions.locale import get_localized_messages
from bot.rendering.markdown import count_utf16_units, escape_markdown, escape_problem_text, format_request_prompt
from shared.problems import Problem, RejectedError
from shared.request.model import Request

log = logging.getLogger(__name__)

MESSAGE_LIMIT: Final = 2000
_LINE_LIMIT: Final = 1500  # leaves room for a heading and for the line that counts the others
_QUOTE_LENGTH: Final = 10  # the quotation marks, their spaces and the end of the line
_SHORTEST_QUOTE: Final = 100
MAX_ATTEMPTS: Final = 3
UPLOAD_TIMEOUT_SECONDS: Final = 60.0
_TIMEOUT_SECONDS: Final = 10.0
_FOLLOWUP_TIMEOUT_SECONDS: Final = 30.0  # discord.py waits for rate limits meanwhile
_RESPONSE_ID_KEY: Final = "response id"
_ALREADY_ACKNOWLEDGED: Final = 40060
_UNKNOWN_INTERACTION: Final = 10062


@dataclass(frozen=True)
class RenderedMessage:
    """The components of a message and the files they refer to."""

    view: ui.LayoutView
    files: Sequence[discord.File] = ()


async def defer(interaction: discord.Interaction, *, private: bool = False) -> bool:
    """Show "thinking…" in a new message, to everyone or to the user alone.

    False when the interaction was responded to before (Discord delivered it twice), or has expired.
    """

    async def send_deferral() -> None:
        response = await interaction.response.defer(thinking=True, ephemeral=private)
        interaction.extras[_RESPONSE_ID_KEY] = response and response.message_id

    return await _respond_with_retry(interaction, send_deferral)


async def fetch_response_id(interaction: discord.Interaction) -> int:
    """Return the id of the message that `defer` created; fetch it when Discord's reply to `defer` was lost.

    https://discord.com/developers/docs/interactions/receiving-and-responding#interaction-callback-response-object
    """
    return interaction.extras.get(_RESPONSE_ID_KEY) or (await interaction.original_response()).id


async def defer_update(interaction: discord.Interaction) -> bool:
    """Acknowledge a component; its message is edited later. False as with `defer`."""
    return await _respond_with_retry(interaction, interaction.response.defer)


async def respond_privately(interaction: discord.Interaction, text: str, *, view: ui.View = MISSING) -> None:
    """Respond, as the first response, with a message that only the user sees."""
    await _respond_with_retry(interaction, lambda: interaction.response.send_message(text, view=view, ephemeral=True))


async def show_in_place(interaction: discord.Interaction, text: str, view: ui.View) -> None:
    """Respond, as the first response, by replacing the message whose component was used."""
    await _respond_with_retry(interaction, lambda: interaction.response.edit_message(content=text, view=view))


async def respond_with_problems(interaction: discord.Interaction, problems: Sequence[Problem]) -> None:
    """Respond, as the first response, with every problem; only the user sees it."""
    await respond_privately(interaction, format_problems(interaction, problems))


async def respond_outdated(interaction: discord.Interaction) -> None:
    """Respond, as the first response, that the command or component is of another version of the bot."""
    await respond_privately(interaction, get_localized_messages(interaction).text("errors.outdated"))


async def open_modal(interaction: discord.Interaction, modal: ui.Modal) -> None:
    """Respond, as the first response, with a modal."""
    await _respond_with_retry(interaction, lambda: interaction.response.send_modal(modal))


async def run_and_report(interaction: discord.Interaction, run: Callable[[], Awaitable[str]]) -> None:
    """Run an action once, even if Discord delivers the interaction twice, and show its message to the user alone."""
    if not await defer(interaction, private=True):
        return
    try:
        text = await run()
    except RejectedError as rejection:
        text = format_problems(interaction, rejection.problems)
    await edit_response(interaction, text)


async def respond_with(
    interaction: discord.Interaction, render: Callable[[], Awaitable[RenderedMessage]], *, private: bool = True
) -> None:
    """Defer, then show the rendered message. If rendering is rejected, the user alone sees why.

    A public response is edited before it is deleted: once a "thinking…" message is deleted, Discord may reject
    followups. https://github.com/discord/discord-api-docs/issues/3087
    """
    if not await defer(interaction, private=private):
        return
    try:
        await _edit_with_rendered(interaction, await render())
    except RejectedError as rejection:
        async with asyncio.timeout(UPLOAD_TIMEOUT_SECONDS):
            await interaction.edit_original_response(content=format_problems(interaction, rejection.problems))
        if not private:
            await withdraw_and_explain(interaction, rejection.problems)


async def update_message(interaction: discord.Interaction, render: Callable[[], Awaitable[RenderedMessage]]) -> None:
    """Show the rendered message in place of the one whose component was used; leave it if rendering is rejected."""
    if not await defer_update(interaction):
        return
    try:
        await _edit_with_rendered(interaction, await render())
    except RejectedError as rejection:
        await send_private_followup(interaction, format_problems(interaction, rejection.problems))


async def edit_response(interaction: discord.Interaction, text: str) -> None:
    """Replace the response, and its buttons, with text."""
    async with asyncio.timeout(_TIMEOUT_SECONDS):
        await interaction.edit_original_response(content=text, view=None)


async def withdraw_and_explain(
    interaction: discord.Interaction, problems: Sequence[Problem], request: Request | None = None
) -> None:
    """Delete the public response, then show the problems to the user alone, with the prompt of their request.

    The deletion comes first: a followup to a response that is still "thinking…" would replace it, for everyone to see.
    """
    async with asyncio.timeout(_FOLLOWUP_TIMEOUT_SECONDS):
        with contextlib.suppress(discord.NotFound):
            await interaction.delete_original_response()
    text = format_problems(interaction, problems)
    await send_private_followup(interaction, text if request is None else _add_prompt(interaction, text, request))


async def send_private_followup(interaction: discord.Interaction, text: str) -> None:
    """Show a text to the user alone, after the first response."""
    async with asyncio.timeout(_FOLLOWUP_TIMEOUT_SECONDS):
        await interaction.followup.send(text, ephemeral=True)


async def respond_or_followup_with_problems(interaction: discord.Interaction, problems: Sequence[Problem]) -> None:
    """Show the problems to the user alone, whether or not there is a response already.

    A "thinking…" response is edited before it is deleted: only then does Discord accept a followup, and if the deletion
    fails, the text remains. A message whose component was used stays as it is.
    """
    if not interaction.response.is_done():
        await respond_with_problems(interaction, problems)
    elif interaction.response.type is discord.InteractionResponseType.deferred_message_update:
        await send_private_followup(interaction, format_problems(interaction, problems))
    else:
        async with asyncio.timeout(_FOLLOWUP_TIMEOUT_SECONDS):
            await interaction.edit_original_response(content=format_problems(interaction, problems))
        await withdraw_and_explain(interaction, problems)


def format_problems(interaction: discord.Interaction, problems: Sequence[Problem]) -> str:
    """Format problems in the user's language, free of markdown, each on a whole line, and note them as a refusal.

    A last line says how many of them did not fit into the message.
    """
    note_refusal(interaction, problems)
    messages = get_localized_messages(interaction)
    first, *more = messages.format_problems(problems)
    if not more:
        return escape_problem_text(first, problems, MESSAGE_LIMIT)
    lines = [first, *(f"- {escape_problem_text(line, problems, _LINE_LIMIT)}" for line in more)]
    text, omitted = "\n".join(lines), 0
    while count_utf16_units(text) > MESSAGE_LIMIT:
        omitted += 1
        text = "\n".join([*lines[:-omitted], f"- {messages.text('errors.more', count=omitted)}"])
    return text


def _add_prompt(interaction: discord.Interaction, text: str, request: Request) -> str:
    """Quote the prompt of a request below a text, as far as there is room, so that it can be sent again."""
    prompt, room = format_request_prompt(request), MESSAGE_LIMIT - count_utf16_units(text) - _QUOTE_LENGTH
    if not prompt or room < _SHORTEST_QUOTE:
        return text
    quoted = get_localized_messages(interaction).text("language.quoted", words=escape_markdown(prompt, room))
    return f"{text}\n{quoted}"


async def _edit_with_rendered(interaction: discord.Interaction, rendered: RenderedMessage) -> None:
    async with asyncio.timeout(UPLOAD_TIMEOUT_SECONDS):
        await interaction.edit_original_response(view=rendered.view, attachments=rendered.files)


async def _respond_with_retry(interaction: discord.Interaction, respond: Callable[[], Awaitable[object]]) -> bool:
    """Respond, and again after a connection error: if an earlier attempt arrived, Discord says so."""
    for attempt in range(MAX_ATTEMPTS):
        try:
            async with asyncio.timeout(_TIMEOUT_SECONDS):
                await respond()
        except discord.HTTPException as error:
            if error.code == _ALREADY_ACKNOWLEDGED:
                return attempt > 0
            if error.code == _UNKNOWN_INTERACTION:
                log.warning("interaction %s expired before the bot responded", interaction.id)
                return False
            raise
        except (aiohttp.ClientError, OSError):
            if attempt == MAX_ATTEMPTS - 1:
                raise
        else:
            return True
    return False
