"""A summary of the data stored about a person, before and after its deletion."""

from collections.abc import Iterator
from dataclasses import asdict
from typing import Final

from discord import ui

from bot.features.privacy.summary import MAX_COUNT, StoredDataSummary
from bot.rendering.layout import ActionRows, build_container_view
from shared.i18n.messages import Messages

_COUNTED_FIELDS: Final = (
    *("jobs", "rows", "favourites", "presets", "style_sets", "explorations", "round_rows", "thumbnails"),
    *("source_images", "undelivered_images", "batches", "reports", "preferences", "team_choices"),
)
_REMAINING_KEYS: Final = ("messages", "others", "operator")


def build_privacy_view(
    summary: StoredDataSummary, messages: Messages, *, is_deleted: bool = False, rows: ActionRows = ()
) -> ui.LayoutView:
    """List the data that is to be deleted, or was if `is_deleted`, and the data that remains.

    Before the deletion, more than `MAX_COUNT` of a kind are not counted. `rows` hold the confirmation button, which is
    left out where there is nothing to delete.
    """
    counts = list(_format_counts(summary, messages, is_exact=is_deleted))
    remaining = "\n".join([messages.text("privacy.stays"), *_format_remaining(summary, messages)])
    if not counts:
        return build_container_view(
            ui.TextDisplay(f"### {messages.text('privacy.nothing')}"), ui.TextDisplay(remaining)
        )
    texts = (
        f"### {messages.text('privacy.done' if is_deleted else 'privacy.title')}",
        "\n".join(counts if is_deleted else [messages.text("privacy.goes"), *counts]),
        remaining,
    )
    return build_container_view(*map(ui.TextDisplay, texts), *rows)


def format_deleted_data(summary: StoredDataSummary, messages: Messages) -> str:
    """Format what was deleted, for a message of its own."""
    return "\n".join([f"### {messages.text('privacy.done')}", *_format_counts(summary, messages, is_exact=True)])


def build_background_view(job_count: int, messages: Messages, *, is_finished: bool = False) -> ui.LayoutView:
    """Say that a deletion goes on, and that a direct message tells its end; or, if `is_finished`, only its end."""
    if is_finished:
        return build_container_view(ui.TextDisplay(f"### {messages.text('privacy.done')}"))
    return build_container_view(ui.TextDisplay(messages.text("privacy.background", count=job_count)))


def build_progress_view(job_count: int, messages: Messages) -> ui.LayoutView:
    """Say how many requests are deleted while others are not."""
    return build_container_view(ui.TextDisplay(messages.text("privacy.deleting", count=job_count)))


def _format_counts(summary: StoredDataSummary, messages: Messages, *, is_exact: bool) -> Iterator[str]:
    counts = asdict(summary)
    for field in _COUNTED_FIELDS:
        count = counts[field]
        if count > MAX_COUNT and not is_exact:
            yield f"- {messages.text('privacy.more_than', line=messages.text(f'privacy.{field}', count=MAX_COUNT))}"
        elif count:
            yield f"- {messages.text(f'privacy.{field}', count=count)}"


def _format_remaining(summary: StoredDataSummary, messages: Messages) -> Iterator[str]:
    if summary.open_jobs:
        yield f"- {messages.text('privacy.open_jobs', count=summary.open_jobs)}"
    for key in _REMAINING_KEYS:
        yield f"- {messages.text(f'privacy.{key}')}"
