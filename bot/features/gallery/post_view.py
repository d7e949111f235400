"""The message of a result in the gallery: the picture, who made it, from whose pictures, and who likes it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from discord import ui

from bot.domain.gallery import GalleryReason
from bot.domain.messages import MessageRef
from bot.domain.records import JobRecord
from bot.interactions.components import build_button
from bot.interactions.result_buttons import FavouriteId, MoreId
from bot.rendering.layout import build_attached_gallery, build_container_view, format_source_owner
from bot.rendering.markdown import escape_markdown, format_request_prompt
from bot.rendering.outcome_views import build_alt_text, compute_component_id
from shared.catalogue import Model
from shared.i18n.messages import Messages

_PROMPT_LIMIT: Final = 400
_MAX_CREDITS: Final = 8


@dataclass(frozen=True)
class PostContent:
    """What the message shows. `source_authors` are the users whose pictures it goes on from, nearest first."""

    record: JobRecord
    reason: GalleryReason
    favourite_count: int
    source_authors: Sequence[int]
    filename: str


def compute_post_component_id(job_id: str) -> int:
    """Derive the id of the container, by which the message is recognised; the result's own message has another."""
    return compute_component_id(f"gallery:{job_id}")


def build_post_view(content: PostContent, model: Model | None, messages: Messages) -> ui.LayoutView:
    """Show the picture attached under `filename`, with a link to the result and a button to mark it.

    `MoreId` makes the message one of those that show the result, so that it can be deleted and used from here.
    """
    job = content.record.job
    prompt = escape_markdown(format_request_prompt(job.request), _PROMPT_LIMIT)
    texts = [messages.text("language.quoted", words=prompt)] if prompt else []
    texts.append(format_credits(job.requester.id, content.source_authors, messages))
    texts.append(f"-# {' · '.join(_list_facts(content, messages))}")
    alt_text = build_alt_text(job.request, model, messages)
    row: ui.ActionRow[Any] = ui.ActionRow(
        build_button(FavouriteId(job.id), messages.text("button.favourite")),
        build_button(MoreId(job.id), messages.text("button.more")),
    )
    return build_container_view(
        build_attached_gallery(content.filename, alt_text, is_spoiler=job.is_spoiler),
        ui.TextDisplay("\n".join(texts)),
        row,
        component_id=compute_post_component_id(job.id),
    )


def format_credits(author_id: int, source_authors: Sequence[int], messages: Messages) -> str:
    """Name the author of a picture, and everybody from whose pictures it was made."""
    owners = [format_source_owner(user_id, messages) for user_id in source_authors[:_MAX_CREDITS]]
    if len(source_authors) > _MAX_CREDITS:
        owners.append(messages.text("gallery.more_credits", count=len(source_authors) - _MAX_CREDITS))
    return " · ".join([messages.text("gallery.author", user=f"<@{author_id}>"), *owners])


def _list_facts(content: PostContent, messages: Messages) -> list[str]:
    marks = messages.text("gallery.favourites", count=content.favourite_count) if content.favourite_count else ""
    origin = f"[{messages.text('gallery.origin')}]({_build_link(content.record)})"
    return [fact for fact in (marks, messages.text(f"gallery.reason_{content.reason}"), origin) if fact]


def _build_link(record: JobRecord) -> str:
    """Build the link to the result, or to its channel if its message is gone."""
    origin = record.job.origin
    return (record.message or MessageRef(origin.channel_id, None)).build_link(origin.guild_id)
