"""The message of `/lineage`: the tree, and in words how each picture differs from its parent."""

from collections.abc import Iterator, Sequence
from typing import Any, Final

from discord import ui

from bot.domain.records import JobRecord
from bot.rendering.layout import build_attached_gallery, build_container_view, format_source_owner
from bot.rendering.markdown import escape_markdown, flatten_text, format_request_prompt, truncate_text
from bot.rendering.settings_text import SHOWN_FIELDS, format_value, get_shown_value
from shared.catalogue import Catalogue
from shared.i18n.messages import Messages

_TEXT_LIMIT: Final = 3000
_LINE_LIMIT: Final = 300
_CHANGES_LIMIT: Final = 120
_CHANGE_LIMIT: Final = 60
_NAME_LIMIT: Final = 60


def describe_changes(parent: JobRecord, child: JobRecord, catalogue: Catalogue, messages: Messages) -> str:
    """Describe in plain text how a job's settings differ from its parent's.

    Without a difference the parent's picture was varied, or its request made again with another seed. An upscaler reads
    no prompt, and so leaves out none.
    """
    before, after = parent.job.request, child.job.request
    model_before, model_after = catalogue.models.get(before.model), catalogue.models.get(after.model)
    changes = []
    if after.model != before.model:
        changes.append(model_after.name if model_after else after.model)
    if after.text_prompts and after.text_prompts != before.text_prompts:
        prompt = truncate_text(format_request_prompt(after), _CHANGE_LIMIT)
        changes.append(messages.text("language.quoted", words=prompt))
    for field in SHOWN_FIELDS:
        value = get_shown_value(after, field, model_after)
        if value is not None and value != get_shown_value(before, field, model_before):
            plain_value = flatten_text(format_value(field, value, messages)).replace("\\", "")
            changes.append(f"{messages.get_option_name(field)} {plain_value}")
    is_variation = child.source_sha256 is not None and child.source_sha256 != parent.source_sha256
    return ", ".join(changes) or messages.text("lineage.variation" if is_variation else "lineage.seed_only")


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
    """Show the attached tree and time-lapse, with a numbered line for each picture, whose link has a name of its own.

    The first `original_count` pictures of the tree were uploaded, the others generated. The lines describe the
    tree for people who cannot see it. The files are in separate galleries, because Discord crops pictures
    that share one.
    """
    tree_alt = messages.text("lineage.alt", count=len(lineage))
    galleries: list[ui.Item[Any]] = [build_attached_gallery(tree_filename, tree_alt)]
    if timelapse_filename is not None:
        galleries.append(build_attached_gallery(timelapse_filename, messages.text("lineage.timelapse")))
    title = messages.text("lineage.title", count=original_count + len(lineage))
    lines = list(_format_lines(lineage, current_job_id, messages, catalogue, original_count=original_count))
    text = "\n".join(_cut_lines(lines, messages))
    return build_container_view(ui.TextDisplay(f"### {title}"), *galleries, ui.TextDisplay(text))


def _format_lines(
    lineage: Sequence[JobRecord], current_job_id: str, messages: Messages, catalogue: Catalogue, *, original_count: int
) -> Iterator[str]:
    for number in range(1, original_count + 1):
        yield f"{number}. {messages.text('lineage.original')}"
    numbers = {record.job.id: number for number, record in enumerate(lineage, original_count + 1)}
    for record in lineage:
        line = _format_line(numbers[record.job.id], record, current_job_id, messages)
        parent_number = numbers.get(record.job.parent_id or "")
        if parent_number is not None:
            parent = lineage[parent_number - original_count - 1]
            changes = escape_markdown(describe_changes(parent, record, catalogue, messages), _CHANGES_LIMIT)
            line += f" · {messages.text('lineage.from_parent', number=parent_number, changes=changes)}"
        elif record.job.source_owner_id is not None:
            line += f" · {format_source_owner(record.job.source_owner_id, messages)}"
        if record.message is not None and record.message.message_id is not None and not record.is_deleted:
            name = messages.text("lineage.open", number=numbers[record.job.id])
            line += f" · [{name}]({record.message.build_link(record.job.origin.guild_id)})"
        yield line


def _format_line(number: int, record: JobRecord, current_job_id: str, messages: Messages) -> str:
    seed = "" if record.seed is None else f" · {messages.get_option_name('seed')} {record.seed}"
    marker = f" · **{messages.text('lineage.here')}**" if record.job.id == current_job_id else ""
    name = escape_markdown(record.job.requester.name, _NAME_LIMIT) or messages.text("lineage.somebody")
    return truncate_text(f"{number}. {name}{seed}{marker}", _LINE_LIMIT)


def _cut_lines(lines: Sequence[str], messages: Messages) -> list[str]:
    """Drop the last lines if all of them do not fit into a message, and say how many were dropped."""
    shown: list[str] = []
    for line in lines:
        if sum(map(len, shown)) + len(shown) + len(line) > _TEXT_LIMIT:
            break
        shown.append(line)
    if dropped := len(lines) - len(shown):
        shown.append(f"-# {messages.text('lineage.more', count=dropped)}")
    return shown
