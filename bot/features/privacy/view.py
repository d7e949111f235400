"""What the records hold of a person, before it goes and after: all of it by number, and what stays."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any, Final

from discord import ui

from bot.features.privacy.summary import StoredDataSummary
from bot.i18n import Messages

_COUNTED_FIELDS: Final = (
    *("jobs", "rows", "favourites", "presets", "explorations", "thumbnails"),
    *("source_images", "undelivered_images", "preferences"),
)


def build_privacy_view(
    summary: StoredDataSummary, messages: Messages, *, is_deleted: bool = False, rows: Sequence[ui.ActionRow[Any]] = ()
) -> ui.LayoutView:
    """Say exactly what goes, or went where `gone`, and what stays; `rows` hold the button that means it."""
    going = list(_format_deleted_counts(summary, messages)) or [messages.text("forget.nothing")]
    said = (
        f"### {messages.text('forget.done' if is_deleted else 'forget.title')}",
        "\n".join(going if is_deleted else [messages.text("forget.goes"), *going]),
        "\n".join([messages.text("forget.stays"), *_format_remaining(summary, messages)]),
    )
    parts: list[ui.Item[Any]] = [*map(ui.TextDisplay, said), *rows]
    view = ui.LayoutView(timeout=None)
    view.add_item(ui.Container(*parts))
    return view


def _format_deleted_counts(summary: StoredDataSummary, messages: Messages) -> Iterator[str]:
    counts = asdict(summary)
    for name in _COUNTED_FIELDS:
        if counts[name]:
            yield f"- {messages.text(f'forget.{name}', count=counts[name])}"


def _format_remaining(summary: StoredDataSummary, messages: Messages) -> Iterator[str]:
    if summary.open_jobs:
        yield f"- {messages.text('forget.open_jobs', count=summary.open_jobs)}"
    for name in ("messages", "others", "operator"):
        yield f"- {messages.text(f'forget.{name}')}"
