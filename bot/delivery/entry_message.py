"""Builds the message that tells the author of an entry how it ended."""

import logging
from collections.abc import Sequence
from typing import Any

import discord
from discord import ui

from bot.delivery.result_message import MessagePayload, build_picture_file
from bot.interactions.components import build_button
from bot.interactions.result_buttons import RetryEntryId
from bot.rendering.layout import build_attached_gallery
from bot.rendering.markdown import escape_markdown, format_request_prompt
from bot.rendering.outcome_views import (
    FAILED_COLOUR,
    GENERATED_COLOUR,
    build_alt_text,
    build_outcome_view,
    format_notice_reason,
    format_notice_title,
)
from shared.i18n.messages import load_messages
from shared.imaging.limits import ImageRejectedError
from shared.job import Job
from shared.outcome import Generated, Outcome

log = logging.getLogger(__name__)

_PROMPT_LIMIT = 800


async def build_entry_message(
    job: Job, outcome: Outcome, image: bytes | None, *, notes: Sequence[str], max_bytes: int, is_in_server: bool = False
) -> MessagePayload:
    """Build the message in the language of the author, with the picture encoded in a thread to fit into `max_bytes`.

    Where it is shown in the server of the contest, there is a button to try again.
    """
    messages = load_messages(job.requester.locale)
    items: list[ui.Item[Any]] = []
    files: list[discord.File] = []
    if not isinstance(outcome, Generated):
        title, reason = format_notice_title(outcome, messages), format_notice_reason(outcome, messages)
        items.append(ui.TextDisplay(f"### {title}\n{reason}"))
    elif image is not None:
        try:
            file = await build_picture_file(job, outcome.seed, image, max_bytes)
        except (ValueError, ImageRejectedError):
            log.exception("job %s: its picture cannot be shown to its author", job.id)
        else:
            alt_text = build_alt_text(job.request, None, messages)
            items.append(build_attached_gallery(file.filename, alt_text, is_spoiler=job.is_spoiler))
            files.append(file)
    prompt = escape_markdown(format_request_prompt(job.request), _PROMPT_LIMIT)
    quoted = messages.text("language.quoted", words=prompt) if prompt else ""
    items.append(ui.TextDisplay("\n".join(filter(None, (*notes, quoted)))))
    colour = GENERATED_COLOUR if isinstance(outcome, Generated) else FAILED_COLOUR
    rows: list[ui.ActionRow[Any]] = []
    if is_in_server and not isinstance(outcome, Generated):
        rows.append(ui.ActionRow(build_button(RetryEntryId(job.id), messages.text("round.button_retry"))))
    view = build_outcome_view(job, colour, *items, rows=rows)
    return MessagePayload(view=view, files=files) if files else MessagePayload(view=view)
