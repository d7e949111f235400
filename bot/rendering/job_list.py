"""A list of open jobs in one message, with a button for each job that can still be cancelled."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final

from discord import ui

from bot.domain.messages import MessageRef
from bot.domain.status import JobStatus, QueueState
from bot.rendering.layout import build_container_view
from bot.rendering.markdown import escape_markdown, format_request_prompt
from bot.rendering.status_text import format_status
from shared.catalogue import Catalogue
from shared.i18n.messages import Messages
from shared.job import Origin

MAX_JOBS: Final = 10  # each takes three of the 40 components that a message may have
_PROMPT_LIMIT: Final = 120
_MODEL_NAME_LIMIT: Final = 60
CANCELLABLE_STATES: Final = frozenset({QueueState.PREPARING, QueueState.QUEUED})


def build_queue_view(
    statuses: Sequence[JobStatus],
    guild_job_count: int | None,
    catalogue: Catalogue,
    messages: Messages,
    cancel_buttons: Mapping[str, ui.Item[Any]],
    *,
    reasons: Mapping[str, str] = MappingProxyType({}),
    unreadable_count: int = 0,
    guild_note: str = "",
    note: str = "",
) -> ui.LayoutView:
    """List jobs in the given order, at most `MAX_JOBS` of them. `cancel_buttons` and `reasons` are by job id.

    `reasons` say why a job waits. `guild_job_count` is the number of open jobs of the whole server, None outside of a
    server; `guild_note` says more of its queue. `note` is shown above the list and reports the last action.
    `unreadable_count` more jobs cannot be read by this release.
    """
    count = len(statuses) + unreadable_count
    title = messages.text("queue.title", count=count) if count else messages.text("queue.none")
    lines = [note, f"### {title}"] if note else [f"### {title}"]
    if not count:
        lines.append(messages.text("queue.start"))
    if guild_job_count is not None:
        lines.append(messages.text("queue.guild" if guild_job_count else "queue.guild_none", count=guild_job_count))
    if guild_note:
        lines.append(guild_note)
    if unreadable_count:
        lines.append(messages.text("queue.unreadable", count=unreadable_count))
    items: list[ui.Item[Any]] = [ui.TextDisplay("\n".join(lines))]
    for status in statuses[:MAX_JOBS]:
        text = _format_job(status, catalogue, messages)
        if reason := reasons.get(status.job.id):
            text += f"\n-# {reason}"
        button = cancel_buttons.get(status.job.id) if status.state in CANCELLABLE_STATES else None
        items.append(ui.TextDisplay(text) if button is None else ui.Section(text, accessory=button))
    if len(statuses) > MAX_JOBS:
        items.append(ui.TextDisplay(f"-# {messages.text('queue.more', count=len(statuses) - MAX_JOBS)}"))
    return build_container_view(*items)


def build_origin_link(origin: Origin) -> str:
    """Build the link to a job's status message."""
    message = MessageRef(origin.channel_id, origin.message_id, is_private=origin.is_direct_message)
    return message.build_link(origin.guild_id)


def _format_job(status: JobStatus, catalogue: Catalogue, messages: Messages) -> str:
    request = status.job.request
    model = catalogue.models.get(request.model)
    model_name = escape_markdown(model.name if model else request.model, _MODEL_NAME_LIMIT)
    prompt = escape_markdown(format_request_prompt(request), _PROMPT_LIMIT)
    quoted = messages.text("language.quoted", words=prompt) if prompt else ""
    if prompt and status.state is QueueState.RUNNING:
        model_name = ""  # the status names the model
    heading = " · ".join(filter(None, (quoted, model_name)))
    link = f"[{messages.text('queue.open')}]({build_origin_link(status.job.origin)})"
    return f"{heading}\n{format_status(status, messages, model)} {link}"
