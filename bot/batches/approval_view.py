"""The message with which approvers decide on a batch, and which then shows the decision."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from discord import ButtonStyle, ui

from bot.batches.approval_custom_ids import ApproveBatchId, RefuseBatchId, ShowPromptsId
from bot.batches.brief_text import TITLE_LIMIT, format_brief
from bot.batches.people import format_person
from bot.domain.batches import ApprovalDecision, Batch, BatchItem, BatchState
from bot.interactions.components import build_button
from bot.rendering.layout import build_attached_gallery, build_container_view
from bot.rendering.markdown import escape_markdown, format_request_prompt
from shared.catalogue import Catalogue
from shared.i18n.messages import Messages

SHEET_FILENAME: Final = "pictures.jpg"
_TEXT_LIMIT: Final = 1500
_NAME_LIMIT: Final = 100
_MAX_MODELS: Final = 4
_MAX_PROMPTS: Final = 15
_PROMPT_LIMIT: Final = 200
_OPEN_KEYS: Final = {
    BatchState.CHANGES_REQUESTED: "changes_requested",
    BatchState.REJECTED: "rejected",
    BatchState.EXPIRED: "expired",
    BatchState.CANCELLED: "withdrawn",
}


@dataclass(frozen=True)
class ApprovalFacts:
    """All that the message shows besides the batch.

    `approver_role_id` is the role whose members decide; None: those who may manage the server. `alt_text` describes the
    sheet of the pictures from which the items start; None: there is none.
    """

    items: Sequence[BatchItem]
    approver_role_id: int | None = None
    alt_text: str | None = None


def build_approval_view(
    batch: Batch, facts: ApprovalFacts, catalogue: Catalogue, messages: Messages, component_id: int
) -> ui.LayoutView:
    """Build the message, with buttons while the batch waits; its container is recognised by the id."""
    lines = "\n".join(_format_lines(batch, facts, catalogue, messages))
    items: list[ui.Item[Any]] = [ui.TextDisplay(lines)]
    if facts.alt_text is not None:
        items.append(build_attached_gallery(SHEET_FILENAME, facts.alt_text))
    if batch.state is BatchState.AWAITING_APPROVAL:
        items.append(_build_buttons(batch, messages))
    return build_container_view(*items, component_id=component_id)


def build_prompts_view(items: Sequence[BatchItem], filename: str, messages: Messages) -> ui.LayoutView:
    """List the prompts of the first items, above the table of all of them."""
    lines = [_format_prompt(item, messages) for item in items[:_MAX_PROMPTS]]
    if len(items) > _MAX_PROMPTS:
        lines.append(f"-# {messages.text('batch_approval.more_prompts', count=len(items) - _MAX_PROMPTS)}")
    return build_container_view(ui.TextDisplay("\n".join(lines)), ui.File(f"attachment://{filename}"))


def _format_prompt(item: BatchItem, messages: Messages) -> str:
    prompt = escape_markdown(format_request_prompt(item.request), _PROMPT_LIMIT)
    words = messages.text("language.quoted", words=prompt) if prompt else escape_markdown(item.name, _NAME_LIMIT)
    return f"**{item.number}** {words}"


def format_models(items: Sequence[BatchItem], catalogue: Catalogue, messages: Messages) -> str:
    """Say how many pictures each model makes, and at which price."""
    counts = Counter((item.request.model, item.price) for item in items).most_common()
    parts = [
        f"{count} × {escape_markdown(catalogue.models[key].name if key in catalogue.models else key, _NAME_LIMIT)}"
        f" {messages.format_price(price / 1e6)}"
        for (key, price), count in counts[:_MAX_MODELS]
    ]
    return ", ".join([*parts, *(["…"] if len(counts) > _MAX_MODELS else [])])


def _format_lines(batch: Batch, facts: ApprovalFacts, catalogue: Catalogue, messages: Messages) -> Iterator[str]:
    yield f"### {escape_markdown(batch.brief.title, TITLE_LIMIT)}"
    is_waiting = batch.state is BatchState.AWAITING_APPROVAL
    if is_waiting:
        role = facts.approver_role_id
        yield messages.text(
            "batch_approval.to_managers" if role is None else "batch_approval.to_role", role=f"<@&{role}>"
        )
    price = messages.format_price(sum(item.price for item in facts.items) / 1e6)
    yield messages.text(
        "batch_approval.asks",
        count=len(facts.items),
        user=format_person(batch.requester.id, messages),
        team="" if batch.team is None else escape_markdown(batch.team.name, _NAME_LIMIT),
        price=price,
    )
    yield f"-# {format_models(facts.items, catalogue, messages)}"
    yield from format_brief(batch.brief, messages, _TEXT_LIMIT)
    if is_waiting:
        if batch.due_at is not None:
            yield messages.text("batch_approval.until", time=f"<t:{int(batch.due_at)}:f>")
    else:
        key = _OPEN_KEYS.get(batch.state, "approved")
        yield f"**{messages.text(f'batch_approval.{key}', user=f'<@{batch.approver_id}>')}**"


def _build_buttons(batch: Batch, messages: Messages) -> ui.ActionRow[Any]:
    refuse = {
        decision: RefuseBatchId(batch.id, batch.version, decision)
        for decision in (ApprovalDecision.CHANGES, ApprovalDecision.REJECT)
    }
    return ui.ActionRow(
        build_button(
            ApproveBatchId(batch.id, batch.version), messages.text("batch_approval.approve"), style=ButtonStyle.success
        ),
        build_button(ShowPromptsId(batch.id), messages.text("batch_approval.show_prompts")),
        build_button(refuse[ApprovalDecision.CHANGES], messages.text("batch_approval.ask_changes")),
        build_button(refuse[ApprovalDecision.REJECT], messages.text("batch_approval.reject"), style=ButtonStyle.danger),
    )
