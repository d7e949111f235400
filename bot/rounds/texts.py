"""Texts that the messages of contests and the answers about them share."""

from collections.abc import Sequence
from typing import Final

from bot.domain.ballots import Score
from bot.domain.rounds import ContestSettings, RoundEntry
from bot.rendering.markdown import escape_markdown
from shared.i18n.messages import Messages

MEDALS: Final = ("🥇", "🥈", "🥉")
MAX_SCORES: Final = 20
_VALUE_LIMIT: Final = 200


def format_time(unix_seconds: float) -> str:
    """Format a time that Discord shows in the zone of each reader, and how far it is."""
    return f"<t:{int(unix_seconds)}:t> (<t:{int(unix_seconds)}:R>)"


def format_points(entry: RoundEntry, messages: Messages) -> str:
    """Format the points of an entry; "" if it was the only one, so that nobody voted."""
    return messages.text("round.points", count=entry.points, ballots=entry.ballots) if entry.ballots else ""


def format_winner(entry: RoundEntry, messages: Messages) -> str:
    """Format the round that an entry won, its number, author and points."""
    facts = [
        messages.text("round_status.round", number=entry.round_number),
        format_author(entry, messages),
        format_points(entry, messages),
    ]
    return " · ".join(filter(None, facts))


def format_scores(scores: Sequence[Score], messages: Messages) -> str:
    """Format the table of points, a line for each of the best."""
    lines = [
        messages.text(
            "round.score", place=_format_place(place), user=f"<@{score.user_id}>", wins=score.wins, points=score.points
        )
        for place, score in enumerate(scores[:MAX_SCORES], 1)
    ]
    return "\n".join(lines)


def format_author(entry: RoundEntry, messages: Messages) -> str:
    """Format the number of an entry and its author."""
    return messages.text("round.by", number=entry.number or 0, user=mention_author(entry, messages))


def mention_author(entry: RoundEntry, messages: Messages) -> str:
    """Mention the author of an entry, or say that it is somebody who is no longer known."""
    return f"<@{entry.author_id}>" if entry.author_id else messages.text("round.somebody")


def format_fixed_options(settings: ContestSettings, messages: Messages) -> str:
    """Format the options that every entry has, "" if none are fixed."""
    if not settings.options:
        return ""
    options = [
        f"{messages.get_option_name(name)} {escape_markdown(messages.get_choice_label(name, str(value)), _VALUE_LIMIT)}"
        for name, value in settings.options.items()
    ]
    return messages.text("round.fixed", options=" · ".join(options))


def _format_place(place: int) -> str:
    return MEDALS[place - 1] if place <= len(MEDALS) else f"{place}."
