"""The private ballot: the pictures of the vote with their numbers, and a select for each choice."""

from collections.abc import Iterator, Sequence
from typing import Any, Final

import discord
from discord import ui

from bot.domain.ballots import get_max_choices
from bot.domain.rounds import Contest, RoundEntry
from bot.features.rounds.custom_ids import BallotChoiceId, BallotPageId, ClearBallotId
from bot.interactions.components import build_button, build_headed_row, build_select
from bot.rendering.layout import build_attached_gallery, build_container_view
from bot.rounds.texts import format_time
from shared.i18n.messages import Messages

PAGE_SIZE: Final = 20
SHEET_FILENAME: Final = "ballot.jpg"


def count_pages(candidates: Sequence[RoundEntry]) -> int:
    """Count the pages of the entries that can be chosen."""
    return max(1, -(-len(candidates) // PAGE_SIZE))


def get_page(candidates: Sequence[RoundEntry], page: int) -> Sequence[RoundEntry]:
    """Get the entries of a page, which counts from 0."""
    return candidates[page * PAGE_SIZE : (page + 1) * PAGE_SIZE]


def build_ballot_view(
    contest: Contest,
    candidates: Sequence[RoundEntry],
    choices: Sequence[int],
    page: int,
    messages: Messages,
    *,
    user_id: int,
) -> ui.LayoutView:
    """Show a page of the entries, and the choices of a member, which they can change. It never shows counts."""
    shown = get_page(candidates, page)
    numbers = ", ".join(str(entry.number) for entry in shown)
    count = get_max_choices(contest)
    lines = [
        f"### {messages.text('round.ballot_title')}",
        messages.text("round.vote_rule", count=count),
        messages.text("round.ballot_until", deadline=format_time(contest.deadline or 0)),
        _format_choices(choices, messages),
    ]
    alt_text = messages.text("round.entries", count=len(shown), numbers=numbers)
    items: list[ui.Item[Any]] = [
        ui.TextDisplay("\n".join(lines)),
        build_attached_gallery(SHEET_FILENAME, alt_text),
    ]
    own = {entry.number for entry in candidates if entry.author_id == user_id}
    for rank in range(1, min(count, len(choices) + 1) + 1):
        chosen = choices[rank - 1] if rank <= len(choices) else None
        options = list(_build_options(shown, chosen, own, messages))
        if not options:
            continue
        custom_id = BallotChoiceId(contest.id, contest.phase, contest.round_number, rank, page)
        heading = messages.text(f"round.choice_{rank}") if count > 1 else messages.text("round.choice")
        items += build_headed_row(build_select(custom_id, heading, options))
    items += _build_buttons(contest, candidates, choices, page, messages)
    return build_container_view(*items)


def _format_choices(choices: Sequence[int], messages: Messages) -> str:
    if not choices:
        return messages.text("round.nothing_chosen")
    numbers = ", ".join(map(str, choices))
    return messages.text("round.chosen", count=len(choices), numbers=numbers)


def _build_options(
    shown: Sequence[RoundEntry], chosen: int | None, own: set[int | None], messages: Messages
) -> Iterator[discord.SelectOption]:
    """Build the options of a page without the member's own entries, and the one chosen on another page."""
    numbers = [entry.number for entry in shown if entry.number is not None and entry.number not in own]
    if chosen is not None and chosen not in numbers:
        numbers.insert(0, chosen)
    for number in numbers:
        label = messages.text("round.entries", count=1, numbers=str(number))
        yield discord.SelectOption(label=label, value=str(number), default=number == chosen)


def _build_buttons(
    contest: Contest, candidates: Sequence[RoundEntry], choices: Sequence[int], page: int, messages: Messages
) -> list[ui.Item[Any]]:
    buttons: list[ui.Button[Any]] = []
    last = count_pages(candidates) - 1
    if last:
        buttons += [
            build_button(
                BallotPageId(contest.id, max(0, page - 1)), messages.text("round.page_back"), disabled=not page
            ),
            build_button(
                BallotPageId(contest.id, min(last, page + 1)), messages.text("round.page_next"), disabled=page >= last
            ),
        ]
    if choices:
        buttons.append(build_button(ClearBallotId(contest.id), messages.text("round.button_clear")))
    return [ui.ActionRow(*buttons)] if buttons else []
