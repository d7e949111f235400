"""A person's open jobs in one message: where each stands, and a button for those that can still be cancelled."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from discord import ui

from bot.domain.ports import JobStatus, MessageRef, QueueState
from bot.i18n import Messages
from bot.rendering.markdown import escape_markdown, format_request_prompt
from bot.rendering.status_text import format_status
from shared.catalogue import Catalogue
from shared.job import Origin

MAX_JOBS: Final = 10  # a row of three components each, of at most 40 in a message
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
    note: str = "",
) -> ui.LayoutView:
    """List the jobs, oldest first, at most `LISTED` of them. `buttons` are what cancels a job, by its id.

    `guild` is how many jobs of the whole server are open, None where there is no server; `note` is a sentence before
    all, on what was done.
    """
    title = messages.text("queue.title", count=len(statuses)) if statuses else messages.text("queue.none")
    lines = [note, f"### {title}"] if note else [f"### {title}"]
    if guild_job_count is not None:
        lines.append(messages.text("queue.guild", count=guild_job_count))
    container = ui.Container[ui.LayoutView](ui.TextDisplay("\n".join(lines)))
    for standing in statuses[:MAX_JOBS]:
        text = _format_job(standing, catalogue, messages)
        button = cancel_buttons.get(standing.job.id) if standing.state in CANCELLABLE_STATES else None
        container.add_item(ui.TextDisplay(text) if button is None else ui.Section(text, accessory=button))
    if len(statuses) > MAX_JOBS:
        container.add_item(ui.TextDisplay(f"-# {messages.text('queue.more', count=len(statuses) - MAX_JOBS)}"))
    view = ui.LayoutView(timeout=None)
    view.add_item(container)
    return view


def build_origin_link(origin: Origin) -> str:
    """Give the address of the message that says where a job stands."""
    return MessageRef(origin.channel_id, origin.message_id, is_private=origin.is_direct_message).build_link(
        origin.guild_id
    )


def _format_job(status: JobStatus, catalogue: Catalogue, messages: Messages) -> str:
    job = status.job
    model = catalogue.models.get(job.request.model)
    name = escape_markdown(model.name if model else job.request.model, _MODEL_NAME_LIMIT)
    prompt = escape_markdown(format_request_prompt(job.request), _PROMPT_LIMIT)
    quoted = messages.text("language.quoted", words=prompt) if prompt else ""
    named = "" if status.state is QueueState.RUNNING and prompt else name  # what runs is told with its model's name
    what = " · ".join(filter(None, (quoted, named)))
    link = f"[{messages.text('queue.open')}]({build_origin_link(job.origin)})"
    return f"{what}\n{format_status(status, messages, model)} {link}"
