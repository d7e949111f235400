"""The board of a batch: its progress and cost, and the buttons for those who may change it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import discord
from discord import ButtonStyle, ui

from bot.batches.brief_text import format_due_date
from bot.batches.custom_ids import (
    CancelRestId,
    OpenExportId,
    PauseBatchId,
    ResumeBatchId,
    RetryFailedId,
    RunAgainId,
    ShowUndecidedId,
)
from bot.batches.people import format_person
from bot.domain.batches import RESTARTABLE_STATES, Batch, BatchCounts, BatchState, ItemState, Review
from bot.domain.budgets import MICRO_USD_PER_USD
from bot.domain.messages import MessageRef
from bot.interactions.components import Button, build_button
from bot.rendering.layout import build_container_view
from bot.rendering.markdown import escape_markdown
from bot.rendering.outcome_views import FAILED_COLOUR, GENERATED_COLOUR
from shared.i18n.messages import Messages
from shared.job import Priority

BAR_LENGTH: Final = 10
MAX_REVIEWERS: Final = 5
_TITLE_LIMIT: Final = 200
_TEXT_LIMIT: Final = 1200
_NAME_LIMIT: Final = 100
_SHOWN_STATES: Final = (
    ItemState.GENERATED,
    ItemState.FILTERED,
    ItemState.FAILED,
    ItemState.CANCELLED,
    ItemState.QUEUED,
    ItemState.PENDING,
)
RUNNING_COLOUR: Final = discord.Colour(0x3498DB)
_PAUSED_COLOUR: Final = discord.Colour(0xD9A406)
_COLOURS: Final = {
    BatchState.RUNNING: RUNNING_COLOUR,
    BatchState.CANCELLING: RUNNING_COLOUR,
    BatchState.PAUSED: _PAUSED_COLOUR,
    BatchState.CANCELLED: FAILED_COLOUR,
}


@dataclass(frozen=True)
class BoardFacts:
    """All that a board shows besides the batch.

    `reviewers` are the members who decided on pictures, with how many, the busiest first. `ends_at` is when the last
    picture is expected, in Unix seconds; None if nobody can tell yet. Unless `has_own_thread`, the sheets are where the
    board is.
    """

    counts: BatchCounts
    reviewers: Sequence[tuple[int, int]] = field(default=())
    ends_at: float | None = None
    has_own_thread: bool = True

    @property
    def total(self) -> int:
        """How many items there are."""
        return sum(self.counts.by_state.values())

    @property
    def ended(self) -> int:
        """How many of them have ended."""
        return self.total - self.counts.open_count


def build_board_view(batch: Batch, facts: BoardFacts, messages: Messages, component_id: int) -> ui.LayoutView:
    """Build the board; its container is recognised by the id."""
    renderer = _Renderer(batch, facts, messages)
    texts = [
        renderer.format_heading(),
        renderer.format_progress(),
        renderer.format_review(),
        renderer.format_small_print(),
    ]
    parts: list[ui.Item[Any]] = [ui.TextDisplay(text) for text in texts if text]
    rows = [ui.ActionRow(*row) for row in renderer.list_button_rows() if row]
    colour = _COLOURS.get(batch.state, GENERATED_COLOUR)
    return build_container_view(*parts, *rows, colour=colour, component_id=component_id)


def format_bar(ended: int, total: int, messages: Messages) -> str:
    """Draw a bar of ten characters, followed by the percentage; it is full only when everything has ended."""
    part = ended / total if total else 0.0
    full = int(part * BAR_LENGTH)
    percent = messages.text("result.percent", value=int(100 * part))
    return f"{'█' * full}{'░' * (BAR_LENGTH - full)} {percent}"


def format_items(counts: BatchCounts, messages: Messages) -> str:
    """Say how many items are in each state."""
    listed = [
        messages.text(f"batch_board.items_{state}", count=counts.by_state[state])
        for state in _SHOWN_STATES
        if counts.by_state.get(state)
    ]
    return " · ".join(listed)


def format_money(micro_usd: int, messages: Messages) -> str:
    """Format an amount of millionths of a dollar."""
    return messages.format_price(micro_usd / MICRO_USD_PER_USD)


@dataclass(frozen=True)
class _Renderer:
    batch: Batch
    facts: BoardFacts
    messages: Messages

    def format_heading(self) -> str:
        brief = self.batch.brief
        lines = [f"## {escape_markdown(brief.title, _TITLE_LIMIT) or self._text('untitled')}"]
        if brief.text:
            lines.append(escape_markdown(brief.text, _TEXT_LIMIT))
        return "\n".join(lines)

    def format_progress(self) -> str:
        facts = self.facts
        return "\n".join(
            [
                f"**{self._format_state()}**",
                format_bar(facts.ended, facts.total, self.messages),
                format_items(facts.counts, self.messages),
                self._format_costs(),
            ]
        )

    def format_review(self) -> str:
        """Say how many pictures are decided, and by whom; "" before there is one."""
        by_review = self.facts.counts.by_review
        listed = [
            self._text(f"review_{review}", count=by_review[review])
            for review in (Review.ACCEPTED, Review.REJECTED, Review.UNDECIDED)
            if by_review.get(review)
        ]
        if not listed:
            return ""
        decided = [
            self._text("decided_by", user=format_person(user_id, self.messages), count=count)
            for user_id, count in self.facts.reviewers[:MAX_REVIEWERS]
        ]
        return "\n".join(filter(None, [" · ".join(listed), " · ".join(decided)]))

    def format_small_print(self) -> str:
        batch, brief = self.batch, self.batch.brief
        parts = [self._text("requested_by", user=format_person(batch.requester.id, self.messages))]
        if batch.team is not None:
            parts.append(self._text("team", name=escape_markdown(batch.team.name, _NAME_LIMIT)))
        if brief.assignee_id is not None:
            parts.append(self._text("assignee", user=f"<@{brief.assignee_id}>"))
        if brief.due_on is not None:
            parts.append(self._text("due", date=format_due_date(brief.due_on, self.messages, _NAME_LIMIT)))
        if batch.priority is Priority.LOW:
            parts.append(self._text("low_priority"))
        return f"-# {' · '.join(parts)}"

    def list_button_rows(self) -> list[list[Button | ui.Button[Any]]]:
        """List the buttons that do something now, in rows."""
        batch, counts = self.batch, self.facts.counts
        first: list[Button | ui.Button[Any]] = []
        if batch.state is BatchState.RUNNING:
            first.append(build_button(PauseBatchId(batch.id), self._text("button_pause")))
        if batch.state is BatchState.PAUSED:
            style = ButtonStyle.success
            first.append(build_button(ResumeBatchId(batch.id), self._text("button_resume"), style=style))
        if batch.state in {BatchState.RUNNING, BatchState.PAUSED}:
            style = ButtonStyle.danger
            first.append(build_button(CancelRestId(batch.id), self._text("button_cancel_rest"), style=style))
        if self._can_retry():
            first.append(build_button(RetryFailedId(batch.id), self._text("button_retry")))
        second: list[Button | ui.Button[Any]] = []
        if counts.by_review.get(Review.UNDECIDED):
            style = ButtonStyle.primary
            second.append(build_button(ShowUndecidedId(batch.id), self._text("button_review"), style=style))
        if counts.by_state.get(ItemState.GENERATED):
            second.append(build_button(OpenExportId(batch.id), self._text("button_export")))
        if self.facts.ended == self.facts.total:
            second.append(build_button(RunAgainId(batch.id), self._text("button_again")))
        if (link := self._build_thread_link()) is not None:
            second.append(ui.Button(label=self._text("button_thread"), url=link))
        return [first, second]

    def _can_retry(self) -> bool:
        return self.batch.state in RESTARTABLE_STATES and bool(self.facts.counts.by_state.get(ItemState.FAILED))

    def _format_state(self) -> str:
        state = self.batch.state
        if state is BatchState.RUNNING and self.facts.ends_at is not None:
            return self._text("state_running_until", time=f"<t:{int(self.facts.ends_at)}:R>")
        if state is BatchState.REVIEW:
            return self._text("state_review", count=self.facts.counts.by_review.get(Review.UNDECIDED, 0))
        return self._text(f"state_{state}")

    def _format_costs(self) -> str:
        counts = self.facts.counts
        spent = format_money(counts.spent, self.messages)
        if not counts.reserved:
            return self._text("spent", spent=spent)
        total = format_money(counts.spent + counts.reserved, self.messages)
        return self._text("spent_of", spent=spent, total=total)

    def _build_thread_link(self) -> str | None:
        """Build the address of the thread with the sheets; None if the board is in it."""
        place = self.batch.place
        if place.thread_id is None or not self.facts.has_own_thread or place.thread_id == place.channel_id:
            return None
        return MessageRef(place.thread_id, None).build_link(place.guild_id)

    def _text(self, key: str, **facts: Any) -> str:
        return self.messages.text(f"batch_board.{key}", **facts)
