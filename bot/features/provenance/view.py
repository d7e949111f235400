"""The words for the facts that are known about pictures."""

from collections.abc import Iterator, Sequence
from typing import Final

from discord import ui

from bot.domain.records import JobRecord
from bot.features.provenance.findings import Findings
from bot.rendering.layout import build_container_view
from bot.rendering.markdown import escape_markdown, truncate_text
from bot.results.credentials import CredentialsReport
from shared.catalogue import Catalogue
from shared.i18n.messages import Messages
from shared.imaging.xmp import Marks, SourceType
from shared.outcome import Credentials

_NAME_LIMIT: Final = 80
_PICTURE_LIMIT: Final = 850  # four of them, a title and a footer are less than 4,000 characters


def build_provenance_view(
    findings: Sequence[Findings], catalogue: Catalogue, messages: Messages, *, has_more: bool = False
) -> ui.LayoutView:
    """Show the findings about one picture after the other. `has_more`: the message has others, which are left out."""
    texts = [f"### {messages.text('provenance.title')}"]
    for number, found in enumerate(findings, 1):
        heading = [messages.text("provenance.picture", number=number)] if len(findings) > 1 else []
        lines = (
            *heading,
            *_format_record(found, catalogue, messages),
            _format_marks(found.marks, messages),
            *_format_credentials(found.credentials, messages),
        )
        texts.append(truncate_text("\n".join(lines), _PICTURE_LIMIT))
    notes = ["provenance.more"] if has_more else []
    footer = " ".join(messages.text(note) for note in (*notes, "provenance.caution"))
    return build_container_view(*map(ui.TextDisplay, texts), ui.TextDisplay(f"-# {footer}"))


def _format_record(found: Findings, catalogue: Catalogue, messages: Messages) -> Iterator[str]:
    """Format the facts of the records: never the prompt, which Details shows to those who may read it."""
    record = found.record
    if record is None:
        yield messages.text("provenance.record_none")
        return
    request = record.job.request
    model = catalogue.models.get(request.model)
    yield messages.text(
        f"provenance.record_{found.match}",
        model=escape_markdown(model.name if model else request.model, _NAME_LIMIT),
        when=f"<t:{int(record.finished_at)}:f>",
        user=f"<@{record.job.requester.id}>",
        source=messages.text("provenance.from_picture" if request.has_picture else "provenance.from_words"),
    )
    if found.file is not None:
        yield messages.text(f"provenance.file_{found.file.kind}")
        if found.file.credentials is Credentials.MODEL:
            yield messages.text("provenance.credentials_of_model")
    link = _build_link(record)
    if link is not None:
        yield messages.text("provenance.link", link=link)


def _build_link(record: JobRecord) -> str | None:
    if record.message is None or record.message.is_private:
        return None
    return record.message.build_link(record.job.origin.guild_id)


def _format_marks(marks: Marks, messages: Messages) -> str:
    if marks == Marks():
        return messages.text("provenance.marks_none")
    known = {SourceType.FROM_WORDS.value: "words", SourceType.FROM_PICTURE.value: "picture"}
    if marks.source_type in known:
        parts = [messages.text(f"provenance.marks_{known[marks.source_type]}")]
    elif marks.source_type:
        kind = escape_markdown(marks.source_type.rpartition("/")[2], _NAME_LIMIT)
        parts = [messages.text("provenance.marks_other", kind=kind)]
    else:
        parts = [messages.text("provenance.marks_without_type")]
    if marks.creator_tool or marks.model:
        tools = [escape_markdown(name, _NAME_LIMIT) for name in (marks.creator_tool, marks.model) if name]
        parts.append(messages.text("provenance.marks_tool", tool=" · ".join(tools)))
    if marks.settings or marks.parameters:
        parts.append(messages.text("provenance.marks_settings"))
    if marks.removed_credentials:
        parts.append(messages.text("provenance.marks_removed"))
    return " ".join(parts)


def _format_credentials(report: CredentialsReport | None, messages: Messages) -> Iterator[str]:
    if report is None:
        yield messages.text("provenance.credentials_none")
        return
    signer = escape_markdown(report.signer, _NAME_LIMIT) or messages.text("provenance.unknown")
    yield messages.text(f"provenance.credentials_{report.state}", signer=signer)
    facts = []
    if report.generator:
        facts.append(messages.text("provenance.credentials_tool", tool=escape_markdown(report.generator, _NAME_LIMIT)))
    kinds = {kind.rpartition("/")[2] for kind in report.source_types}
    if kinds:
        listed = escape_markdown(", ".join(sorted(kinds)), _NAME_LIMIT)
        facts.append(messages.text("provenance.credentials_kinds", kinds=listed))
    if report.ingredients:
        facts.append(messages.text("provenance.credentials_ingredients", count=len(report.ingredients)))
    if facts:
        yield " ".join(facts)
