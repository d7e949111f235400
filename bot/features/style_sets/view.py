"""The list of style sets, and the pictures of one, each in one message."""

import asyncio
import io
from collections.abc import Sequence
from typing import Final

import discord
from discord import ui

from bot.domain.style_sets import StyleSet
from bot.images.contact_sheet import Cell, draw_contact_sheet
from bot.interactions.responses import RenderedMessage
from bot.rendering.layout import build_attached_gallery, build_container_view
from bot.rendering.markdown import escape_markdown
from shared.i18n.messages import Messages

_LINE_LIMIT: Final = 48  # a person may have 25 sets, a server 50, and a message 4000 characters
_SHEET_FILENAME: Final = "styles.jpg"


def build_style_sets_view(style_sets: Sequence[StyleSet], messages: Messages) -> ui.LayoutView:
    """List style sets: the person's own, then the server's."""
    own = [style_set for style_set in style_sets if not style_set.guild_id]
    guild = [style_set for style_set in style_sets if style_set.guild_id]
    texts = []
    for title_key, section in (("style_set.own", own), ("style_set.server", guild)):
        lines = [f"- {_format_style_set(style_set, messages)}" for style_set in section]
        texts.append("\n".join([f"### {messages.text(title_key)}", *(lines or [messages.text("style_set.none")])]))
    return build_container_view(*map(ui.TextDisplay, texts))


async def build_style_set_message(
    style_set: StyleSet, pictures: Sequence[bytes], messages: Messages
) -> RenderedMessage:
    """Show the 1 to 8 pictures of a set on a contact sheet, with their numbers."""
    cells = [
        Cell(picture, messages.text("style_set.picture", number=number)) for number, picture in enumerate(pictures, 1)
    ]
    sheet = await asyncio.to_thread(draw_contact_sheet, cells, shows_results=False)
    view = build_container_view(
        ui.TextDisplay(f"### {_format_style_set(style_set, messages)}"),
        build_attached_gallery(_SHEET_FILENAME, messages.text("style_set.alt", name=style_set.name)),
    )
    return RenderedMessage(view, [discord.File(io.BytesIO(sheet.jpeg), filename=_SHEET_FILENAME)])


def _format_style_set(style_set: StyleSet, messages: Messages) -> str:
    text = messages.text("style_set.line", count=style_set.picture_count, name=style_set.name)
    return escape_markdown(text, _LINE_LIMIT)
