"""Parts that several Components V2 messages share.

A message holds at most 40 components and 4000 characters: https://discord.com/developers/docs/components/reference
"""

from collections.abc import Sequence
from typing import Any, Final

import discord
from discord import ui

from bot.domain.records import NO_USER_ID
from bot.rendering.markdown import escape_markdown, truncate_text
from shared.i18n.messages import Messages
from shared.job import Job, TeamRef

ALT_TEXT_LIMIT: Final = 1024
_TEAM_LIMIT: Final = 100
_SEED_LIMIT: Final = 100  # the seed in a PNG's metadata may be any number

ActionRows = Sequence[ui.ActionRow[Any]]


def build_container_view(
    *items: ui.Item[Any], colour: discord.Colour | None = None, component_id: int | None = None
) -> ui.LayoutView:
    """Build a message that consists of a single container."""
    view = ui.LayoutView(timeout=None)
    view.add_item(ui.Container(*items, accent_colour=colour, id=component_id))
    return view


def build_attached_gallery(filename: str, alt_text: str, *, is_spoiler: bool = False) -> ui.MediaGallery[Any]:
    """Build a gallery that shows one attached file, covered until it is clicked if it is a spoiler."""
    description = truncate_text(alt_text, ALT_TEXT_LIMIT)
    item = discord.MediaGalleryItem(f"attachment://{filename}", description=description, spoiler=is_spoiler)
    return ui.MediaGallery(item)


def format_requester(job: Job, messages: Messages) -> str:
    """Format the small print that says who requested a picture, for which team, and whose picture it goes on from."""
    text = messages.text("result.requested_by", user=f"<@{job.requester.id}>")
    if job.team is not None:
        text = f"{text} · {format_team(job.team, messages)}"
    if job.source_owner_id is not None:
        text = f"{text} · {format_source_owner(job.source_owner_id, messages)}"
    return f"-# {text}"


def format_source_owner(user_id: int, messages: Messages) -> str:
    """Format whose picture a request goes on from. A message that shows this must not ping them."""
    if user_id == NO_USER_ID:
        return messages.text("result.from_forgotten")
    return messages.text("result.from_picture_of", user=f"<@{user_id}>")


def format_team(team: TeamRef, messages: Messages) -> str:
    """Format for which team a request is, by the name that its role then had."""
    return messages.text("result.for_team", team=escape_markdown(team.name, _TEAM_LIMIT))


def format_seed_block(seed: int, messages: Messages) -> str:
    """Format a seed as a code block, which Discord lets people copy with one click."""
    return f"**{messages.get_option_name('seed')}**\n```\n{truncate_text(str(seed), _SEED_LIMIT)}\n```"
