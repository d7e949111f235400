"""What the records hold of a person, before it goes and after: all of it by number, and what stays."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any, Final

from discord import ui

from bot.phrases import Phrases
from bot.ports import Belongings

_LISTED: Final = (
    *("prompts", "records", "favourites", "presets", "explorations", "thumbnails", "sources", "kept", "preferences"),
)


def forgetting_view(
    held: Belongings, phrases: Phrases, *, gone: bool = False, rows: Sequence[ui.ActionRow[Any]] = ()
) -> ui.LayoutView:
    """Say exactly what goes, or went where `gone`, and what stays; `rows` hold the button that means it."""
    going = list(_counted(held, phrases)) or [phrases.say("forget.nothing")]
    said = (
        f"### {phrases.say('forget.done' if gone else 'forget.title')}",
        "\n".join(going if gone else [phrases.say("forget.goes"), *going]),
        "\n".join([phrases.say("forget.stays"), *_staying(held, phrases)]),
    )
    parts: list[ui.Item[Any]] = [*map(ui.TextDisplay, said), *rows]
    view = ui.LayoutView(timeout=None)
    view.add_item(ui.Container(*parts))
    return view


def _counted(held: Belongings, phrases: Phrases) -> Iterator[str]:
    counts = asdict(held)
    for name in _LISTED:
        if counts[name]:
            yield f"- {phrases.say(f'forget.{name}', count=counts[name])}"


def _staying(held: Belongings, phrases: Phrases) -> Iterator[str]:
    if held.open_jobs:
        yield f"- {phrases.say('forget.open_jobs', count=held.open_jobs)}"
    for name in ("messages", "others", "operator"):
        yield f"- {phrases.say(f'forget.{name}')}"
