"""The preview of a batch: its pictures and their cost, which rows are wrong, and which picture goes where."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from discord import ButtonStyle, ui

from bot.batches.approval_view import SHEET_FILENAME, format_models
from bot.batches.brief_text import format_approver_note, format_brief
from bot.batches.source_sheet import SheetPage
from bot.domain.batch_previews import BatchPreview, RejectedRow
from bot.domain.batches import Batch, BatchItem
from bot.domain.budgets import BudgetExceededError, BudgetUsage
from bot.features.batches.custom_ids import (
    DiscardBatchId,
    EditBriefId,
    PreviewPageId,
    SendAgainId,
    SetPingsId,
    SetPriorityId,
    StartBatchId,
)
from bot.interactions.components import build_button
from bot.rendering.budget_text import format_budget_usage
from bot.rendering.layout import build_attached_gallery, build_container_view, format_team
from bot.rendering.markdown import escape_markdown, escape_problem_text, truncate_text
from bot.rendering.status_text import format_duration
from shared.catalogue import Catalogue
from shared.i18n.messages import Messages
from shared.job import Priority

_TITLE_LIMIT: Final = 100
_BRIEF_LIMIT: Final = 600
_MAX_SHOWN_ROWS: Final = 5
_PROBLEM_LIMIT: Final = 220
_NOTE_LIMIT: Final = 200
_MAX_NOTES: Final = 3
_MAX_BUDGETS: Final = 3


@dataclass(frozen=True)
class PreviewFacts:
    """All that a preview shows of a batch.

    `excess` says that a budget has less left than all items need; `budgets` are those that count them. `seconds` is how
    long the batch takes if nobody else waits; None where that is unknown. `approval_limit` is that of its team, in
    millionths of a dollar, if the batch is above it.
    """

    batch: Batch
    items: Sequence[BatchItem]
    preview: BatchPreview
    excess: BudgetExceededError | None = None
    budgets: Sequence[BudgetUsage] = ()
    seconds: float | None = None
    approval_limit: int | None = None
    sheet: SheetPage | None = None

    @property
    def cost(self) -> int:
        """The price of all items, in millionths of a dollar."""
        return sum(item.price for item in self.items)


def build_preview_view(facts: PreviewFacts, catalogue: Catalogue, messages: Messages) -> ui.LayoutView:
    """Show the preview, with buttons that start the batch, change it, send it again or discard it."""
    items: list[ui.Item[Any]] = [ui.TextDisplay("\n".join(_format_summary(facts, catalogue, messages)))]
    wrong = "\n".join(_format_rejected_rows(facts.preview, messages))
    if wrong:
        items.append(ui.TextDisplay(wrong))
    if facts.sheet is not None:
        items.append(build_attached_gallery(SHEET_FILENAME, facts.sheet.alt_text))
        items += _build_pages(facts.batch.id, facts.sheet, messages)
    if facts.preview.table is not None:
        items.append(ui.File(f"attachment://{facts.preview.table_name}"))
    return build_container_view(*items, *_build_rows(facts, messages))


def _format_summary(facts: PreviewFacts, catalogue: Catalogue, messages: Messages) -> Iterator[str]:
    batch, preview = facts.batch, facts.preview
    yield f"### {escape_markdown(batch.brief.title, _TITLE_LIMIT)}"
    ready = messages.text("batch_preview.ready", count=len(facts.items))
    wrong = messages.text("batch_preview.wrong", count=preview.rejected_count) if preview.rejected_count else ""
    yield " ".join(filter(None, (f"**{ready}**", wrong)))
    yield f"-# {' · '.join(_format_facts(batch, messages))}"
    yield from format_brief(batch.brief, messages, _BRIEF_LIMIT)
    if batch.approval_note:
        yield format_approver_note(batch, messages)
    if not facts.items:
        return
    cost = messages.text("batch_preview.cost", price=messages.format_price(facts.cost / 1e6))
    yield f"{cost} ({format_models(facts.items, catalogue, messages)})"
    if facts.seconds is not None:
        yield messages.text("batch_preview.duration", duration=format_duration(facts.seconds, messages))
    if facts.excess is not None:
        problems = facts.excess.problems
        yield escape_problem_text(messages.format_problem(problems[0]), problems, 2 * _PROBLEM_LIMIT)
    tightest = sorted(facts.budgets, key=lambda usage: usage.left / max(usage.budget.limit, 1))[:_MAX_BUDGETS]
    yield from (f"-# {format_budget_usage(usage, messages, is_of_member=True)}" for usage in tightest)
    if facts.approval_limit is not None:
        yield messages.text("batch_preview.approval", limit=messages.format_price(facts.approval_limit / 1e6))
    notes = messages.format_notes(preview.notes)[:_MAX_NOTES]
    yield from (f"-# {escape_markdown(note, _NOTE_LIMIT)}" for note in notes)


def _format_facts(batch: Batch, messages: Messages) -> Iterator[str]:
    if batch.team is None:
        yield messages.text("batch_preview.for_you")
    else:
        yield format_team(batch.team, messages)
    yield messages.text(f"batch_preview.priority_{batch.priority}")
    yield messages.text("batch_preview.pings_on" if batch.pings else "batch_preview.pings_off")


def _format_rejected_rows(preview: BatchPreview, messages: Messages) -> Iterator[str]:
    """Say which rows are wrong and why: the first of them."""
    shown = preview.rejected_rows[:_MAX_SHOWN_ROWS]
    yield from (_format_rejected_row(row, messages) for row in shown)
    omitted = preview.rejected_count - len(shown)
    if omitted > 0:
        key = "batch_preview.more_in_file" if preview.table is not None else "batch_preview.more"
        yield f"-# {messages.text(key, count=omitted)}"


def _format_rejected_row(row: RejectedRow, messages: Messages) -> str:
    first, *more = row.problems
    text = escape_problem_text(messages.format_problem(first), row.problems, _PROBLEM_LIMIT)
    heading = messages.text("batch_preview.row", number=row.number)
    also = f" {messages.text('batch_preview.also', count=len(more))}" if more else ""
    return f"- **{heading}** {text}{also}"


def _build_pages(batch_id: str, sheet: SheetPage, messages: Messages) -> Iterator[ui.ActionRow[Any]]:
    """Build the buttons to the pages before and after, unless there is one page."""
    if sheet.count <= 1:
        return
    before, after = (messages.text(f"batch_preview.page_{name}") for name in ("before", "after"))
    last = sheet.count - 1
    yield ui.ActionRow(
        build_button(PreviewPageId(batch_id, max(sheet.number - 1, 0)), before, disabled=sheet.number == 0),
        # its id differs from that of the other button even where neither leads anywhere else
        build_button(PreviewPageId(batch_id, sheet.number + 1), after, disabled=sheet.number >= last),
    )


def _build_rows(facts: PreviewFacts, messages: Messages) -> Iterator[ui.ActionRow[Any]]:
    batch = facts.batch
    again = build_button(SendAgainId(batch.id), messages.text("batch_preview.again"))
    discard = build_button(DiscardBatchId(batch.id), messages.text("batch_preview.discard"), style=ButtonStyle.danger)
    if not facts.items:
        yield ui.ActionRow(again, discard)
        return
    key = "batch_preview.start" if facts.approval_limit is None else "batch_preview.ask_approval"
    label = truncate_text(messages.text(key, count=len(facts.items)), 80)
    start = build_button(StartBatchId(batch.id, batch.version, 0), label, style=ButtonStyle.success)
    if facts.excess is not None:
        start.disabled = facts.approval_limit is None
    row: ui.ActionRow[Any] = ui.ActionRow(start)
    fitting = facts.excess.fitting if facts.excess is not None and facts.approval_limit is None else 0
    if fitting:
        label = messages.text("batch_preview.start_fitting", count=fitting)
        row.add_item(build_button(StartBatchId(batch.id, batch.version, fitting), label, style=ButtonStyle.success))
    yield row.add_item(again).add_item(discard)
    is_low = batch.priority is Priority.LOW
    yield ui.ActionRow(
        build_button(EditBriefId(batch.id), messages.text("batch_preview.brief")),
        build_button(
            SetPriorityId(batch.id, 0 if is_low else 1),
            messages.text("batch_preview.set_normal" if is_low else "batch_preview.set_low"),
        ),
        build_button(
            SetPingsId(batch.id, 0 if batch.pings else 1),
            messages.text("batch_preview.set_pings_off" if batch.pings else "batch_preview.set_pings_on"),
        ),
    )
