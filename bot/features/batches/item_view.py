"""An item of a batch, as it is shown to one person: its whole picture, its settings, and its actions."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from discord import ButtonStyle, ui

from bot.batches.board_view import RUNNING_COLOUR, format_money
from bot.batches.custom_ids import AcceptItemId, RedoItemId, RejectItemId, ShowItemId
from bot.batches.people import format_person
from bot.batches.sheet_view import get_public_name
from bot.domain.batches import OPEN_ITEM_STATES, RESTARTABLE_STATES, Batch, BatchItem, ItemState, Review
from bot.interactions.components import Button, build_button
from bot.interactions.result_buttons import build_result_rows
from bot.rendering.layout import build_attached_gallery, build_container_view
from bot.rendering.markdown import escape_markdown, escape_problem_text, format_request_prompt
from bot.rendering.outcome_views import FAILED_COLOUR, GENERATED_COLOUR, build_alt_text
from bot.rendering.settings_text import format_chosen_settings
from shared.catalogue import Catalogue
from shared.i18n.messages import Messages

_NAME_LIMIT: Final = 150
_PROMPT_LIMIT: Final = 800
_NOTE_LIMIT: Final = 400
_REASON_LIMIT: Final = 600


@dataclass(frozen=True)
class ItemFacts:
    """All that the view of an item shows besides it.

    `total` is the number of the last item. `may_review`: the reader may decide on it. `filename` is the file of its
    picture, None if it has none. `notice` is a sentence to begin with.
    """

    total: int
    may_review: bool
    filename: str | None = None
    notice: str = ""


def build_item_view(
    batch: Batch, item: BatchItem, facts: ItemFacts, catalogue: Catalogue, messages: Messages
) -> ui.LayoutView:
    """Build the view. A request that was refused is shown to those who may review it alone."""
    renderer = _Renderer(batch, item, facts, catalogue, messages)
    model = catalogue.models.get(item.request.model)
    parts: list[ui.Item[Any]] = [ui.TextDisplay(renderer.format_heading())]
    if facts.filename is not None:
        parts.append(build_attached_gallery(facts.filename, build_alt_text(item.request, model, messages)))
    parts += [ui.TextDisplay(text) for text in renderer.list_texts() if text]
    rows = [ui.ActionRow(*row) for row in renderer.list_button_rows() if row]
    if facts.filename is not None:
        rows += build_result_rows(item.job_id, item.request, catalogue, messages)
    colour = GENERATED_COLOUR if item.state is ItemState.GENERATED else FAILED_COLOUR
    is_open = item.state in OPEN_ITEM_STATES
    return build_container_view(*parts, *rows, colour=RUNNING_COLOUR if is_open else colour)


@dataclass(frozen=True)
class _Renderer:
    batch: Batch
    item: BatchItem
    facts: ItemFacts
    catalogue: Catalogue
    messages: Messages

    def format_heading(self) -> str:
        item = self.item
        name = item.name if self.facts.may_review else get_public_name(item)
        facts = {"number": item.number, "total": self.facts.total}
        if name:
            title = self._text("title", name=escape_markdown(name, _NAME_LIMIT), **facts)
        else:
            title = self._text("title_unnamed", **facts)
        return "\n".join(filter(None, [self.facts.notice, f"### {title}"]))

    def list_texts(self) -> list[str]:
        item, messages = self.item, self.messages
        if item.state is not ItemState.GENERATED and not self.facts.may_review:
            return [self._format_state()]
        prompt = escape_markdown(format_request_prompt(item.request), _PROMPT_LIMIT)
        model = self.catalogue.models.get(item.request.model)
        small_print = [
            format_chosen_settings(item.request, item.seed, model, messages),
            self._text("cost", price=format_money(item.cost, messages)) if item.cost else "",
            self._text("attempt", number=item.attempt) if item.attempt > 1 else "",
        ]
        return [
            messages.text("language.quoted", words=prompt) if prompt else "",
            f"-# {' · '.join(filter(None, small_print))}",
            self._text("note", note=escape_markdown(item.note, _NOTE_LIMIT)) if item.note.strip() else "",
            self._format_state(),
        ]

    def list_button_rows(self) -> list[Sequence[Button]]:
        """List the buttons to decide, and to go on to another item."""
        batch, item = self.batch, self.item
        decide: list[Button] = []
        if self.facts.may_review and item.state is ItemState.GENERATED:
            accept = AcceptItemId(batch.id, item.number, item.attempt)
            decide.append(build_button(accept, self._text("button_accept"), style=ButtonStyle.success))
        if self.facts.may_review and item.state not in OPEN_ITEM_STATES and batch.state in RESTARTABLE_STATES:
            decide.append(build_button(RedoItemId(batch.id, item.number, item.attempt), self._text("button_redo")))
        if self.facts.may_review and item.state is ItemState.GENERATED:
            reject = RejectItemId(batch.id, item.number, item.attempt)
            decide.append(build_button(reject, self._text("button_reject"), style=ButtonStyle.danger))
        move = [
            build_button(ShowItemId(batch.id, number), self._text(f"button_{label}"))
            for label, number in (("previous", item.number - 1), ("next", item.number + 1))
            if 1 <= number <= self.facts.total
        ]
        return [decide, move]

    def _format_state(self) -> str:
        item = self.item
        if item.state is not ItemState.GENERATED:
            return self._format_missing_picture()
        if self.facts.filename is not None:
            return self._format_review()
        has_decision = item.review is not Review.UNDECIDED and item.reviewer_id is not None
        return "\n".join([self._text("gone"), *([self._format_review()] if has_decision else [])])

    def _format_missing_picture(self) -> str:
        item = self.item
        if item.state is not ItemState.FAILED:
            state = self._text(f"state_{item.state}")
            may_redo = item.state is ItemState.FILTERED and self.facts.may_review
            return f"{state} {self._text('redo_filtered')}" if may_redo else state
        if item.problem is None or not self.facts.may_review:
            return self._text("state_failed_unknown")
        reason = self.messages.format_problem(item.problem)
        return self._text("state_failed", reason=escape_problem_text(reason, [item.problem], _REASON_LIMIT))

    def _format_review(self) -> str:
        item = self.item
        if item.review is Review.UNDECIDED:
            return self._text("undecided")
        user = format_person(item.reviewer_id, self.messages)
        reason = escape_markdown(item.review_note, _NOTE_LIMIT)
        if item.review is Review.REJECTED and reason:
            return self._text("rejected_because", user=user, reason=reason)
        return self._text(item.review, user=user)

    def _text(self, key: str, **facts: Any) -> str:
        return self.messages.text(f"batch_item.{key}", **facts)
