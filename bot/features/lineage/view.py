"""Where a picture came from, in words: what was changed from one to the next, and the message that shows the tree."""

from collections.abc import Sequence
from typing import Final

import discord
from discord import ui

from bot.domain.records import JobRecord
from bot.i18n import Messages
from bot.rendering.layout import ALT_TEXT_LIMIT
from bot.rendering.markdown import escape_markdown, flatten_text, format_request_prompt, truncate_text
from bot.rendering.settings_text import SHOWN_FIELDS, format_value, get_shown_value
from shared.catalogue import Catalogue

_TEXT_LIMIT: Final = 3000
_LINE_LIMIT: Final = 300
_CHANGES_LIMIT: Final = 120
_CHANGE_LIMIT: Final = 60


def describe_changes(parent: JobRecord, child: JobRecord, catalogue: Catalogue, messages: Messages) -> str:
    """Say what a picture has other than the one it came from, or that only the seed is another. Plain text."""
    before, after = parent.job.request, child.job.request
    found = []
    if after.model != before.model:
        model = catalogue.models.get(after.model)
        found.append(model.name if model else after.model)
    if after.text_prompts != before.text_prompts:
        found.append(messages.text("language.quoted", words=truncate_text(format_request_prompt(after), _CHANGE_LIMIT)))
    row = catalogue.models.get(after.model)
    for field in SHOWN_FIELDS:
        value = get_shown_value(after, field, row)
        if value is not None and value != get_shown_value(before, field, catalogue.models.get(before.model)):
            text = flatten_text(format_value(field, value, messages)).replace("\\", "")
            found.append(f"{messages.get_option_name(field)} {text}")
    return ", ".join(found) or messages.text("lineage.seed_alone")


def build_lineage_view(
    lineage: Sequence[JobRecord],
    current_job_id: str,
    messages: Messages,
    catalogue: Catalogue,
    *,
    original_count: int,
    tree_filename: str,
    timelapse_filename: str | None,
) -> ui.LayoutView:
    """Show the tree uploaded as `tree` and the way to `here` as `film`, with a numbered line and a link a picture.

    The tree begins with `originals` pictures that no job made. The lines say what the tree shows, for those who do
    not see it. Each of the two has a gallery of its own, as Discord cuts pictures that share one.
    """
    title = messages.text("lineage.title", count=original_count + len(lineage))
    alt = truncate_text(messages.text("lineage.alt", count=len(lineage)), ALT_TEXT_LIMIT)
    galleries = [
        ui.MediaGallery[ui.LayoutView](discord.MediaGalleryItem(f"attachment://{tree_filename}", description=alt))
    ]
    if timelapse_filename is not None:
        way = discord.MediaGalleryItem(f"attachment://{timelapse_filename}", description=messages.text("lineage.film"))
        galleries.append(ui.MediaGallery(way))
    places = {past.job.id: place for place, past in enumerate(lineage)}
    lines = [f"{number}. {messages.text('lineage.original')}" for number in range(1, original_count + 1)]
    for number, past in enumerate(lineage, original_count + 1):
        place = places.get(past.job.parent_id or "")
        came = (
            ""
            if place is None
            else _format_parent(original_count + 1 + place, lineage[place], past, catalogue, messages)
        )
        lines.append(_format_line(number, past, current_job_id, messages) + came)
    kept: list[str] = []
    for line in lines:
        if sum(map(len, kept)) + len(kept) + len(line) > _TEXT_LIMIT:
            break
        kept.append(line)
    if more := len(lines) - len(kept):
        kept.append(f"-# {messages.text('lineage.more', count=more)}")
    view = ui.LayoutView(timeout=None)
    view.add_item(ui.Container(ui.TextDisplay(f"### {title}"), *galleries, ui.TextDisplay("\n".join(kept))))
    return view


def _format_parent(number: int, parent: JobRecord, child: JobRecord, catalogue: Catalogue, messages: Messages) -> str:
    changed = escape_markdown(describe_changes(parent, child, catalogue, messages), _CHANGES_LIMIT)
    return f" · {messages.text('lineage.came', number=number, changes=changed)}"


def _format_line(number: int, record: JobRecord, current_job_id: str, messages: Messages) -> str:
    seed = "" if record.seed is None else f" · {messages.get_option_name('seed')} {record.seed}"
    mark = f" · **{messages.text('lineage.here')}**" if record.job.id == current_job_id else ""
    name = escape_markdown(record.job.requester.name, _CHANGE_LIMIT)
    if record.is_deleted or record.message is None or record.message.message_id is None:
        return truncate_text(f"{number}. {name}{seed}{mark}", _LINE_LIMIT)
    return f"{number}. [{name}]({record.message.build_link(record.job.origin.guild_id)}){seed}{mark}"
