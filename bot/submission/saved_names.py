"""The names of presets and style sets, which a person has saved, or those who manage their server for everybody there.

A person's own takes precedence over their server's of the same name. Names are compared without regard to case.
"""

from collections.abc import Iterable
from typing import Protocol, TypeVar

from bot.discord_client.command_builder import CHOICES_LIMIT
from bot.rendering.markdown import flatten_text, truncate_text
from shared.i18n.messages import Messages
from shared.problems import RejectedError, make_problem
from shared.typed_text import has_visible_text


class Saved(Protocol):
    """A preset or a style set. `guild_id` is 0 for a person's own."""

    @property
    def name(self) -> str: ...

    @property
    def guild_id(self) -> int: ...


SavedT = TypeVar("SavedT", bound=Saved)


def clean_name(text: str, limit: int, code: str) -> str:
    """Make a name of a typed text. Raises `RejectedError` with the problem of this code if it shows nothing."""
    name = truncate_text(flatten_text(text), limit)
    if not has_visible_text(name):
        raise RejectedError(make_problem(code))
    return name


def find_named(saved: Iterable[SavedT], folded_name: str) -> SavedT | None:
    """Find the one with this case-folded name."""
    found = [one for one in saved if one.name.casefold() == folded_name]
    return min(found, key=lambda one: one.guild_id, default=None)


def list_matching(saved: Iterable[SavedT], typed: str) -> list[SavedT]:
    """List those with this text in their names, as many as Discord offers: the person's own, then their server's.

    The order is kept otherwise.
    """
    folded_text = typed.strip().casefold()
    by_name: dict[str, SavedT] = {}
    for one in sorted(saved, key=lambda one: one.guild_id):
        by_name.setdefault(one.name.casefold(), one)
    return [one for folded_name, one in by_name.items() if folded_text in folded_name][:CHOICES_LIMIT]


def format_label(saved: Saved, messages: Messages) -> str:
    """Format a name for a list, and whether it is the server's."""
    return messages.text("saved_name.server_s", name=saved.name) if saved.guild_id else saved.name
