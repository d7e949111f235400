"""A page of past jobs: a contact sheet, and a line with a link for each job."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Self

from discord import SelectOption, ui

from bot.domain.records import JobRecord
from bot.domain.search import COUNT_LIMIT, SearchPage, SearchSlice, SearchStop
from bot.images.contact_sheet import Cell
from bot.rendering.job_list import build_origin_link
from bot.rendering.layout import ActionRows, build_attached_gallery, build_container_view
from bot.rendering.markdown import escape_markdown, flatten_text, format_request_prompt, truncate_text
from bot.rendering.status_text import format_duration
from shared.catalogue import Catalogue
from shared.i18n.messages import Messages

PAGE_SIZE: Final = 9
COUNTED_PAGES: Final = -(-COUNT_LIMIT // PAGE_SIZE)
"""Later pages are found from their neighbours."""
CONTACT_SHEET_FILENAME: Final = "sheet.jpg"
_CAPTION_LIMIT: Final = 60
_HEADING_LIMIT: Final = 400
_OPTION_LABEL_LIMIT: Final = 100
_MODEL_NAME_LIMIT: Final = 40
_CHOICE_PROMPT_LIMIT: Final = 60
_PROMPT_LIMIT: Final = 140


@dataclass(frozen=True)
class HistoryPage:
    """A page of search results, numbered from 1.

    `total_count` is None for more than `COUNT_LIMIT`, and where `is_counted` is false. `newer_id` and `older_id` are
    those of the jobs from which the pages before and after this one are found; None: by their number. `stop` is where
    the search ended before it had seen all jobs.
    """

    records: Sequence[JobRecord]
    number: int
    total_count: int | None
    has_newer: bool
    has_older: bool
    newer_id: str | None = None
    older_id: str | None = None
    stop: SearchStop | None = None
    is_counted: bool = True

    @classmethod
    def of_counted(cls, page: SearchPage, number: int) -> Self:
        """Build one of the first pages."""
        older_id = page.records[-1].job.id if page.records and number >= COUNTED_PAGES else None
        is_last = page.total_count <= number * PAGE_SIZE
        if is_last and page.stop is not None:
            older_id = page.stop.job_id
        return cls(
            page.records,
            number,
            page.total_count if page.is_count_exact else None,
            has_newer=number > 1,
            has_older=not is_last or page.stop is not None,
            older_id=older_id,
            stop=page.stop,
        )

    @classmethod
    def of_neighbours(cls, found: SearchSlice, number: int, *, is_newer: bool) -> Self:
        """Build a page beyond those that are counted; `is_newer`: it was found from an older page."""
        return cls(
            found.records,
            number,
            None,
            has_newer=True,
            has_older=is_newer or found.has_more,
            newer_id=found.first_id,
            older_id=found.last_id,
            stop=None if is_newer else found.stop,
            is_counted=False,
        )

    @property
    def page_count(self) -> int | None:
        """The number of pages; None for more than can be counted."""
        return None if self.total_count is None else max(1, -(-self.total_count // PAGE_SIZE))


def build_history_view(
    page: HistoryPage,
    heading: str,
    messages: Messages,
    catalogue: Catalogue,
    *,
    viewer_id: int,
    empty_text: str = "",
    rows: ActionRows = (),
) -> ui.LayoutView:
    """Show a page of search results, whose contact sheet is attached as `CONTACT_SHEET_FILENAME`.

    `heading` describes the search; `rows` are the components below the list; `empty_text` is for a page without
    results.
    """
    summary = empty_text if page.total_count == 0 and page.stop is None else _format_counts(page, messages)
    items: list[ui.Item[Any]] = [ui.TextDisplay(f"### {truncate_text(heading, _HEADING_LIMIT)}\n{summary}")]
    if page.records:
        alt_text = f"{messages.text('history.alt')} {'; '.join(_format_numbered_prompts(page.records, catalogue))}"
        lines = [
            _format_line(number, record, messages, catalogue, viewer_id)
            for number, record in enumerate(page.records, 1)
        ]
        items += [build_attached_gallery(CONTACT_SHEET_FILENAME, alt_text), ui.TextDisplay("\n".join(lines))]
    return build_container_view(*items, *rows)


def build_job_options(records: Sequence[JobRecord], catalogue: Catalogue) -> list[SelectOption]:
    """Build the options of a select that chooses a job of the page. Their values are job ids."""
    return [
        SelectOption(
            label=truncate_text(label, _OPTION_LABEL_LIMIT),
            value=record.job.id,
            description=_get_model_name(record, catalogue, _OPTION_LABEL_LIMIT) or None,
        )
        for label, record in zip(_format_numbered_prompts(records, catalogue), records, strict=True)
    ]


def build_contact_sheet_cells(
    records: Sequence[JobRecord], thumbnails: Sequence[bytes | None], messages: Messages, catalogue: Catalogue
) -> list[Cell]:
    """Build the captioned cells of the contact sheet. A cell without a readable thumbnail says why."""
    return [
        Cell(
            thumbnail,
            truncate_text(format_request_prompt(record.job.request), _CAPTION_LIMIT)
            or _get_model_name(record, catalogue, _CAPTION_LIMIT),
            placeholder=messages.text(f"history.{record.missing_image_reason}"),
            fallback_caption=_get_model_name(record, catalogue, _CAPTION_LIMIT),
        )
        for record, thumbnail in zip(records, thumbnails, strict=True)
    ]


def format_choice_name(record: JobRecord, catalogue: Catalogue, messages: Messages, now: float) -> str:
    """Name a job in an autocomplete choice: its prompt, number of several, and age at `now`, in Unix seconds."""
    prompt = truncate_text(_get_prompt_or_model_name(record, catalogue), _CHOICE_PROMPT_LIMIT)
    age = messages.text("history.ago", time=format_duration(now - record.job.accepted_at, messages))
    number = record.job.variant_number
    parts = (prompt if number is None else f"{prompt} ({number})", age, _format_missing_reason(record, messages))
    return truncate_text(" · ".join(filter(None, parts)), _OPTION_LABEL_LIMIT)


def _format_counts(page: HistoryPage, messages: Messages) -> str:
    parts = []
    if page.total_count is not None:
        parts.append(messages.text("history.count", count=page.total_count))
    elif page.is_counted:
        parts.append(messages.text("history.more", count=COUNT_LIMIT))
    elif not page.records:
        parts.append(messages.text("history.none_between"))
    if page.page_count is None or page.stop is not None:
        parts.append(messages.text("history.page_alone", page=page.number))
    elif page.page_count > 1:
        parts.append(messages.text("history.page", page=page.number, pages=page.page_count))
    if page.stop is not None:
        parts.append(messages.text("history.searched_until", at=int(page.stop.accepted_at)))
    return " · ".join(parts)


def _format_numbered_prompts(records: Sequence[JobRecord], catalogue: Catalogue) -> list[str]:
    return [f"{number}. {_get_prompt_or_model_name(record, catalogue)}" for number, record in enumerate(records, 1)]


def _format_line(number: int, record: JobRecord, messages: Messages, catalogue: Catalogue, viewer_id: int) -> str:
    job = record.job
    prompt = escape_markdown(format_request_prompt(job.request), _PROMPT_LIMIT)
    quoted = messages.text("language.quoted", words=prompt) if prompt else ""
    model_name = escape_markdown(_get_model_name(record, catalogue, _MODEL_NAME_LIMIT), _MODEL_NAME_LIMIT)
    link = record.message.build_link(job.origin.guild_id) if record.message else build_origin_link(job.origin)
    parts = (
        f"**{number}.** {quoted or model_name}",
        model_name if quoted else "",
        f"<@{job.requester.id}>" if job.requester.id != viewer_id else "",
        _format_missing_reason(record, messages),
        f"<t:{int(job.accepted_at)}:d>",
        "" if record.is_deleted else f"[{messages.text('queue.open')}]({link})",
    )
    return " · ".join(filter(None, parts))


def _format_missing_reason(record: JobRecord, messages: Messages) -> str:
    """Say why a job has no picture; "" if it has one."""
    has_picture = record.outcome_kind == "generated" and not record.is_deleted
    return "" if has_picture else messages.text(f"history.{record.missing_image_reason}")


def _get_prompt_or_model_name(record: JobRecord, catalogue: Catalogue) -> str:
    return format_request_prompt(record.job.request) or _get_model_name(record, catalogue, _MODEL_NAME_LIMIT)


def _get_model_name(record: JobRecord, catalogue: Catalogue, limit: int) -> str:
    model = catalogue.models.get(record.job.request.model)
    return truncate_text(flatten_text(model.name if model else record.job.request.model), limit)
