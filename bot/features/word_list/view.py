"""The messages of `/words`."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from discord import ui

from bot.domain.guild_settings import WordPolicy
from bot.domain.word_rules import MAX_RULES, WordRule
from bot.interactions.components import build_button
from bot.interactions.custom_ids import CustomId
from bot.rendering.layout import build_container_view
from bot.rendering.markdown import escape_markdown
from shared.i18n.messages import Messages

PAGE_SIZE: Final = 25
_LINE_LIMIT: Final = 140  # a message holds 4,000 characters


@dataclass(frozen=True)
class WordListPageId(CustomId, template=r"word_list_page:(?P<page>[1-9][0-9]?)"):
    """The button that shows another page of the word list."""

    page: int


def build_list_view(
    rules: Sequence[WordRule], page: int, page_count: int, policy: WordPolicy, messages: Messages
) -> ui.LayoutView:
    """Show a page of the list, from 1, how prompts with its entries are treated, and the buttons that turn pages."""
    shown = rules[(page - 1) * PAGE_SIZE : page * PAGE_SIZE]
    title = messages.text("word_list.title", count=len(rules), limit=MAX_RULES)
    lines = _list_patterns(shown) or [messages.text("word_list.none")]
    note = messages.text(f"word_list.policy_{policy}")
    items: list[ui.Item[Any]] = [ui.TextDisplay("\n".join([f"### {title}", *lines, f"-# {note}"]))]
    buttons = [
        build_button(WordListPageId(other), messages.text(key))
        for other, key in ((page - 1, "word_list.previous"), (page + 1, "word_list.next"))
        if 1 <= other <= page_count
    ]
    if buttons:
        items.append(ui.ActionRow(*buttons))
    return build_container_view(*items)


def build_matches_view(rules: Sequence[WordRule], messages: Messages) -> ui.LayoutView:
    """Show the entries that a prompt matches."""
    title = messages.text("word_list.matches" if rules else "word_list.no_match")
    return build_container_view(ui.TextDisplay("\n".join([title, *_list_patterns(rules)])))


def _list_patterns(rules: Sequence[WordRule]) -> list[str]:
    return [f"- {escape_markdown(rule.pattern, _LINE_LIMIT)}" for rule in rules]
