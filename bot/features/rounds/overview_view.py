"""The messages of `/round status`, `/round list` and `/round results`."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from discord import ui

from bot.domain.ballots import build_score_table
from bot.domain.records import JobRecord
from bot.domain.rounds import Contest, EntryState, Payer, Phase, RoundEntry
from bot.rendering.layout import build_container_view
from bot.rendering.markdown import escape_markdown
from bot.rounds.texts import format_author, format_scores, format_time, format_winner
from shared.i18n.messages import Messages

MAX_LISTED: Final = 20
_THEME_LIMIT: Final = 100
_LISTED_THEME_LIMIT: Final = 50  # so that twenty contests fit a message in every language


def build_status_view(
    contest: Contest, entries: Sequence[RoundEntry], own: Sequence[ui.Item[Any]], messages: Messages
) -> ui.LayoutView:
    """Show where a contest stands, its rules and the member's own entries. The number of ballots is never shown."""
    settings = contest.settings
    taking_part = [e for e in entries if (e.round_number, e.state) == (contest.round_number, EntryState.ENTERED)]
    is_entering = contest.phase is Phase.ENTERING
    lines = [
        f"### {_format_theme(contest)}",
        _format_state(contest, messages),
        messages.text(f"round_status.entries{'_so_far' if is_entering else ''}", count=len(taking_part)),
        messages.text(f"round_status.payer_{'server' if settings.payer is Payer.SERVER else 'author'}"),
        messages.text("round_status.place", thread=f"<#{contest.thread_id}>", host=f"<@{contest.host_id}>"),
    ]
    items: list[ui.Item[Any]] = [ui.TextDisplay("\n".join(lines))]
    if own:
        items += [ui.TextDisplay(f"**{messages.text('round_status.own')}**"), *own]
    return build_container_view(*items)


def build_list_view(contests: Sequence[Contest], messages: Messages) -> ui.LayoutView:
    """List contests, newest first."""
    title = messages.text("round_status.list")
    lines = [
        f"- **{escape_markdown(contest.settings.theme, _LISTED_THEME_LIMIT)}** · {_format_state(contest, messages)}"
        f" · <#{contest.thread_id}>"
        for contest in contests[:MAX_LISTED]
    ]
    text = "\n".join(lines) if lines else messages.text("round_status.none")
    return build_container_view(ui.TextDisplay(f"### {title}\n{text}"))


def build_results_view(
    contest: Contest, entries: Sequence[RoundEntry], records: Mapping[str, JobRecord], messages: Messages
) -> ui.LayoutView:
    """Show the winners of the rounds that are over, with links to their pictures, and the points of these rounds."""
    over = list_settled_entries(contest, entries)
    shown = list_results(contest, entries)[:MAX_LISTED]
    lines = [_format_result(contest, entry, records.get(entry.job_id), messages) for entry in shown]
    title = messages.text("round_status.results", theme=_format_theme(contest))
    items = [ui.TextDisplay[Any](f"### {title}\n{chr(10).join(lines) or messages.text('round_status.no_winner')}")]
    scores = "" if contest.settings.is_relay else format_scores(build_score_table(over), messages)
    if scores:
        items.append(ui.TextDisplay(scores))
    return build_container_view(*items)


def list_settled_entries(contest: Contest, entries: Sequence[RoundEntry]) -> list[RoundEntry]:
    """List the entries whose authors and points are no secret: of rounds whose result was announced, and of relays."""
    if contest.settings.is_relay:
        return [entry for entry in entries if entry.state is EntryState.ENTERED]
    settled = {entry.round_number for entry in entries if entry.is_winner}
    settled |= set(range(1, contest.round_number))
    return [e for e in entries if e.round_number in settled and e.state is EntryState.ENTERED]


def list_results(contest: Contest, entries: Sequence[RoundEntry]) -> list[RoundEntry]:
    """List the winners, or all turns of a relay."""
    settled = list_settled_entries(contest, entries)
    return [entry for entry in settled if entry.is_winner or contest.settings.is_relay]


def _format_theme(contest: Contest) -> str:
    return escape_markdown(contest.settings.theme, _THEME_LIMIT)


def _format_state(contest: Contest, messages: Messages) -> str:
    if not contest.is_open:
        return messages.text(f"round_status.ended_{contest.end_reason}", at=int(contest.created_at))
    number = messages.text("round.round_of", number=contest.round_number, count=contest.settings.rounds)
    is_joining = contest.settings.is_relay and contest.phase is Phase.ENTERING
    phase = messages.text(
        f"round_status.phase_{'joining' if is_joining else contest.phase}",
        deadline=format_time(contest.deadline or 0),
        user=f"<@{contest.turn_user_id}>",
    )
    return messages.text("round_status.state", round=number, phase=phase)


def _format_result(contest: Contest, entry: RoundEntry, record: JobRecord | None, messages: Messages) -> str:
    formatted = format_author(entry, messages) if contest.settings.is_relay else format_winner(entry, messages)
    if record is None or record.message is None or record.is_deleted:
        return f"- {formatted}"
    return f"- {formatted} · {record.message.build_link(contest.guild_id)}"
