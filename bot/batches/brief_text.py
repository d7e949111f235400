"""The brief of a batch in words, for its preview and for its approvers."""

from collections.abc import Iterator
from typing import Final

from bot.domain.batches import Batch, Brief
from bot.rendering.markdown import escape_markdown
from shared.i18n.messages import Messages

TITLE_LIMIT: Final = 100
TEXT_LIMIT: Final = 1500
_NOTE_LIMIT: Final = 1000


def format_brief(brief: Brief, messages: Messages, text_limit: int) -> Iterator[str]:
    """Write the text of a brief, cut to a length in UTF-16 units, and who is to do it until when; not its title."""
    if brief.text:
        yield escape_markdown(brief.text, text_limit)
    facts = []
    if brief.assignee_id is not None:
        facts.append(messages.text("batch_brief.assignee", user=f"<@{brief.assignee_id}>"))
    if brief.due_on is not None:
        facts.append(messages.text("batch_brief.due", date=format_due_date(brief.due_on, messages)))
    if facts:
        yield f"-# {' · '.join(facts)}"


def format_approver_note(batch: Batch, messages: Messages) -> str:
    """Quote the words of the approver."""
    words = escape_markdown(batch.approval_note, _NOTE_LIMIT)
    return messages.text("batch_brief.approver_note", user=f"<@{batch.approver_id}>", words=words)


def format_due_date(written: str, messages: Messages, limit: int = 40) -> str:
    """Write a date; one that another release wrote in another way is shown as it is, cut to a length."""
    try:
        return messages.format_date(written)
    except (ValueError, IndexError):
        return escape_markdown(written, limit)
