"""The list of a server's requests, with a button to cancel each."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from discord import ui

from bot.domain.guild_settings import GuildQueueState
from bot.domain.status import JobStatus, QueueState
from bot.interactions.components import build_button
from bot.interactions.custom_ids import JOB_ID, CustomId
from bot.rendering.job_list import CANCELLABLE_STATES
from bot.rendering.layout import build_container_view
from bot.rendering.markdown import escape_markdown
from shared.catalogue import Catalogue
from shared.i18n.messages import Messages
from shared.outcome import Failed

PAGE_SIZE: Final = 10
"""Each request takes three of the 40 components that a message may have."""

_MODEL_NAME_LIMIT: Final = 60
_PAGE: Final = r"(?P<page>[0-9]{1,4})"


@dataclass(frozen=True)
class ServerQueuePageId(CustomId, template=f"server_queue:{_PAGE}"):
    """A button that shows a page, from 0, as it is now."""

    page: int


@dataclass(frozen=True)
class CancelServerJobId(CustomId, template=f"server_queue_cancel:{JOB_ID}:{_PAGE}"):
    """The button that cancels a request of a page."""

    job_id: str
    page: int


@dataclass(frozen=True)
class ServerQueuePage:
    """A page of the open jobs of a server. `count` is the number of all, `prices` are millionths of a dollar by job."""

    statuses: Sequence[JobStatus]
    count: int
    number: int
    prices: Mapping[str, int]
    state: GuildQueueState

    @property
    def unreadable_count(self) -> int:
        """How many jobs of the page another release stored in a form that this one cannot read."""
        return min(PAGE_SIZE, self.count - self.number * PAGE_SIZE) - len(self.statuses)

    @property
    def has_next(self) -> bool:
        """Whether there is another page."""
        return (self.number + 1) * PAGE_SIZE < self.count


def build_server_queue_view(
    page: ServerQueuePage, catalogue: Catalogue, messages: Messages, note: str = ""
) -> ui.LayoutView:
    """Show a page of the queue. `note` reports the last action."""
    lines = [note] if note else []
    lines.append(f"### {messages.text('queue.guild' if page.count else 'queue.guild_none', count=page.count)}")
    if page.state is not GuildQueueState.OPEN:
        lines.append(messages.text(f"queue.guild_{page.state}"))
    if page.unreadable_count > 0:
        lines.append(messages.text("queue.unreadable", count=page.unreadable_count))
    items: list[ui.Item[Any]] = [ui.TextDisplay("\n".join(lines))]
    for number, status in enumerate(page.statuses, page.number * PAGE_SIZE + 1):
        text = _format_job(number, status, page.prices.get(status.job.id), catalogue, messages)
        if status.state in CANCELLABLE_STATES:
            button = build_button(CancelServerJobId(status.job.id, page.number), messages.text("button.cancel"))
            items.append(ui.Section(text, accessory=button))
        else:
            items.append(ui.TextDisplay(text))
    buttons = [build_button(ServerQueuePageId(page.number), messages.text("moderation.refresh"))]
    if page.number:
        buttons.append(build_button(ServerQueuePageId(page.number - 1), messages.text("moderation.previous_page")))
    if page.has_next:
        buttons.append(build_button(ServerQueuePageId(page.number + 1), messages.text("moderation.next_page")))
    return build_container_view(*items, ui.ActionRow(*buttons))


def _format_job(number: int, status: JobStatus, price: int | None, catalogue: Catalogue, messages: Messages) -> str:
    """Say who requested a job, with which model, at which price and when, and how far it is; but not its words.

    `number` is its place among the server's requests by age. Whose entry of a contest it is stays secret: the picture
    may be shown as soon as it is there.
    """
    job = status.job
    model = catalogue.models.get(job.request.model)
    facts = [
        f"**{number}**",
        messages.text("moderation.job_entry") if job.entry is not None else f"<@{job.requester.id}>",
        escape_markdown(model.name if model else job.request.model, _MODEL_NAME_LIMIT),
        messages.text("moderation.job_price_unknown") if price is None else messages.format_price(price / 1e6),
        f"<t:{int(job.accepted_at)}:R>",
    ]
    return f"{' · '.join(facts)}\n-# {_format_state(status, messages)}"


def _format_state(status: JobStatus, messages: Messages) -> str:
    if status.is_guild_paused:
        return messages.text("moderation.job_paused")
    if status.state is QueueState.QUEUED:
        return messages.text("moderation.job_queued", position=status.position)
    is_cancelled = isinstance(status.outcome, Failed) and status.outcome.is_cancelled
    return messages.text("moderation.job_cancelled" if is_cancelled else f"moderation.job_{status.state}")
